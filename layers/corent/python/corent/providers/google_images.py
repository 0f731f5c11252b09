"""Google Gemini images: POST /models/{model}:generateContent, one image a call.

Sources: the google-genai package 3.4.0 (types, and its requests as seen by a recording server) and
ai.google.dev/gemini-api/docs/troubleshooting, read 2026-11-22.

Answers at once. A refusal is a 200 without an image. The file format is Google's choice.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final, NoReturn

from corent.core.upstream import Failure, Generated, UpstreamError
from corent.providers._google import ask_account, refused
from corent.providers._http import SYSTEM_CLOCK, Wire, failure_of, versioned
from corent.providers._several import each
from corent.providers._shape import as_list, as_mapping, code_of, elements, inline_file, members, no_tickets

if TYPE_CHECKING:
    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import ImageRequest, InlineFile
    from corent.providers._deadline import Deadline
    from corent.providers.credentials import Credentials

BASE_URL: Final = "https://generativelanguage.googleapis.com/v1"

REFUSED_FINISH_REASONS: Final = frozenset(
    {
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "SAFETY",
        "PROHIBITED_CONTENT",
        "BLOCKLIST",
        "SPII",
        "RECITATION",
    }
)


class GoogleImages:
    """Gemini's image models."""

    def __init__(self, http: httpx.Client, credentials: Credentials, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._wire = Wire(
            http,
            base_url=versioned(credentials.base_url or BASE_URL, version="v1"),
            headers={"x-goog-api-key": credentials.api_key},
            clock=clock,
        )

    def submit(self, request: ImageRequest, *, model: str, timeout_s: float) -> Generated:
        deadline = self._wire.start(timeout_s)
        files = each(
            request.count, lambda index: self._one(request, model=model, index=index, deadline=deadline)
        )
        return Generated(files=files)

    def check(self, ticket: str, *, timeout_s: float) -> NoReturn:
        del ticket, timeout_s
        raise no_tickets()

    def ask_account(self, *, timeout_s: float) -> None:
        ask_account(self._wire, timeout_s=timeout_s)

    def _one(self, request: ImageRequest, *, model: str, index: int, deadline: Deadline) -> InlineFile:
        body = _body(request, index=index)
        reply = self._wire.buy_json(f"/models/{model}:generateContent", body, deadline=deadline)
        if not reply.ok:
            raise refused(self._wire, reply, by_status=failure_of)
        return _image(as_mapping(reply.document(), what="the answer"))


def _body(request: ImageRequest, *, index: int) -> dict[str, object]:
    parts: list[dict[str, object]] = [{"text": request.prompt}]
    if request.image is not None:
        data = base64.b64encode(request.image.content).decode("ascii")
        parts.append({"inlineData": {"mimeType": request.image.media_type, "data": data}})
    config: dict[str, object] = {
        "responseModalities": ["IMAGE"],
        "imageConfig": {"aspectRatio": request.aspect_ratio.value},
    }
    if request.seed is not None:
        # The same seed n times would be the same image n times.
        config["seed"] = request.seed + index
    return {"contents": [{"role": "user", "parts": parts}], "generationConfig": config}


def _image(document: dict[str, object]) -> InlineFile:
    """The first image that is not a draft. Raises REFUSED or UNAVAILABLE when there is none."""
    block_reason = members(document.get("promptFeedback")).get("blockReason")
    if block_reason:
        raise UpstreamError(Failure.REFUSED, f"prompt blocked: {code_of(block_reason)}")
    reasons = []
    for candidate in map(members, as_list(document.get("candidates"), what="candidates")):
        reason = code_of(candidate.get("finishReason"))
        if reason in REFUSED_FINISH_REASONS:
            raise UpstreamError(Failure.REFUSED, f"output blocked: {reason}")
        reasons.append(reason)
        for part in map(members, elements(members(candidate.get("content")).get("parts"))):
            if "inlineData" in part and part.get("thought") is not True:
                return inline_file(members(part["inlineData"]).get("data"))
    raise UpstreamError(Failure.UNAVAILABLE, f"no image: {' '.join(reasons)}".rstrip())
