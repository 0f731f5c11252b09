"""Amazon Bedrock images, Stability's models: POST /model/{model}/invoke, one image a call.

Sources: botocore 1.44's service model of bedrock-runtime (addresses, errors) and its requests as seen by a
recording server, and litellm 1.106.2's types of the bodies, read 2026-11-22; AWS's user guide on requests and
responses of Stable Image Core and Ultra, read 2026-11-28.

Answers at once. It knows us by the function's role: there is no key. A filtered image is a 200 whose
`finish_reasons` says so. Its input image decides the ratio, so none is sent.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import quote

from corent.core.tiers import AspectRatio
from corent.core.upstream import Failure, Generated, UpstreamError
from corent.providers._http import SYSTEM_CLOCK, Wire
from corent.providers._several import each
from corent.providers._shape import as_list, as_mapping, bad_reply, code_of, elements, inline_file, no_tickets
from corent.providers._sigv4 import RoleSignature

if TYPE_CHECKING:
    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import ImageRequest, InlineFile
    from corent.providers._deadline import Deadline
    from corent.providers._http import Reply
    from corent.providers.credentials import Credentials

BASE_URL: Final = "https://bedrock-runtime.{region}.amazonaws.com"
SERVICE: Final = "bedrock"
RATIOS: Final = frozenset(AspectRatio) - {AspectRatio.LANDSCAPE_4_3, AspectRatio.PORTRAIT_3_4}
INFERENCE_ERROR: Final = "Inference error"

FAILURE_BY_TYPE: Final = {
    "ServiceQuotaExceededException": Failure.QUOTA,  # Said with 400.
    "ModelErrorException": Failure.UNAVAILABLE,  # Said with 424.
    "ModelNotReadyException": Failure.UNAVAILABLE,  # Said with 429, and no limit of ours.
}
# Whose route the probe looks at; which one does not matter.
PROBED_MODEL: Final = "stability.stable-image-core-v1:1"
FAILURE_BY_STATUS: Final = {424: Failure.UNAVAILABLE}


class Bedrock:
    """Answers at once."""

    def __init__(self, http: httpx.Client, credentials: Credentials, *, clock: Clock = SYSTEM_CLOCK) -> None:
        """Raises ValueError where neither the secret nor the environment says which region."""
        region = credentials.region or os.environ.get("AWS_REGION")
        if not region:
            raise ValueError("bedrock needs a region")
        self._wire = Wire(
            http,
            base_url=credentials.base_url or BASE_URL.format(region=region),
            headers={},
            clock=clock,
            auth=RoleSignature(service=SERVICE, region=region),
        )

    def submit(self, request: ImageRequest, *, model: str, timeout_s: float) -> Generated:
        deadline = self._wire.start(timeout_s)
        if request.image is not None or request.aspect_ratio not in RATIOS:
            raise UpstreamError(Failure.INVALID_INPUT, "not a request it takes")
        # The colon of a model's version is part of one segment.
        path = f"/model/{quote(model, safe='')}/invoke"
        files = each(
            request.count, lambda index: self._one(path, _body(request, index=index), deadline=deadline)
        )
        return Generated(files=files)

    def check(self, ticket: str, *, timeout_s: float) -> NoReturn:
        del ticket, timeout_s
        raise no_tickets()

    def ask_account(self, *, timeout_s: float) -> None:
        """Its lists need rights of their own: a look at the route of purchases says that it is up."""
        self._wire.ask(
            f"/model/{quote(PROBED_MODEL, safe='')}/invoke",
            may_be_missing=True,
            deadline=self._wire.start(timeout_s),
        )

    def _one(self, path: str, body: dict[str, object], *, deadline: Deadline) -> InlineFile:
        reply = self._wire.buy_json(path, body, deadline=deadline)
        if not reply.ok:
            raise self._refused(reply)
        return _image(as_mapping(reply.document(), what="the answer"))

    def _refused(self, reply: Reply) -> UpstreamError:
        kind = _type(reply)
        failure = FAILURE_BY_TYPE.get(kind) or FAILURE_BY_STATUS.get(reply.status)
        return self._wire.refused(reply, failure=failure, code=kind)


def _body(request: ImageRequest, *, index: int) -> dict[str, object]:
    body: dict[str, object] = {
        "prompt": request.prompt,
        "aspect_ratio": request.aspect_ratio.value,
        "output_format": request.output_format.value,
    }
    if request.negative_prompt is not None:
        body["negative_prompt"] = request.negative_prompt
    if request.seed is not None:
        # 0 stands for "any" there, and the same seed n times would be the same image n times.
        body["seed"] = request.seed + 1 + index
    return body


def _image(document: dict[str, object]) -> InlineFile:
    """The image of an answer that gives no reason to have none."""
    reason = next((reason for reason in elements(document.get("finish_reasons")) if reason is not None), None)
    if reason == INFERENCE_ERROR:
        raise UpstreamError(Failure.UNAVAILABLE, "the model failed inside")
    if reason is not None:
        raise UpstreamError(Failure.REFUSED, "filtered")
    images = as_list(document.get("images"), what="images")
    if not images:
        raise bad_reply("no image")
    return inline_file(images[0])


def _type(reply: Reply) -> str:
    """The error's name, from where AWS's own clients read it: a header, else the body."""
    document = reply.mapping()
    named = reply.headers.get("x-amzn-errortype") or document.get("__type") or document.get("code")
    name = named.partition(":")[0].rpartition("#")[2] if isinstance(named, str) else ""
    return code_of(name)
