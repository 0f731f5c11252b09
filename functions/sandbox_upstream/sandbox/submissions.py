"""Submissions: what a caller may ask of the sandbox, checked field by field."""

import base64
import binascii
import io
import json
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PIL import Image

READY_AFTER_MS = {"sandbox-swift": 300, "sandbox-steady": 800, "sandbox-fine": 1500}
FORMATS = ("png", "jpeg", "webp")
SIDE_MIN_PX, SIDE_MAX_PX = 64, 2048
COUNT_MAX = 4
# A caller's 4,000 characters and the words a style adds to them.
PROMPT_MAX_CHARACTERS = 8000
REFERENCE_MAX_CHARACTERS = 200
SEED_LIMIT = 2**63
SLOW_MAX_S = 600
INPUT_MEDIA_TYPES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
INPUT_MAX_PIXELS = 50_000_000
RATE_LIMIT_RETRY_S = 2
_SLOW = re.compile(r"\[slow:(\d{1,6})\]")


class RefusedError(Exception):
    """The sandbox answers with an error. `field` is what is wrong with the request, where one field is."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Submission:
    """A request for images that has passed its checks."""

    model: str
    prompt: str
    width_px: int
    height_px: int
    count: int
    seed: int | None
    negative_prompt: str
    file_format: str
    source: Image.Image | None
    reference: str
    attempt: int

    @property
    def ready_after_ms(self) -> int:
        """How long after the submit the images may be fetched."""
        slow = _SLOW.search(self.prompt)
        return min(int(slow[1]), SLOW_MAX_S) * 1000 if slow else READY_AFTER_MS[self.model]

    def play_script(self) -> None:
        """Raise the error that a word in the prompt asks for, if any."""
        if "[refuse]" in self.prompt:
            raise RefusedError(422, "content_refused", "The prompt was refused.")
        if "[rate-limit]" in self.prompt:
            raise RefusedError(429, "rate_limited", "Too many requests.", retry_after_s=RATE_LIMIT_RETRY_S)
        if "[fail]" in self.prompt or ("[fail-first]" in self.prompt and self.attempt == 1):
            raise RefusedError(503, "failed", "The generation failed.")


def read(body: bytes) -> Submission:
    """Return the submission a request body holds. Raises RefusedError naming the first wrong field."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "invalid_request", "The body is not JSON.") from error
    if not isinstance(document, dict):
        raise RefusedError(400, "invalid_request", "The body is not a JSON object.")
    for name in document:
        if name not in _FIELDS:
            raise _wrong(str(name)[:64], "is not a field of this request")
    for name in _REQUIRED:
        if name not in document:
            raise _wrong(name, "is missing")
    return Submission(
        model=_choice(document, "model", tuple(READY_AFTER_MS)),
        prompt=_text(document, "prompt", maximum=PROMPT_MAX_CHARACTERS),
        width_px=_whole(document, "width", SIDE_MIN_PX, SIDE_MAX_PX),
        height_px=_whole(document, "height", SIDE_MIN_PX, SIDE_MAX_PX),
        count=_whole(document, "n", 1, COUNT_MAX),
        seed=_optional(
            document, "seed", lambda fields, name: _whole(fields, name, -SEED_LIMIT, SEED_LIMIT - 1)
        ),
        negative_prompt=_optional(
            document,
            "negative_prompt",
            lambda fields, name: _text(fields, name, maximum=PROMPT_MAX_CHARACTERS),
        )
        or "",
        file_format=_choice(document, "format", FORMATS),
        source=_optional(document, "image", _image),
        reference=_text(document, "reference", maximum=REFERENCE_MAX_CHARACTERS),
        attempt=_whole(document, "attempt", 1, 1000),
    )


_REQUIRED = ("model", "prompt", "width", "height", "n", "format", "reference", "attempt")
_FIELDS = frozenset((*_REQUIRED, "seed", "negative_prompt", "image"))
type _Fields = Mapping[str, object]


def _wrong(field: str, rule: str) -> RefusedError:
    return RefusedError(422, "invalid_request", f"{field} {rule}.", field=field)


def _optional[Value](fields: _Fields, name: str, check: Callable[[_Fields, str], Value]) -> Value | None:
    return None if fields.get(name) is None else check(fields, name)


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


def _image(fields: _Fields, name: str) -> Image.Image:
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
    return picture
