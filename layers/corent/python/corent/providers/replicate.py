"""Replicate videos by official models: POST /models/{owner}/{name}/predictions, then GET the prediction.

Sources: the replicate package 1.0.7 (and its requests as seen by a recording server), replicate.com/docs
(rate limits, data retention) and its changelog of 2025-10-16 (Cancel-After), read 2026-11-22. The models'
inputs are as a third party's tests have them, checked against Replicate's schemas on 2026-10-08.

Every model names its inputs itself. Results go after an hour.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from corent.core.tiers import Resolution
from corent.core.upstream import Failure, Generated, UpstreamError, Working
from corent.providers._http import (
    RETRY_AFTER_MAX_S,
    SYSTEM_CLOCK,
    Wire,
    failure_of_submit,
    result_hosts,
    versioned,
)
from corent.providers._shape import as_mapping, as_text, code_of, data_uri, id_path, id_ticket

if TYPE_CHECKING:
    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import VideoRequest
    from corent.providers._http import Reply
    from corent.providers.credentials import Credentials

BASE_URL: Final = "https://api.replicate.com/v1"
RESULT_HOSTS: Final = ("replicate.delivery", ".replicate.delivery")
POLL_AFTER_S: Final = 5.0
# As long as a video's job may take: whatever nobody waits for any more ends by itself.
CANCEL_AFTER: Final = "15m"

ENDED: Final = frozenset({"failed", "canceled", "aborted"})
_REFUSAL: Final = re.compile(r"nsfw|safety|sensitive|flagged", re.IGNORECASE)
_RESETS: Final = re.compile(r"resets in ~?(\d{1,5}(?:\.\d{1,3})?)\s?s", re.ASCII)


@dataclass(frozen=True, slots=True)
class Model:
    """What one model takes.

    `image` is its name for the first frame; None where the film would take the image's own shape. `sound` is
    the switch that leaves sound out, None where there is none.
    """

    resolutions: tuple[Resolution, ...] = tuple(Resolution)
    image: str | None = None
    sound: str | None = None


MODELS: Final = {
    "alibaba/wan-3": Model(),
    "bytedance/seedance-1.5-pro": Model(sound="generate_audio"),
    # Its 1080p is to be had in one length only.
    "google/veo-3.1-lite": Model(resolutions=(Resolution.HD,), image="image"),
    "xai/grok-imagine-video": Model(resolutions=(Resolution.HD,)),
}


class Replicate:
    """Accepts at once and is asked later."""

    def __init__(self, http: httpx.Client, credentials: Credentials, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._wire = Wire(
            http,
            base_url=versioned(credentials.base_url or BASE_URL, version="v1"),
            headers={"Authorization": f"Bearer {credentials.api_key}"},
            clock=clock,
        )
        self._result_hosts = result_hosts(RESULT_HOSTS, self._wire, base_url=credentials.base_url)

    def submit(self, request: VideoRequest, *, model: str, timeout_s: float) -> Generated | Working:
        body: dict[str, object] = {"input": _input(request, model=model)}
        if request.callback_url:
            body |= {"webhook": request.callback_url, "webhook_events_filter": ["completed"]}
        reply = self._wire.buy_json(
            f"/models/{model}/predictions",
            body,
            deadline=self._wire.start(timeout_s),
            headers={"Cancel-After": CANCEL_AFTER},
        )
        if not reply.ok:
            raise self._refused(reply)
        document = as_mapping(reply.document(), what="the answer")
        return self._outcome(document, ticket=id_ticket(document.get("id")))

    def check(self, ticket: str, *, timeout_s: float) -> Generated | Working:
        reply = self._wire.look_up(f"/predictions/{id_path(ticket)}", deadline=self._wire.start(timeout_s))
        if not reply.ok:
            raise self._wire.not_told(reply)
        return self._outcome(as_mapping(reply.document(), what="the answer"), ticket=ticket)

    def cancel(self, ticket: str, *, timeout_s: float) -> None:
        path = f"/predictions/{id_path(ticket)}/cancel"
        self._wire.cancel("POST", path, deadline=self._wire.start(timeout_s))

    def ask_account(self, *, timeout_s: float) -> None:
        self._wire.ask("/account", may_be_missing=True, deadline=self._wire.start(timeout_s))

    def _refused(self, reply: Reply) -> UpstreamError:
        """Replicate says in words how long to wait."""
        document = reply.mapping()
        resets = _RESETS.search(str(document.get("detail")))
        wait_s = min(float(resets[1]), RETRY_AFTER_MAX_S) if resets else None
        failure = failure_of_submit(reply.status)
        return self._wire.refused(reply, failure=failure, code=code_of(document.get("type")), wait_s=wait_s)

    def _outcome(self, document: dict[str, object], *, ticket: str) -> Generated | Working:
        status = as_text(document.get("status"), what="status")
        if status in ENDED:
            raise _failed(document, status=status)
        if status != "succeeded":
            return Working(ticket=ticket, poll_after_s=POLL_AFTER_S)
        if document.get("data_removed") is True:
            raise UpstreamError(Failure.EXPIRED, "the result was removed")
        output = document.get("output")
        url = output[0] if isinstance(output, list) and output else output
        return Generated(files=(self._wire.remote_file(url, hosts=self._result_hosts),))


def _failed(document: dict[str, object], *, status: str) -> UpstreamError:
    """The error of a prediction that ended without a video: why stands in words only."""
    refused = status == "failed" and _REFUSAL.search(str(document.get("error")))
    return UpstreamError(Failure.REFUSED if refused else Failure.UNAVAILABLE, f"the prediction {status}")


def _input(request: VideoRequest, *, model: str) -> dict[str, object]:
    """Raises INVALID_INPUT for what the model does not take."""
    takes = MODELS.get(model)
    if (
        takes is None
        or request.resolution not in takes.resolutions
        or (request.image is not None and takes.image is None)
    ):
        raise UpstreamError(Failure.INVALID_INPUT, "a model that does not take this request")
    fields: dict[str, object] = {
        "prompt": request.prompt,
        "duration": request.duration_s,
        "aspect_ratio": request.aspect_ratio.value,
        "resolution": request.resolution.value,
    }
    if takes.sound:
        fields[takes.sound] = False
    if request.image is not None and takes.image is not None:
        fields[takes.image] = data_uri(request.image.content, media_type=request.image.media_type)
    return fields
