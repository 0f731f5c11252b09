"""Offers: one upstream model that can serve one tier, and what it can do."""

from dataclasses import dataclass
from datetime import date

from corent.core.tiers import AspectRatio, ImageFormat, Resolution


@dataclass(frozen=True, slots=True)
class Offer:
    """A row of the catalog. `id` names the upstream's model; with the tier it is unique.

    `cost_micros` is what one 1-megapixel image, or one second of 720p video, costs us,
    `cost_with_image_micros` an image made from one, `cost_1080p_micros` one second of 1080p; `cost_source`
    and `cost_read_on` say who published that figure and when it was read. `typical_latency_ms` and
    `slow_latency_ms` (about p50 and p95, of a 5 s video) are priors until live results replace them.
    `quality` (0-1) is our own prior within the tier. `asynchronous` upstreams accept at once and are asked
    later; the others hold the connection until they are done. Nothing is routed to an offer from `retired_on`
    on. `formats` and `count_max` are of images, `durations_s` and `resolutions` of videos.
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
    aspect_ratios: tuple[AspectRatio, ...]
    takes_seed: bool
    takes_negative_prompt: bool
    takes_image: bool
    formats: tuple[ImageFormat, ...] = ()
    count_max: int = 1
    durations_s: tuple[int, ...] = ()
    resolutions: tuple[Resolution, ...] = ()
    cost_1080p_micros: int | None = None
    cost_with_image_micros: int | None = None
    retired_on: date | None = None
