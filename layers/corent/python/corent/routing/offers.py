"""Offers: one upstream model that can serve one tier, and what it can do."""

from dataclasses import dataclass
from datetime import date

from corent.core.tiers import AspectRatio, ImageFormat


@dataclass(frozen=True, slots=True)
class Offer:
    """A row of the catalog. `id` names the upstream's model; with the tier it is unique.

    `cost_micros` is what one 1-megapixel image costs us; `cost_source` and `cost_read_on` say who
    published that figure and when it was read. `typical_latency_ms` and `slow_latency_ms` (about
    p50 and p95) are priors until live results replace them. `quality` (0-1) is our own prior
    within the tier. `asynchronous` upstreams accept at once and are asked later; the others hold
    the connection until they are done. Nothing is routed to an offer from `retired_on` on.
    """

    id: str
    tier: str
    upstream: str
    model: str
    cost_micros: int
    cost_source: str
    cost_read_on: date
    typical_latency_ms: int
    slow_latency_ms: int
    quality: float
    asynchronous: bool
    formats: tuple[ImageFormat, ...]
    aspect_ratios: tuple[AspectRatio, ...]
    count_max: int
    takes_seed: bool
    takes_negative_prompt: bool
    takes_image: bool
    retired_on: date | None = None
