"""xAI videos: POST /videos/generations, then GET /videos/{request_id} until it is done.

Sources: the video generation guide of docs.x.ai (a stored copy of 2026: fields, lengths, statuses, error
codes) and the @ai-sdk/xai package 3.0.138 (its requests, and what it reads of the answers), read 2026-11-28.

A film from a first frame has the frame's shape, whatever ratio was asked for: not offered. It takes no seed,
no negative prompt and no webhook, and shows no way to stop. A film that was moderated away is a success that
says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from corent.core.tiers import Resolution
from corent.core.upstream import Failure, Generated, UpstreamError, Working
from corent.providers._http import (
    SYSTEM_CLOCK,
    Wire,
    failure_of_submit,
    result_hosts,
    versioned,
)
from corent.providers._shape import as_mapping, as_text, code_of, id_path, id_ticket, members

if TYPE_CHECKING:
    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import VideoRequest
    from corent.providers._http import Reply
    from corent.providers.credentials import Credentials

BASE_URL: Final = "https://api.x.ai/v1"
RESULT_HOSTS: Final = (".x.ai",)
POLL_AFTER_S: Final = 5.0

MODELS: Final = {
    "grok-imagine-video": (Resolution.HD,),
    "grok-imagine-video-1.5": tuple(Resolution),
    "grok-imagine-video-1.5-lite": tuple(Resolution),
}
FAILURE_BY_CODE: Final = {
    "invalid_argument": Failure.INVALID_INPUT,
    "failed_precondition": Failure.INVALID_INPUT,
    "permission_denied": Failure.AUTH,
    "service_unavailable": Failure.UNAVAILABLE,
    "internal_error": Failure.UNAVAILABLE,
}
# What was moderated shares its code with what was misspelt: only the words tell.
_REFUSAL: Final = re.compile(r"moderat|usage guideline|content polic|safety", re.IGNORECASE)


class XAI:
    """Accepts at once and is asked later."""

    def __init__(self, http: httpx.Client, credentials: Credentials, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._wire = Wire(
            http,
            base_url=versioned(credentials.base_url or BASE_URL, version="v1"),
            headers={"Authorization": f"Bearer {credentials.api_key}"},
            clock=clock,
        )
        self._result_hosts = result_hosts(RESULT_HOSTS, self._wire, base_url=credentials.base_url)

    def submit(self, request: VideoRequest, *, model: str, timeout_s: float) -> Working:
        body = _body(request, model=model)
        reply = self._wire.buy_json("/videos/generations", body, deadline=self._wire.start(timeout_s))
        if not reply.ok:
            raise self._refused(reply)
        document = as_mapping(reply.document(), what="the answer")
        return Working(ticket=id_ticket(document.get("request_id")), poll_after_s=POLL_AFTER_S)

    def check(self, ticket: str, *, timeout_s: float) -> Generated | Working:
        reply = self._wire.look_up(f"/videos/{id_path(ticket)}", deadline=self._wire.start(timeout_s))
        if not reply.ok:
            raise self._wire.not_told(reply)
        document = as_mapping(reply.document(), what="the answer")
        video = members(document.get("video"))
        # An answer with a film and without a status is done, too.
        status = "done" if video and document.get("status") is None else document.get("status")
        if status == "failed":
            raise _failed(document)
        if status == "expired":
            raise UpstreamError(Failure.EXPIRED, "the request expired")
        if as_text(status, what="status") != "done":
            return Working(ticket=ticket, poll_after_s=POLL_AFTER_S)
        if video.get("respect_moderation") is False:
            raise UpstreamError(Failure.REFUSED, "moderated")
        return Generated(files=(self._wire.remote_file(video.get("url"), hosts=self._result_hosts),))

    def cancel(self, ticket: str, *, timeout_s: float) -> None:
        """Nothing: xAI takes no such wish."""
        del ticket, timeout_s

    def ask_account(self, *, timeout_s: float) -> None:
        self._wire.ask("/models", may_be_missing=True, deadline=self._wire.start(timeout_s))

    def _refused(self, reply: Reply) -> UpstreamError:
        """An error is an object, or a text with its code beside it."""
        document = reply.mapping()
        error = members(document.get("error"))
        said = error.get("message") or document.get("error")
        failure = failure_of_submit(reply.status)
        if 400 <= reply.status < 500 and isinstance(said, str) and _REFUSAL.search(said):
            failure = Failure.REFUSED
        code = code_of(error.get("code")) or code_of(document.get("code"))
        return self._wire.refused(reply, failure=failure, code=code)


def _failed(document: dict[str, object]) -> UpstreamError:
    """The error of a request that ended without a video."""
    error = members(document.get("error"))
    code = code_of(error.get("code"))
    failure = FAILURE_BY_CODE.get(code, Failure.UNAVAILABLE)
    if _REFUSAL.search(str(error.get("message"))):
        failure = Failure.REFUSED
    return UpstreamError(failure, f"failed {code}".rstrip())


def _body(request: VideoRequest, *, model: str) -> dict[str, object]:
    """Raises INVALID_INPUT for what the model does not take."""
    if request.resolution not in MODELS.get(model, ()) or request.image is not None:
        raise UpstreamError(Failure.INVALID_INPUT, "a model that does not take this request")
    return {
        "model": model,
        "prompt": request.prompt,
        "duration": request.duration_s,
        "aspect_ratio": request.aspect_ratio.value,
        "resolution": request.resolution.value,
        # Not what is sold.
        "generate_audio": False,
    }
