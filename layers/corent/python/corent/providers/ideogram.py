"""Ideogram images: POST /v1/ideogram-v3/generate, and POST /v2/image/generate/ideogram-4-5.

Sources: 3.0 from the API description kept by tryAGI/Ideogram (2026-06), read 2026-11-22. 4.5 from third
parties that read the vendor's reference on or after 2026-10-04: tryAGI/Ideogram's client, a Comfy node's
list of sizes, an integrator's notes; read 2026-11-28. 4.0 takes no ratio on its documented route: left out.

A model is written `name:speed` (3.0) or `name:quality` (4.5): the price depends on both. Answers at once
with signed addresses that expire. An unsafe image is an entry of a 200 without an address. The prompt is
sent as it is: the vendor's own rewriting is switched off. 4.5 takes no negative prompt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from corent.core.tiers import AspectRatio
from corent.core.upstream import Failure, Generated, UpstreamError
from corent.providers._http import SYSTEM_CLOCK, Wire, result_hosts
from corent.providers._shape import as_list, as_mapping, bad_reply, code_of, no_tickets

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from corent.core.clock import Clock
    from corent.core.upstream import ImageRequest, RemoteFile
    from corent.providers._deadline import Deadline
    from corent.providers._http import Reply
    from corent.providers.credentials import Credentials

BASE_URL: Final = "https://api.ideogram.ai"
HOSTS: Final = ("ideogram.ai", ".ideogram.ai")

# Every route writes ratios in its own way: as words, or as the sizes of its one-megapixel presets.
RATIOS_3: Final[Mapping[AspectRatio, str]] = {
    ratio: ratio.value.replace(":", "x") for ratio in AspectRatio if ratio is not AspectRatio.CINEMA
}
SIZES_4_5: Final[Mapping[AspectRatio, str]] = {
    AspectRatio.SQUARE: "1024x1024",
    AspectRatio.WIDE: "1280x720",
    AspectRatio.TALL: "720x1280",
    AspectRatio.LANDSCAPE_4_3: "1152x864",
    AspectRatio.PORTRAIT_3_4: "864x1152",
    AspectRatio.LANDSCAPE_3_2: "1248x832",
    AspectRatio.PORTRAIT_2_3: "832x1248",
}
QUOTA_REASONS: Final = frozenset({"insufficient_funds", "subscription_required", "daily_limit"})


@dataclass(frozen=True, slots=True)
class Model:
    """One model at one speed or quality. `ratios` are those it makes, in the words of its route."""

    ratios: Mapping[AspectRatio, str]
    rendering_speed: str | None = None
    quality: str | None = None


MODELS: Final = {
    "ideogram-3:turbo": Model(RATIOS_3, rendering_speed="TURBO"),
    "ideogram-3:default": Model(RATIOS_3, rendering_speed="DEFAULT"),
    "ideogram-3:quality": Model(RATIOS_3, rendering_speed="QUALITY"),
    "ideogram-4-5:low": Model(SIZES_4_5, quality="low"),
    "ideogram-4-5:medium": Model(SIZES_4_5, quality="medium"),
    "ideogram-4-5:high": Model(SIZES_4_5, quality="high"),
}


class Ideogram:
    """Answers at once with addresses."""

    def __init__(self, http: httpx.Client, credentials: Credentials, *, clock: Clock = SYSTEM_CLOCK) -> None:
        base_url = credentials.base_url or BASE_URL
        self._wire = Wire(http, base_url=base_url, headers={"Api-Key": credentials.api_key}, clock=clock)
        self._result_hosts = result_hosts(HOSTS, self._wire, base_url=credentials.base_url)

    def submit(self, request: ImageRequest, *, model: str, timeout_s: float) -> Generated:
        deadline = self._wire.start(timeout_s)
        known = MODELS.get(model)
        if known is None or request.image is not None or request.aspect_ratio not in known.ratios:
            raise UpstreamError(Failure.INVALID_INPUT, "not a request it takes")
        reply = self._buy(request, known, deadline=deadline)
        if not reply.ok:
            raise self._refused(reply)
        return Generated(files=self._files(reply, count=request.count))

    def check(self, ticket: str, *, timeout_s: float) -> NoReturn:
        del ticket, timeout_s
        raise no_tickets()

    def ask_account(self, *, timeout_s: float) -> None:
        """No question that costs nothing is known: a look at the route of purchases says that it is up."""
        self._wire.ask("/v1/ideogram-v3/generate", may_be_missing=True, deadline=self._wire.start(timeout_s))

    def _buy(self, request: ImageRequest, model: Model, *, deadline: Deadline) -> Reply:
        if model.rendering_speed is None:
            body = _body_4_5(request, model=model)
            return self._wire.buy_json("/v2/image/generate/ideogram-4-5", body, deadline=deadline)
        fields = _fields_3(request, model=model, speed=model.rendering_speed)
        return self._wire.buy_form("/v1/ideogram-v3/generate", fields, files={}, deadline=deadline)

    def _refused(self, reply: Reply) -> UpstreamError:
        """The one use it names for 422 is a prompt that failed its safety check."""
        failure = Failure.REFUSED if reply.status == 422 else None
        reason = code_of(reply.mapping().get("reject_reason"))
        if reason == "inflight_limit":
            # Said with 402, but it is about the requests under way.
            failure = Failure.RATE_LIMITED
        elif reason in QUOTA_REASONS:
            failure = Failure.QUOTA
        return self._wire.refused(reply, failure=failure, code=reason)

    def _files(self, reply: Reply, *, count: int) -> tuple[RemoteFile, ...]:
        """All images or none: one that is not safe is a refusal of the whole."""
        data = as_list(as_mapping(reply.document(), what="the answer").get("data"), what="data")
        entries = [as_mapping(entry, what="data[]") for entry in data]
        if any(entry.get("is_image_safe") is False for entry in entries):
            raise UpstreamError(Failure.REFUSED, "output filtered")
        if len(entries) < count:
            raise bad_reply(f"{len(entries)} images of {count}")
        return tuple(
            self._wire.remote_file(entry.get("url"), hosts=self._result_hosts) for entry in entries[:count]
        )


def _fields_3(request: ImageRequest, *, model: Model, speed: str) -> dict[str, str]:
    fields = {
        "prompt": request.prompt,
        "aspect_ratio": model.ratios[request.aspect_ratio],
        "rendering_speed": speed,
        "magic_prompt": "OFF",
        "num_images": str(request.count),
    }
    if request.negative_prompt is not None:
        fields["negative_prompt"] = request.negative_prompt
    if request.seed is not None:
        fields["seed"] = str(request.seed)
    return fields


def _body_4_5(request: ImageRequest, *, model: Model) -> dict[str, object]:
    body: dict[str, object] = {
        "prompt": request.prompt,
        "size": model.ratios[request.aspect_ratio],
        "quality": model.quality,
        "magic_prompt": "off",
        "num_images": request.count,
    }
    if request.seed is not None:
        body["seed"] = request.seed
    return body
