"""The catalog: which tiers are sold, which upstream models can serve them, and who adapts them.

catalog.json is data. A model's cost and abilities stand there once, with the tiers it is offered in:

    images[].cost_micros             one 1-megapixel image
    images[].cost_with_image_micros  the same with an input image of up to 4 megapixels; null: takes none
    videos[].cost_micros             one second at 720p, sound included where it cannot be left out
    videos[].cost_1080p_micros       one second at 1080p; null where it makes none
    cost_source, cost_read_on        who published the cost, and when it was read
    offers[].quality                 our own prior within the tier, 0 to 1

An offer takes input images, or makes 1080p, only where the tier's price covers that cost too. Loading the
catalog imports no adapter and no HTTP library: status pages read it as well.
"""

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from corent.core.tiers import AspectRatio, ImageFormat, Kind, Preference, Resolution, Tier
from corent.routing.offers import Offer

if TYPE_CHECKING:
    import httpx

    from corent.core.upstream import ImageUpstream, VideoUpstream
    from corent.providers.credentials import Credentials

_CATALOG: Final = Path(__file__).with_name("catalog.json")


class CatalogError(Exception):
    """catalog.json breaks its own rules: a mistake in this release, found when it starts."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Who adapts an upstream. `base_url` is where it answers, None where only its secret says.

    It may hold `{region}`, where its secret or the function's own region says the rest. `images` and `videos`
    are `module:class`: a function that serves one provider must not import the others. `needs_key` is False
    where the secret may come without one. `idempotent_submits` says that a purchase may be repeated under
    its reference without buying twice.
    """

    name: str
    base_url: str | None
    images: str | None = None
    videos: str | None = None
    needs_key: bool = True
    idempotent_submits: bool = False

    @property
    def secret_name(self) -> str:
        """Where the operator keeps its credentials; without them it is not on offer."""
        return f"corent/providers/{self.name}"

    def make_images(self, http: "httpx.Client", credentials: "Credentials") -> "ImageUpstream":
        """The adapter of images. Raises ValueError for credentials it cannot use."""
        adapter: Callable[[httpx.Client, Credentials], ImageUpstream] = _load(self.images)
        return adapter(http, credentials)

    def make_videos(self, http: "httpx.Client", credentials: "Credentials") -> "VideoUpstream":
        """The adapter of videos. Raises ValueError for credentials it cannot use."""
        adapter: Callable[[httpx.Client, Credentials], VideoUpstream] = _load(self.videos)
        return adapter(http, credentials)


def _load(adapter: str | None) -> Any:
    if adapter is None:
        raise CatalogError("an offer of a kind that its provider has no adapter for")
    module, _, name = adapter.partition(":")
    return getattr(importlib.import_module(module), name)


_ADAPTED: Final = (
    Provider("openai", "https://api.openai.com/v1", images="corent.providers.openai_images:OpenAIImages"),
    # Its server may ask for no key.
    Provider("selfhosted", None, images="corent.providers.openai_images:SelfHostedImages", needs_key=False),
    Provider(
        "fal",
        "https://queue.fal.run",
        images="corent.providers.fal:Fal",
        videos="corent.providers.fal_videos:FalVideos",
    ),
    Provider(
        "google",
        "https://generativelanguage.googleapis.com/v1",
        images="corent.providers.google_images:GoogleImages",
        videos="corent.providers.google_videos:GoogleVideos",
    ),
    Provider("bfl", "https://api.bfl.ai", images="corent.providers.bfl:BFL"),
    Provider("stability", "https://api.stability.ai/v2beta", images="corent.providers.stability:Stability"),
    Provider("ideogram", "https://api.ideogram.ai", images="corent.providers.ideogram:Ideogram"),
    Provider("recraft", "https://external.api.recraft.ai/v1", images="corent.providers.recraft:Recraft"),
    Provider(
        "together",
        "https://api.together.ai",
        images="corent.providers.together:TogetherImages",
        videos="corent.providers.together_videos:TogetherVideos",
    ),
    # It knows us by the function's role.
    Provider(
        "bedrock",
        "https://bedrock-runtime.{region}.amazonaws.com",
        images="corent.providers.bedrock:Bedrock",
        needs_key=False,
    ),
    Provider("runway", "https://api.dev.runwayml.com", videos="corent.providers.runway:Runway"),
    Provider("replicate", "https://api.replicate.com/v1", videos="corent.providers.replicate:Replicate"),
    Provider("luma", "https://agents.lumalabs.ai/v1", videos="corent.providers.luma:Luma"),
    Provider("xai", "https://api.x.ai/v1", videos="corent.providers.xai:XAI"),
    Provider(
        "sandbox",
        None,
        images="corent.providers.sandbox:SandboxImages",
        videos="corent.providers.sandbox:SandboxVideos",
        idempotent_submits=True,
    ),
)
PROVIDERS: Final = {provider.name: provider for provider in _ADAPTED}


@dataclass(frozen=True, slots=True)
class Catalog:
    """A whole catalog that has passed its checks."""

    tiers: tuple[Tier, ...]
    offers: tuple[Offer, ...]


def tiers() -> tuple[Tier, ...]:
    """Every tier that is sold, images first."""
    return _shipped().tiers


def offers() -> tuple[Offer, ...]:
    """Every offer of every tier, retired ones included: routing knows the day."""
    return _shipped().offers


def read_catalog(text: str) -> Catalog:
    """The catalog `text` describes. Raises CatalogError, saying where it is wrong."""
    try:
        document = json.loads(text)
        rows = [_Row(row, where=f"tiers[{index}]") for index, row in enumerate(document["tiers"])]
        sold = tuple(_tier(row) for row in rows)
        offered = tuple(
            offer
            for kind, read in ((Kind.IMAGE, _image_offers), (Kind.VIDEO, _video_offers))
            for index, row in enumerate(document[f"{kind}s"])
            for offer in read(_Row(row, where=f"{kind}s[{index}]"), prices=_prices(sold, kind=kind))
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CatalogError(f"{type(error).__name__}: {error}") from error
    for name, keys in (
        ("tier", [tier.name for tier in sold]),
        ("offer", [f"{offer.tier} {offer.id}" for offer in offered]),
    ):
        if len(set(keys)) < len(keys):
            raise CatalogError(f"a {name} stands there twice")
    return Catalog(tiers=sold, offers=offered)


@cache
def _shipped() -> Catalog:
    return read_catalog(_CATALOG.read_text(encoding="utf-8"))


class _Row:
    """One JSON object of the catalog, read field by field; `done` notices fields nobody read."""

    def __init__(self, row: dict[str, object], *, where: str) -> None:
        self._left = dict(row)
        self.where = where

    def text(self, name: str) -> str:
        value = self._left.pop(name)
        if not isinstance(value, str) or not value:
            raise CatalogError(f"{self.where}.{name} must be a text")
        return value

    def whole(self, name: str, *, minimum: int) -> int:
        value = self._left.pop(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            raise CatalogError(f"{self.where}.{name} must be a whole number from {minimum}")
        return value

    def optional_whole(self, name: str) -> int | None:
        if self._left[name] is None:
            del self._left[name]
            return None
        return self.whole(name, minimum=0)

    def optional_date(self, name: str) -> date | None:
        if self._left[name] is None:
            del self._left[name]
            return None
        return date.fromisoformat(self.text(name))

    def flag(self, name: str) -> bool:
        value = self._left.pop(name)
        if not isinstance(value, bool):
            raise CatalogError(f"{self.where}.{name} must be true or false")
        return value

    def share(self, name: str) -> float:
        value = self._left.pop(name)
        if not isinstance(value, float) or not 0 <= value <= 1:
            raise CatalogError(f"{self.where}.{name} must be a fraction of 0.0 to 1.0")
        return value

    def texts(self, name: str) -> list[str]:
        value = self._left.pop(name)
        if not isinstance(value, list) or not value or len(set(value)) < len(value):
            raise CatalogError(f"{self.where}.{name} must be a list without repeats")
        return value

    def wholes(self, name: str) -> tuple[int, ...]:
        value = self._left.pop(name)
        if (
            not isinstance(value, list)
            or not value
            or not all(type(each) is int and each > 0 for each in value)
        ):
            raise CatalogError(f"{self.where}.{name} must be a list of whole numbers")
        return tuple(value)

    def rows(self, name: str) -> list["_Row"]:
        value = self._left.pop(name)
        if not isinstance(value, list) or not value:
            raise CatalogError(f"{self.where}.{name} must be a list")
        return [_Row(row, where=f"{self.where}.{name}[{index}]") for index, row in enumerate(value)]

    def done(self) -> None:
        if self._left:
            raise CatalogError(f"{self.where} has unknown fields: {', '.join(sorted(self._left))}")


def _tier(row: _Row) -> Tier:
    tier = Tier(
        name=row.text("name"),
        kind=Kind(row.text("kind")),
        preference=Preference(row.text("preference")),
        price_micros=row.whole("price_micros", minimum=1),
    )
    row.done()
    return tier


def _prices(sold: tuple[Tier, ...], *, kind: Kind) -> dict[str, int]:
    return {tier.name: tier.price_micros for tier in sold if tier.kind is kind}


def _image_offers(row: _Row, *, prices: dict[str, int]) -> list[Offer]:
    common = _common(row, kind=Kind.IMAGE)
    with_image_micros = row.optional_whole("cost_with_image_micros")
    abilities: dict[str, Any] = {
        "asynchronous": row.flag("asynchronous"),
        "formats": tuple(ImageFormat(word) for word in row.texts("formats")),
        "count_max": row.whole("count_max", minimum=1),
    }
    return [
        Offer(
            **common,
            **abilities,
            tier=tier,
            quality=quality,
            takes_image=covered,
            cost_with_image_micros=with_image_micros if covered else None,
        )
        for tier, quality in _places(row, cost_micros=common["cost_micros"], prices=prices)
        for covered in (with_image_micros is not None and with_image_micros <= prices[tier],)
    ]


def _video_offers(row: _Row, *, prices: dict[str, int]) -> list[Offer]:
    common = _common(row, kind=Kind.VIDEO)
    full_hd_micros = row.optional_whole("cost_1080p_micros")
    takes_image, durations_s = row.flag("takes_image"), row.wholes("durations_s")
    return [
        Offer(
            **common,
            tier=tier,
            quality=quality,
            asynchronous=True,
            takes_image=takes_image,
            durations_s=durations_s,
            resolutions=tuple(Resolution) if covered else (Resolution.HD,),
            cost_1080p_micros=full_hd_micros if covered else None,
        )
        for tier, quality in _places(row, cost_micros=common["cost_micros"], prices=prices)
        for covered in (full_hd_micros is not None and full_hd_micros <= prices[tier],)
    ]


def _common(row: _Row, *, kind: Kind) -> dict[str, Any]:
    """The fields that images and videos share."""
    upstream, model = row.text("upstream"), row.text("model")
    provider = PROVIDERS.get(upstream)
    if provider is None or (provider.images if kind is Kind.IMAGE else provider.videos) is None:
        raise CatalogError(f"{row.where}: nobody adapts {upstream}")
    if " " in model or ";" in model:
        raise CatalogError(f"{row.where}: a route cannot be stored with {model} in it")
    typical_latency_ms = row.whole("typical_latency_ms", minimum=1)
    return {
        # An upstream may give its videos the name of its images: their results are not one another's.
        "id": f"{upstream}/{model}" if kind is Kind.IMAGE else f"{upstream}/{model}#{kind}",
        "upstream": upstream,
        "model": model,
        "cost_micros": row.whole("cost_micros", minimum=0),
        "cost_source": row.text("cost_source"),
        "cost_read_on": date.fromisoformat(row.text("cost_read_on")),
        "typical_latency_ms": typical_latency_ms,
        "slow_latency_ms": row.whole("slow_latency_ms", minimum=typical_latency_ms),
        "aspect_ratios": tuple(AspectRatio(word) for word in row.texts("aspect_ratios")),
        "takes_seed": row.flag("takes_seed"),
        "takes_negative_prompt": row.flag("takes_negative_prompt"),
        "retired_on": row.optional_date("retired_on"),
    }


def _places(row: _Row, *, cost_micros: int, prices: dict[str, int]) -> list[tuple[str, float]]:
    """The tiers a model is offered in and its quality there; every other field has been read by now."""
    places = []
    for place in row.rows("offers"):
        tier = place.text("tier")
        if cost_micros > prices[tier]:
            raise CatalogError(f"{place.where}: {row.where} costs more than {tier} is sold for")
        places.append((tier, place.share("quality")))
        place.done()
    row.done()
    return places
