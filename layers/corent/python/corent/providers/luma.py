"""Luma videos through its Agents API: POST /generations, then GET the generation.

Source: the luma-agents package 0.5.0 (types, and its requests as seen by a recording server); that a film
from a first frame is 5 s long and has the frame's shape, from two of its resellers; read 2026-11-25.

It takes no webhook and no cancellation, no seed and no negative prompt. Results are signed addresses that
expire after an hour.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

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
    id_path,
    id_ticket,
    members,
)

if TYPE_CHECKING:
    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import VideoRequest
    from corent.providers.credentials import Credentials

BASE_URL: Final = "https://agents.lumalabs.ai/v1"
# Where its results lie is not published: its own domains, and the stores whose addresses are signed so.
RESULT_HOSTS: Final = (
    ".lumalabs.ai",
    ".cdn-luma.com",
    ".amazonaws.com",
    ".r2.cloudflarestorage.com",
    "storage.googleapis.com",
)
POLL_AFTER_S: Final = 5.0
FROM_IMAGE_MAX_S: Final = 5

FAILURE_BY_CODE: Final = {
    "content_moderated": Failure.REFUSED,
    "generation_failed": Failure.UNAVAILABLE,
    "budget_exhausted": Failure.QUOTA,
    "output_not_found": Failure.EXPIRED,
    "image_too_large": Failure.INVALID_INPUT,
    "unsupported_format": Failure.INVALID_INPUT,
    "corrupt_input": Failure.INVALID_INPUT,
    "invalid_request": Failure.INVALID_INPUT,
    # Met inside an accepted generation, which is over: asking again would not change it.
    "rate_limited": Failure.UNAVAILABLE,
}


class Luma:
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
        body = _body(request, model=model)
        reply = self._wire.buy_json("/generations", body, deadline=self._wire.start(timeout_s))
        if not reply.ok:
            raise self._wire.refused(reply, failure=failure_of_submit(reply.status))
        document = as_mapping(reply.document(), what="the answer")
        return self._outcome(document, ticket=id_ticket(document.get("id")))

    def check(self, ticket: str, *, timeout_s: float) -> Generated | Working:
        reply = self._wire.look_up(f"/generations/{id_path(ticket)}", deadline=self._wire.start(timeout_s))
        if not reply.ok:
            raise self._wire.not_told(reply)
        return self._outcome(as_mapping(reply.document(), what="the answer"), ticket=ticket)

    def cancel(self, ticket: str, *, timeout_s: float) -> None:
        """Nothing: Luma takes no such wish."""
        del ticket, timeout_s

    def ask_account(self, *, timeout_s: float) -> None:
        """Its package lists no generations: that this address does was not seen."""
        self._wire.ask("/generations?limit=1", may_be_missing=True, deadline=self._wire.start(timeout_s))

    def _outcome(self, document: dict[str, object], *, ticket: str) -> Generated | Working:
        state = as_text(document.get("state"), what="state")
        if state == "failed":
            code = code_of(document.get("failure_code"))
            raise UpstreamError(FAILURE_BY_CODE.get(code, Failure.UNAVAILABLE), f"failed {code}".rstrip())
        if state != "completed":
            return Working(ticket=ticket, poll_after_s=POLL_AFTER_S)
        output = [members(entry) for entry in as_list(document.get("output"), what="output")]
        videos = [entry for entry in output if entry.get("type") == "video"]
        if not videos:
            raise bad_reply("completed without a video")
        return Generated(files=(self._wire.remote_file(videos[0].get("url"), hosts=self._result_hosts),))


def _body(request: VideoRequest, *, model: str) -> dict[str, object]:
    video: dict[str, object] = {
        "duration": f"{request.duration_s}s",
        "resolution": request.resolution.value,
    }
    if request.image is not None:
        if request.duration_s > FROM_IMAGE_MAX_S:
            raise UpstreamError(Failure.INVALID_INPUT, "a first frame with a length that takes none")
        data = base64.b64encode(request.image.content).decode("ascii")
        video["start_frame"] = {"data": data, "media_type": request.image.media_type}
    return {
        "prompt": request.prompt,
        "type": "video",
        "model": model,
        "aspect_ratio": request.aspect_ratio.value,
        "video": video,
    }
