"""Submissions: what a caller may ask of the sandbox, checked field by field."""

import base64
import binascii
import io
import json
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from PIL import Image

from sandbox.refusals import RefusedError
from sandbox.scripts import Script

MODELS = ("sandbox-swift", "sandbox-steady", "sandbox-fine")
IMAGE_READY_AFTER_MS = {"sandbox-swift": 300, "sandbox-steady": 800, "sandbox-fine": 1500}
# What a video takes at least, and what each of its seconds adds.
VIDEO_READY_AFTER_MS = {
    "sandbox-swift": (3000, 1000),
    "sandbox-steady": (4000, 1200),
    "sandbox-fine": (6500, 1500),
}
FORMATS = ("png", "jpeg", "webp")
SIDE_MIN_PX, SIDE_MAX_PX = 64, 2048
COUNT_MAX = 4
DURATION_MAX_S = 10
# A caller's 4,000 characters and the words a style adds to them.
PROMPT_MAX_CHARACTERS = 8000
REFERENCE_MAX_CHARACTERS = 200
CALLBACK_MAX_CHARACTERS = 2048
SEED_LIMIT = 2**63
INPUT_MEDIA_TYPES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
INPUT_MAX_PIXELS = 50_000_000
_VISIBLE = re.compile(r"[!-~]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Source:
    """An input picture: its file, and what it holds."""

    content: bytes
    image: Image.Image


@dataclass(frozen=True, slots=True)
class ImageJob:
    """What is asked of images alone."""

    count: int
    file_format: str


@dataclass(frozen=True, slots=True)
class VideoJob:
    """What is asked of a video alone."""

    duration_s: int


@dataclass(frozen=True, slots=True)
class Submission:
    """A request for images or a video that has passed its checks."""

    model: str
    prompt: str
    width_px: int
    height_px: int
    job: ImageJob | VideoJob
    seed: int | None
    negative_prompt: str
    source: Source | None
    reference: str
    attempt: int
    callback_url: str | None

    @property
    def script(self) -> Script:
        """What the prompt's words ask for."""
        return Script(self.prompt, self.attempt)

    @property
    def ready_after_ms(self) -> int:
        """How long after the submit the files may be fetched."""
        scripted_ms = self.script.ready_after_ms
        if scripted_ms is not None:
            return scripted_ms
        if isinstance(self.job, ImageJob):
            return IMAGE_READY_AFTER_MS[self.model]
        least_ms, second_ms = VIDEO_READY_AFTER_MS[self.model]
        return least_ms + second_ms * self.job.duration_s


def read(body: bytes) -> Submission:
    """Return the submission a request body holds. Raises RefusedError naming the first wrong field."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "invalid_request", "The body is not JSON.") from error
    if not isinstance(document, dict):
        raise RefusedError(400, "invalid_request", "The body is not a JSON object.")
    kind = _choice(document, "kind", tuple(_KINDS)) if "kind" in document else "image"
    required = (*_REQUIRED, *_KINDS[kind])
    for name in document:
        if name not in required and name not in _OPTIONAL:
            raise _wrong(str(name)[:64], "is not a field of this request")
    for name in required:
        if name not in document:
            raise _wrong(name, "is missing")
    return Submission(
        model=_choice(document, "model", MODELS),
        prompt=_text(document, "prompt", maximum=PROMPT_MAX_CHARACTERS),
        width_px=_side(document, "width", is_even=kind == "video"),
        height_px=_side(document, "height", is_even=kind == "video"),
        job=_job(document, kind),
        seed=_optional(
            document, "seed", lambda fields, name: _whole(fields, name, -SEED_LIMIT, SEED_LIMIT - 1)
        ),
        negative_prompt=_optional(
            document,
            "negative_prompt",
            lambda fields, name: _text(fields, name, maximum=PROMPT_MAX_CHARACTERS),
        )
        or "",
        source=_optional(document, "image", _image),
        reference=_text(document, "reference", maximum=REFERENCE_MAX_CHARACTERS),
        attempt=_whole(document, "attempt", 1, 1000),
        callback_url=_optional(document, "callback_url", _address),
    )


_REQUIRED = ("model", "prompt", "width", "height", "reference", "attempt")
_OPTIONAL = frozenset({"kind", "seed", "negative_prompt", "image", "callback_url"})
_KINDS = {"image": ("n", "format"), "video": ("duration_s",)}
type _Fields = Mapping[str, object]


def _wrong(field: str, rule: str) -> RefusedError:
    return RefusedError(422, "invalid_request", f"{field} {rule}.", field=field)


def _optional[Value](fields: _Fields, name: str, check: Callable[[_Fields, str], Value]) -> Value | None:
    return None if fields.get(name) is None else check(fields, name)


def _job(fields: _Fields, kind: str) -> ImageJob | VideoJob:
    if kind == "video":
        return VideoJob(_whole(fields, "duration_s", 1, DURATION_MAX_S))
    return ImageJob(count=_whole(fields, "n", 1, COUNT_MAX), file_format=_choice(fields, "format", FORMATS))


def _side(fields: _Fields, name: str, *, is_even: bool) -> int:
    side_px = _whole(fields, name, SIDE_MIN_PX, SIDE_MAX_PX)
    if is_even and side_px % 2:
        raise _wrong(name, "must be an even number")
    return side_px


def _address(fields: _Fields, name: str) -> str:
    """Where a callback may go: an http(s) address without user information, in visible characters."""
    value = fields[name]
    rule = f"must be an http or https address of at most {CALLBACK_MAX_CHARACTERS} characters"
    if not isinstance(value, str) or len(value) > CALLBACK_MAX_CHARACTERS or not _VISIBLE.fullmatch(value):
        raise _wrong(name, rule)
    try:
        parts = urlsplit(value)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise _wrong(name, rule) from error
    if parts.scheme not in ("http", "https") or not is_whole or "@" in parts.netloc:
        raise _wrong(name, rule)
    return value


def _choice(fields: _Fields, name: str, choices: tuple[str, ...]) -> str:
    value = fields[name]
    if not isinstance(value, str) or value not in choices:
        raise _wrong(name, f"must be one of {', '.join(choices)}")
    return value


def _text(fields: _Fields, name: str, *, maximum: int) -> str:
    value = fields[name]
    if not isinstance(value, str) or not 1 <= len(value) <= maximum:
        raise _wrong(name, f"must be a text of 1 to {maximum} characters")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _wrong(name, "holds half a character") from error
    return value


def _whole(fields: _Fields, name: str, least: int, most: int) -> int:
    value = fields[name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _wrong(name, f"must be a whole number from {least} to {most}")
    return value


def _image(fields: _Fields, name: str) -> Source:
    """Decode the input picture now, so that a broken one is refused and not drawn around."""
    value = fields[name]
    if not isinstance(value, dict) or set(value) != {"media_type", "data_base64"}:
        raise _wrong(name, "must hold media_type and data_base64")
    media_type, encoded = value["media_type"], value["data_base64"]
    if not isinstance(media_type, str) or media_type not in INPUT_MEDIA_TYPES or not isinstance(encoded, str):
        raise _wrong(name, f"must be one of {', '.join(INPUT_MEDIA_TYPES)}")
    try:
        content = base64.b64decode(encoded, validate=True)
        with warnings.catch_warnings():
            # Our own limit, below, is the one that counts.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=(INPUT_MEDIA_TYPES[media_type],))
        if picture.width * picture.height > INPUT_MAX_PIXELS:
            raise _wrong(name, f"must have at most {INPUT_MAX_PIXELS} pixels")
        picture.load()
    except (binascii.Error, ValueError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise _wrong(name, "cannot be decoded") from error
    return Source(content, picture)
