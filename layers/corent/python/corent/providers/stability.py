"""Stability AI images: POST /stable-image/generate/{core, ultra, sd3}, one image a call.

Sources: litellm 1.106.2 and other third-party clients of v2beta, an issue that quotes a refusal, and the
vendor's limits for v1, read 2026-11-22; the vendor's own reference of v2beta was not seen.

Answers at once. A form even where there is no file; no sizes, ratios only. A filtered image comes with
200: only `finish_reason` says so. Its input image decides the ratio, so none is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from corent.core.tiers import AspectRatio
from corent.core.upstream import Failure, Generated, UpstreamError
from corent.providers._http import SYSTEM_CLOCK, Wire, versioned
from corent.providers._several import each
from corent.providers._shape import as_mapping, bad_reply, code_of, inline_file, no_tickets

if TYPE_CHECKING:
    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import ImageRequest, InlineFile
    from corent.providers._deadline import Deadline
    from corent.providers._http import Reply
    from corent.providers.credentials import Credentials

BASE_URL: Final = "https://api.stability.ai/v2beta"


@dataclass(frozen=True, slots=True)
class Model:
    """One model: the path's last word, and the `model` field where several share a path."""

    path: str
    field: str | None = None


MODELS: Final = {
    "stable-image-core": Model("core"),
    "stable-image-ultra": Model("ultra"),
    "sd3.5-large": Model("sd3", field="sd3.5-large"),
    "sd3.5-large-turbo": Model("sd3", field="sd3.5-large-turbo"),
    "sd3.5-medium": Model("sd3", field="sd3.5-medium"),
}
RATIOS: Final = frozenset(AspectRatio) - {AspectRatio.LANDSCAPE_4_3, AspectRatio.PORTRAIT_3_4}


class Stability:
    """Stable Image and Stable Diffusion. Answers at once."""

    def __init__(self, http: httpx.Client, credentials: Credentials, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._wire = Wire(
            http,
            base_url=versioned(credentials.base_url or BASE_URL, version="v2beta"),
            headers={"Authorization": f"Bearer {credentials.api_key}"},
            clock=clock,
        )

    def submit(self, request: ImageRequest, *, model: str, timeout_s: float) -> Generated:
        deadline = self._wire.start(timeout_s)
        known = MODELS.get(model)
        if known is None or request.image is not None or request.aspect_ratio not in RATIOS:
            raise UpstreamError(Failure.INVALID_INPUT, "not a request it takes")
        files = each(
            request.count,
            lambda index: self._one(_fields(request, model=known, index=index), known, deadline=deadline),
        )
        return Generated(files=files)

    def check(self, ticket: str, *, timeout_s: float) -> NoReturn:
        del ticket, timeout_s
        raise no_tickets()

    def ask_account(self, *, timeout_s: float) -> None:
        """What is left of the account is on an older version; that this key may ask for it was not seen."""
        self._wire.ask(
            self._wire.resolved("/v1/user/balance"), may_be_missing=True, deadline=self._wire.start(timeout_s)
        )

    def _one(self, fields: dict[str, str], model: Model, *, deadline: Deadline) -> InlineFile:
        path = f"/stable-image/generate/{model.path}"
        reply = self._wire.buy_form(path, fields, files={}, deadline=deadline)
        if not reply.ok:
            raise self._refused(reply)
        return _image(as_mapping(reply.document(), what="the answer"))

    def _refused(self, reply: Reply) -> UpstreamError:
        """Without that name a 403 is about our key."""
        name = code_of(reply.mapping().get("name"))
        failure = Failure.REFUSED if name == "content_moderation" else None
        return self._wire.refused(reply, failure=failure, code=name)


def _fields(request: ImageRequest, *, model: Model, index: int) -> dict[str, str]:
    fields = {
        "prompt": request.prompt,
        "aspect_ratio": request.aspect_ratio.value,
        "output_format": request.output_format.value,
    }
    if model.field is not None:
        fields["model"] = model.field
    if request.negative_prompt is not None:
        fields["negative_prompt"] = request.negative_prompt
    if request.seed is not None:
        # 0 stands for "any" there, and the same seed n times would be the same image n times.
        fields["seed"] = str(request.seed + 1 + index)
    return fields


def _image(document: dict[str, object]) -> InlineFile:
    """The image of an answer that says it is whole: a filtered one is there too, blurred."""
    reason = document.get("finish_reason")
    if reason == "CONTENT_FILTERED":
        raise UpstreamError(Failure.REFUSED, "output filtered")
    if reason != "SUCCESS":
        raise bad_reply(f"finish_reason {code_of(reason)}".rstrip())
    return inline_file(document.get("image"))
