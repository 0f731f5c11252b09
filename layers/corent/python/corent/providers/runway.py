"""Runway videos: POST /text_to_video or /image_to_video, then GET the task until it is over.

Sources: the runwayml package 5.24.0 (parameter types, and its requests as seen by a recording server) and
docs.dev.runwayml.com (task failures, outputs), read 2026-11-25; the types of hailuo3 on 2026-11-28.

A task over our concurrency is THROTTLED, which is waiting and no error. Result addresses expire after a day.
Cancelling what runs gives no money back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from corent.core.tiers import AspectRatio, Resolution
from corent.core.upstream import Failure, Generated, UpstreamError, Working
from corent.providers._http import (
    SYSTEM_CLOCK,
    Wire,
    failure_of_submit,
    result_hosts,
    versioned,
)
from corent.providers._shape import (
    as_list,
    as_mapping,
    as_text,
    bad_reply,
    code_of,
    data_uri,
    id_path,
    id_ticket,
    members,
    percent,
    whole_number,
)

if TYPE_CHECKING:
    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import VideoRequest
    from corent.providers.credentials import Credentials

BASE_URL: Final = "https://api.dev.runwayml.com"
API_VERSION: Final = "2024-11-06"
# Its documentation shows a distribution of this network; which one is not promised.
RESULT_HOSTS: Final = (".cloudfront.net", ".runwayml.com")
POLL_AFTER_S: Final = 5.0
DATA_URI_MAX_BYTES: Final = 5 * 1024 * 1024
MICROS_PER_CREDIT: Final = 10_000
CREDITS_MAX: Final = 100_000

type Ratios = dict[tuple[AspectRatio, Resolution], str]

_HD: Final[Ratios] = {
    (AspectRatio.WIDE, Resolution.HD): "1280:720",
    (AspectRatio.TALL, Resolution.HD): "720:1280",
}
_FULL_HD: Final[Ratios] = {
    (AspectRatio.WIDE, Resolution.FULL_HD): "1920:1080",
    (AspectRatio.TALL, Resolution.FULL_HD): "1080:1920",
}
_SQUARE_HD: Final[Ratios] = {(AspectRatio.SQUARE, Resolution.HD): "960:960"}


@dataclass(frozen=True, slots=True)
class Model:
    """What one model takes. `prompt_max_units` counts UTF-16 code units, None where no limit is published.

    `resolution` is its word for the resolution where `ratios` are no sizes. `from_image` is false where an
    image alone would be a reference, not the first frame.
    """

    ratios: Ratios
    resolution: str | None = None
    from_text: bool = True
    from_image: bool = True
    prompt_max_units: int | None = None
    takes_sound: bool = False
    takes_seed: bool = False
    takes_negative_prompt: bool = False


_VEO: Final = Model(
    ratios={**_HD, **_FULL_HD},
    prompt_max_units=1000,
    takes_sound=True,
    takes_seed=True,
    takes_negative_prompt=True,
)
MODELS: Final = {
    "gen4.5": Model(ratios=_HD, prompt_max_units=1000, takes_seed=True),
    "gen4_turbo": Model(
        ratios={**_HD, **_SQUARE_HD}, from_text=False, prompt_max_units=1000, takes_seed=True
    ),
    "veo3.1": _VEO,
    "veo3.1_fast": _VEO,
    "kling3.0_standard": Model(ratios={**_HD, **_SQUARE_HD}, takes_sound=True),
    "gemini_omni_flash": Model(ratios=_HD),
    # MiniMax makes 768 lines: its nearest to 720 that is not less.
    "hailuo3": Model(
        ratios={
            (AspectRatio.WIDE, Resolution.HD): "16:9",
            (AspectRatio.TALL, Resolution.HD): "9:16",
            (AspectRatio.SQUARE, Resolution.HD): "1:1",
        },
        resolution="768p",
        from_image=False,
    ),
}


class Runway:
    """Accepts at once and is asked later."""

    def __init__(self, http: httpx.Client, credentials: Credentials, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._wire = Wire(
            http,
            base_url=versioned(credentials.base_url or BASE_URL, version="v1"),
            headers={
                "Authorization": f"Bearer {credentials.api_key}",
                "X-Runway-Version": API_VERSION,
            },
            clock=clock,
        )
        self._result_hosts = result_hosts(RESULT_HOSTS, self._wire, base_url=credentials.base_url)

    def submit(self, request: VideoRequest, *, model: str, timeout_s: float) -> Working:
        body = _body(request, model=model)
        path = "/text_to_video" if request.image is None else "/image_to_video"
        reply = self._wire.buy_json(path, body, deadline=self._wire.start(timeout_s))
        if not reply.ok:
            raise self._wire.refused(reply, failure=failure_of_submit(reply.status))
        document = as_mapping(reply.document(), what="the answer")
        return Working(ticket=id_ticket(document.get("id")), poll_after_s=POLL_AFTER_S)

    def check(self, ticket: str, *, timeout_s: float) -> Generated | Working:
        reply = self._wire.look_up(f"/tasks/{id_path(ticket)}", deadline=self._wire.start(timeout_s))
        if not reply.ok:
            raise self._wire.not_told(reply)
        document = as_mapping(reply.document(), what="the answer")
        status = as_text(document.get("status"), what="status")
        if status in {"FAILED", "CANCELLED"}:
            raise _failed(document)
        if status != "SUCCEEDED":
            progress_percent = percent(document.get("progress"))
            return Working(ticket=ticket, poll_after_s=POLL_AFTER_S, progress_percent=progress_percent)
        output = as_list(document.get("output"), what="output")
        if not output:
            raise bad_reply("succeeded without output")
        file = self._wire.remote_file(output[0], hosts=self._result_hosts)
        return Generated(files=(file,), cost_micros=_cost_micros(document))

    def cancel(self, ticket: str, *, timeout_s: float) -> None:
        self._wire.cancel("DELETE", f"/tasks/{id_path(ticket)}", deadline=self._wire.start(timeout_s))

    def ask_account(self, *, timeout_s: float) -> None:
        self._wire.ask("/organization", may_be_missing=False, deadline=self._wire.start(timeout_s))


def _failed(document: dict[str, object]) -> UpstreamError:
    """The error of a task that ended without a video."""
    code = code_of(document.get("failureCode"))
    failure = Failure.UNAVAILABLE
    if code.startswith("SAFETY"):
        failure = Failure.REFUSED
    elif code.startswith("ASSET"):
        failure = Failure.INVALID_INPUT
    return UpstreamError(failure, f"the task ended {code_of(document.get('status'))} {code}".rstrip())


def _cost_micros(document: dict[str, object]) -> int | None:
    credits = whole_number(members(document.get("cost")).get("credits"), maximum=CREDITS_MAX)
    return None if credits is None else credits * MICROS_PER_CREDIT


def _body(request: VideoRequest, *, model: str) -> dict[str, object]:
    """Raises INVALID_INPUT for what the model does not take."""
    takes = MODELS.get(model)
    ratio = takes and takes.ratios.get((request.aspect_ratio, request.resolution))
    taken = takes and (takes.from_text if request.image is None else takes.from_image)
    if takes is None or ratio is None or not taken:
        raise UpstreamError(Failure.INVALID_INPUT, "a model that does not take this request")
    if takes.prompt_max_units and len(request.prompt.encode("utf-16-le")) > 2 * takes.prompt_max_units:
        raise UpstreamError(Failure.INVALID_INPUT, "a prompt longer than this model takes")
    body: dict[str, object] = {
        "model": model,
        "promptText": request.prompt,
        "ratio": ratio,
        "duration": request.duration_s,
    }
    if takes.resolution:
        body["resolution"] = takes.resolution
    if takes.takes_sound:
        # Not what is sold, and costs extra.
        body["audio"] = False
    if request.seed is not None and takes.takes_seed:
        body["seed"] = request.seed
    if request.negative_prompt and takes.takes_negative_prompt:
        body["negativePrompt"] = request.negative_prompt
    if request.image is not None:
        uri = data_uri(request.image.content, media_type=request.image.media_type)
        if len(uri) > DATA_URI_MAX_BYTES:
            raise UpstreamError(Failure.INVALID_INPUT, "an image larger than is taken with a request")
        body["promptImage"] = uri
    return body
