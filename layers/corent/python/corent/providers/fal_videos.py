"""fal.ai videos: every endpoint through the queue (`_fal`).

Source of the endpoints' inputs: the generated types of @fal-ai/client 1.10.1, read 2026-11-25; those of
minimax/h3, which that client is too old for, as the tests of two third parties have them, read 2026-11-28.
Sound is left out wherever it can be: it is not what is sold, and costs extra.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from corent.core.tiers import Resolution
from corent.core.upstream import Failure, Generated, UpstreamError, Working
from corent.providers._fal import QUEUE_BASE_URL, RESULT_HOSTS, Queue, key_headers
from corent.providers._http import (
    SYSTEM_CLOCK,
    Wire,
    failure_of_submit,
    result_hosts,
)
from corent.providers._shape import as_mapping, data_uri, open_ticket, write_ticket

if TYPE_CHECKING:
    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import VideoRequest
    from corent.providers.credentials import Credentials

POLL_AFTER_S: Final = 5.0
# Videos queue longer than images; one that has not begun by then is better bought elsewhere.
START_WITHIN_S: Final = 120


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What one of fal's endpoints takes.

    `from_image` is the path that takes a first frame: only where it takes an aspect ratio, too, for the
    others film in the image's own shape, whatever was asked for. `hd` is its word for 720p. `duration_unit`
    follows a length written as text; None where it is a number. `sound` is the switch that leaves sound out,
    None where there is none.
    """

    from_image: str | None = None
    resolutions: tuple[Resolution, ...] = tuple(Resolution)
    takes_resolution: bool = True
    hd: str = Resolution.HD.value
    duration_unit: str | None = ""
    sound: str | None = "generate_audio"
    takes_seed: bool = False
    takes_negative_prompt: bool = False


_KLING: Final = "fal-ai/kling-video/v3"
_LTX: Final = "fal-ai/ltx-2.3"
_SEEDANCE: Final = "fal-ai/bytedance/seedance/v1/pro/fast"
_VEO: Final = "fal-ai/veo3.1"


def _veo(path: str) -> Endpoint:
    return Endpoint(
        from_image=f"{path}/image-to-video", duration_unit="s", takes_seed=True, takes_negative_prompt=True
    )


ENDPOINTS: Final = {
    f"{_KLING}/standard/text-to-video": Endpoint(
        resolutions=(Resolution.HD,), takes_resolution=False, takes_negative_prompt=True
    ),
    f"{_KLING}/pro/text-to-video": Endpoint(
        resolutions=(Resolution.FULL_HD,), takes_resolution=False, takes_negative_prompt=True
    ),
    _VEO: _veo(_VEO),
    f"{_VEO}/fast": _veo(f"{_VEO}/fast"),
    f"{_VEO}/lite": _veo(f"{_VEO}/lite"),
    f"{_LTX}/text-to-video": Endpoint(from_image=f"{_LTX}/image-to-video", resolutions=(Resolution.FULL_HD,)),
    f"{_LTX}/text-to-video/fast": Endpoint(
        from_image=f"{_LTX}/image-to-video/fast", resolutions=(Resolution.FULL_HD,)
    ),
    f"{_SEEDANCE}/text-to-video": Endpoint(
        from_image=f"{_SEEDANCE}/image-to-video", sound=None, takes_seed=True
    ),
    "fal-ai/pixverse/v6/text-to-video": Endpoint(
        duration_unit=None, sound="generate_audio_switch", takes_seed=True, takes_negative_prompt=True
    ),
    # 768 lines: its nearest to 720 that is not less. Its next is 2K, made larger from these.
    "minimax/h3/text-to-video": Endpoint(
        resolutions=(Resolution.HD,), hd="768P", duration_unit=None, sound=None
    ),
}


class FalVideos:
    """Accepts at once and is asked later."""

    def __init__(self, http: httpx.Client, credentials: Credentials, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._wire = Wire(
            http,
            base_url=credentials.base_url or QUEUE_BASE_URL,
            headers=key_headers(credentials),
            clock=clock,
        )
        self._queue = Queue(self._wire)
        self._result_hosts = result_hosts(RESULT_HOSTS, self._wire, base_url=credentials.base_url)

    def submit(self, request: VideoRequest, *, model: str, timeout_s: float) -> Working:
        endpoint = ENDPOINTS.get(model)
        if endpoint is None or request.resolution not in endpoint.resolutions:
            raise UpstreamError(Failure.INVALID_INPUT, "an endpoint that does not take this request")
        path = model if request.image is None else endpoint.from_image
        if path is None:
            raise UpstreamError(Failure.INVALID_INPUT, "an endpoint that takes no first frame")
        webhook = f"?fal_webhook={quote(request.callback_url, safe='')}" if request.callback_url else ""
        addresses = self._queue.submit(
            f"/{path}{webhook}",
            _body(request, endpoint=endpoint),
            start_within_s=START_WITHIN_S,
            deadline=self._wire.start(timeout_s),
            by_status=failure_of_submit,
        )
        return Working(ticket=write_ticket(addresses), poll_after_s=POLL_AFTER_S)

    def check(self, ticket: str, *, timeout_s: float) -> Generated | Working:
        document = self._queue.result(_addresses(ticket), deadline=self._wire.start(timeout_s))
        if document is None:
            return Working(ticket=ticket, poll_after_s=POLL_AFTER_S)
        url = as_mapping(document.get("video"), what="video").get("url")
        return Generated(files=(self._wire.remote_file(url, hosts=self._result_hosts),))

    def cancel(self, ticket: str, *, timeout_s: float) -> None:
        self._queue.cancel(_addresses(ticket), deadline=self._wire.start(timeout_s))

    def ask_account(self, *, timeout_s: float) -> None:
        self._queue.ask_account(timeout_s=timeout_s)


def _addresses(ticket: str) -> dict[str, object]:
    opened = open_ticket(ticket)
    if not isinstance(opened.get("status_url"), str):
        raise UpstreamError(Failure.EXPIRED, "a ticket that is not ours")
    return opened


def _body(request: VideoRequest, *, endpoint: Endpoint) -> dict[str, object]:
    unit = endpoint.duration_unit
    body: dict[str, object] = {
        "prompt": request.prompt,
        "duration": request.duration_s if unit is None else f"{request.duration_s}{unit}",
        "aspect_ratio": request.aspect_ratio.value,
    }
    if endpoint.takes_resolution:
        is_hd = request.resolution is Resolution.HD
        body["resolution"] = endpoint.hd if is_hd else request.resolution.value
    if endpoint.sound:
        body[endpoint.sound] = False
    if request.seed is not None and endpoint.takes_seed:
        body["seed"] = request.seed
    if request.negative_prompt and endpoint.takes_negative_prompt:
        body["negative_prompt"] = request.negative_prompt
    if request.image is not None:
        body["image_url"] = data_uri(request.image.content, media_type=request.image.media_type)
    return body
