"""Google Gemini videos: POST /interactions in the background, then GET it until it is over.

Sources: the google-genai package 3.4.0 (interaction types, and its requests as seen by a recording server),
read 2026-11-22. Which codes mean a refusal is not published: they are recognised by the words that Google's
image models use. Result files ask for our key.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

from corent.core.upstream import Failure, Generated, UpstreamError, Working
from corent.providers import _google
from corent.providers._http import SYSTEM_CLOCK, Wire, failure_of_submit, versioned
from corent.providers._shape import (
    as_mapping,
    as_text,
    code_of,
    elements,
    id_path,
    id_ticket,
    inline_file,
    members,
)

if TYPE_CHECKING:
    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import InlineFile, RemoteFile, VideoRequest
    from corent.providers.credentials import Credentials

BASE_URL: Final = "https://generativelanguage.googleapis.com/v1"
RESULT_HOSTS: Final = ("generativelanguage.googleapis.com",)
POLL_AFTER_S: Final = 5.0

# `requires_…` ask for something that we do not give: such work is over, too.
FAILURE_BY_STATUS: Final = {
    "failed": Failure.UNAVAILABLE,
    "cancelled": Failure.UNAVAILABLE,
    "incomplete": Failure.UNAVAILABLE,
    "requires_action": Failure.UNAVAILABLE,
    "requires_continuation": Failure.UNAVAILABLE,
    "budget_exceeded": Failure.QUOTA,
}
_REFUSAL: Final = re.compile(r"safety|prohibited|blocklist|blocked|recitation|spii", re.IGNORECASE)


class GoogleVideos:
    """Gemini's video models. Accepts at once and is asked later."""

    def __init__(self, http: httpx.Client, credentials: Credentials, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._key_header = ("x-goog-api-key", credentials.api_key)
        self._wire = Wire(
            http,
            base_url=versioned(credentials.base_url or BASE_URL, version="v1"),
            headers=dict([self._key_header]),
            clock=clock,
        )
        self._result_hosts = RESULT_HOSTS if credentials.base_url is None else (self._wire.host,)

    def submit(self, request: VideoRequest, *, model: str, timeout_s: float) -> Generated | Working:
        body = _body(request, model=model)
        reply = self._wire.buy_json("/interactions", body, deadline=self._wire.start(timeout_s))
        if not reply.ok:
            raise _google.refused(self._wire, reply, by_status=failure_of_submit)
        document = as_mapping(reply.document(), what="the answer")
        return self._outcome(document, ticket=id_ticket(document.get("id")))

    def check(self, ticket: str, *, timeout_s: float) -> Generated | Working:
        path = f"/interactions/{id_path(ticket)}?stream=false"
        reply = self._wire.look_up(path, deadline=self._wire.start(timeout_s))
        if not reply.ok:
            raise self._wire.not_told(reply)
        return self._outcome(as_mapping(reply.document(), what="the answer"), ticket=ticket)

    def cancel(self, ticket: str, *, timeout_s: float) -> None:
        path = f"/interactions/{id_path(ticket)}/cancel"
        self._wire.cancel("POST", path, deadline=self._wire.start(timeout_s))

    def ask_account(self, *, timeout_s: float) -> None:
        _google.ask_account(self._wire, timeout_s=timeout_s)

    def _outcome(self, document: dict[str, object], *, ticket: str) -> Generated | Working:
        status = as_text(document.get("status"), what="status")
        if status in FAILURE_BY_STATUS:
            raise _failed(document, failure=FAILURE_BY_STATUS[status])
        if status != "completed":
            return Working(ticket=ticket, poll_after_s=POLL_AFTER_S)
        return Generated(files=(self._video(document),))

    def _video(self, document: dict[str, object]) -> InlineFile | RemoteFile:
        for step in map(members, elements(document.get("steps"))):
            for content in map(members, elements(step.get("content"))):
                if step.get("type") != "model_output" or content.get("type") != "video":
                    continue
                if content.get("uri"):
                    return self._wire.remote_file(
                        content["uri"], hosts=self._result_hosts, headers=(self._key_header,)
                    )
                return inline_file(content.get("data"))
        raise _failed(document, failure=Failure.UNAVAILABLE)


def _failed(document: dict[str, object], *, failure: Failure) -> UpstreamError:
    """The error of work that ended without a video."""
    errors = [members(error) for error in elements(document.get("errors"))]
    told = [error.get(name) for error in errors for name in ("code", "message")]
    if any(isinstance(text, str) and _REFUSAL.search(text) for text in told):
        failure = Failure.REFUSED
    codes = [code_of(error.get("code")) for error in errors]
    return UpstreamError(
        failure, " ".join(["no video", code_of(document.get("status")), *codes[:1]]).rstrip()
    )


def _body(request: VideoRequest, *, model: str) -> dict[str, object]:
    content: list[dict[str, object]] = [{"type": "text", "text": request.prompt}]
    if request.image is not None:
        data = base64.b64encode(request.image.content).decode("ascii")
        content.insert(0, {"type": "image", "mime_type": request.image.media_type, "data": data})
    config: dict[str, object] = {
        "video_config": {"task": "text_to_video" if request.image is None else "image_to_video"}
    }
    if request.seed is not None:
        config["seed"] = request.seed
    body: dict[str, object] = {
        "model": model,
        "background": True,
        "input": [{"type": "user_input", "content": content}],
        "generation_config": config,
        "response_format": [
            {
                "type": "video",
                "aspect_ratio": request.aspect_ratio.value,
                "duration": f"{request.duration_s}s",
                "resolution": request.resolution.value,
                "delivery": "uri",
            }
        ],
    }
    if request.callback_url:
        body["webhook_config"] = {"uris": [request.callback_url]}
    return body
