"""Together AI images: POST /images/generations, in the shape of OpenAI's API with fields of its own.

Source: the together package 3.1.1 (types, and its requests as seen by a recording server), read 2026-11-22.

Answers at once. It is asked for `base64` and answers `b64_json`. No price was found, so the catalog has no
row of it: an operator who knows what they pay adds one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from corent.core.upstream import Failure, Generated, UpstreamError
from corent.providers._http import SYSTEM_CLOCK, Wire, versioned
from corent.providers._openai_shape import bearer, entries, refused
from corent.providers._shape import as_mapping, inline_file, no_tickets

if TYPE_CHECKING:
    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import ImageRequest
    from corent.providers.credentials import Credentials

BASE_URL: Final = "https://api.together.ai"


class TogetherImages:
    """Open models on Together's machines. Answers at once."""

    def __init__(self, http: httpx.Client, credentials: Credentials, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._wire = Wire(
            http,
            base_url=versioned(credentials.base_url or BASE_URL, version="v1"),
            headers=bearer(credentials),
            clock=clock,
        )

    def submit(self, request: ImageRequest, *, model: str, timeout_s: float) -> Generated:
        deadline = self._wire.start(timeout_s)
        if request.image is not None:
            # Input images go there as addresses it fetches; we have bytes and hand out no address of them.
            raise UpstreamError(Failure.INVALID_INPUT, "not a request it takes")
        reply = self._wire.buy_json("/images/generations", _body(request, model=model), deadline=deadline)
        if not reply.ok:
            raise refused(self._wire, reply)
        document = as_mapping(reply.document(), what="the answer")
        files = (inline_file(entry.get("b64_json")) for entry in entries(document, count=request.count))
        return Generated(files=tuple(files))

    def check(self, ticket: str, *, timeout_s: float) -> NoReturn:
        del ticket, timeout_s
        raise no_tickets()

    def ask_account(self, *, timeout_s: float) -> None:
        """The list of models is in its package; that every key may read it was not seen."""
        self._wire.ask("/models", may_be_missing=True, deadline=self._wire.start(timeout_s))


def _body(request: ImageRequest, *, model: str) -> dict[str, object]:
    body: dict[str, object] = {
        "model": model,
        "prompt": request.prompt,
        "n": request.count,
        "width": request.width_px,
        "height": request.height_px,
        "response_format": "base64",
        "output_format": request.output_format.value,
    }
    if request.negative_prompt is not None:
        body["negative_prompt"] = request.negative_prompt
    if request.seed is not None:
        body["seed"] = request.seed
    return body
