"""Rank the offers of a tier for one request: who can serve it, how each is appraised, in which order.

Pure: the same input gives the same route, byte for byte. The order itself is decided in `decide.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Final

from corent.core.tiers import AspectRatio, ImageFormat, Preference, Resolution
from corent.health.breaker import Circuit
from corent.health.evidence import LIVE_WEIGHT
from corent.routing.decide import best_alone, decide
from corent.routing.health import HealthView, OfferHealth, half_ms_of, speed_milli
from corent.routing.offers import Offer
from corent.routing.route import Appraisal, Excluded, Exclusion, Flag, Route, Weights

# Shares of a delivery's worth in thousandths; each row adds up to 1000.
WEIGHTS: Final = {
    Preference.FAST: Weights(cost=100, latency=600, reliability=250, quality=50),
    Preference.CHEAP: Weights(cost=600, latency=100, reliability=250, quality=50),
    Preference.BALANCED: Weights(cost=250, latency=250, reliability=300, quality=200),
    Preference.QUALITY: Weights(cost=50, latency=100, reliability=300, quality=550),
}
# Below three recent live calls an offer counts as hardly measured.
NEW_BELOW: Final = 3 * LIVE_WEIGHT
WAIT_MAX_S: Final = 300


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """What routing needs to know of a request. `day` is its date, for offers that were retired.

    `unit_price_micros` is what one image, or one second, is sold for. `output_format` and `count` are given
    for images, `duration_s` and `resolution` for videos.
    """

    tier: str
    preference: Preference
    unit_price_micros: int
    aspect_ratio: AspectRatio
    seeded: bool
    image: bool
    day: date
    output_format: ImageFormat | None = None
    count: int = 1
    duration_s: int | None = None
    resolution: Resolution | None = None
    wait_ms: int | None = None


def rank(
    request: RouteRequest,
    *,
    offers: tuple[Offer, ...],
    health: HealthView,
    seed: int,
    spent_up: frozenset[str] = frozenset(),
) -> Route:
    """Order the offers that can serve the request, best first.

    `health` knows every one of `offers`. Offers of the upstreams in `spent_up` are left out. Offers that are
    not to be tried now are left out, too, unless there are no others. Raises nothing: a route may have no
    candidates.
    """
    in_tier = [offer for offer in offers if offer.tier == request.tier]
    able = [offer for offer in in_tier if _is_able(offer, request)]
    excluded = []
    ready, blocked = [], []
    for offer in able:
        off_sale = _off_sale(offer, request, spent_up=spent_up)
        block = _block(health.offers[offer.id])
        if off_sale is not None:
            excluded.append(Excluded(offer_id=offer.id, reason=off_sale))
        elif block is None:
            ready.append(offer)
        else:
            blocked.append(Excluded(offer_id=offer.id, reason=block))
    waiting = {each.offer_id for each in blocked}
    wait_ms = min((health.offers[offer_id].wait_ms for offer_id in waiting), default=0)
    if ready:
        excluded += blocked
    tried = ready or [offer for offer in able if offer.id in waiting]
    weights = WEIGHTS[request.preference]
    appraisals = [_appraise(offer, request, health.offers[offer.id]) for offer in tried]
    is_tight = request.tier in health.out_of_retries
    kept = best_alone(appraisals, weights=weights, is_tight=is_tight)
    return decide(
        kept,
        seed=seed,
        preference=request.preference,
        weights=weights,
        excluded=tuple(sorted(excluded, key=lambda each: each.offer_id)),
        outranked=len(appraisals) - len(kept),
        incapable=len(in_tier) - len(able),
        is_tight=is_tight,
        wait_s=min(WAIT_MAX_S, ceil(wait_ms / 1000)),
    )


def half_open(
    request: RouteRequest, *, offers: Iterable[Offer], health: HealthView, spent_up: frozenset[str]
) -> list[Offer]:
    """The offers that could serve the request, were one allowed to try them: one at a time is."""
    return [
        offer
        for offer in offers
        if offer.tier == request.tier
        and health.offers[offer.id].circuit is Circuit.HALF_OPEN
        and not health.offers[offer.id].is_resting
        and _is_able(offer, request)
        and _off_sale(offer, request, spent_up=spent_up) is None
    ]


def unit_cost_micros(offer: Offer, *, resolution: Resolution | None, image: bool) -> int:
    """What one image, or one second, of such a request costs us by the catalog."""
    if resolution is Resolution.FULL_HD and offer.cost_1080p_micros is not None:
        return offer.cost_1080p_micros
    if image and offer.cost_with_image_micros is not None:
        return offer.cost_with_image_micros
    return offer.cost_micros


def _is_able(offer: Offer, request: RouteRequest) -> bool:
    return (
        request.aspect_ratio in offer.aspect_ratios
        and (request.output_format is None or request.output_format in offer.formats)
        and request.count <= offer.count_max
        and (request.duration_s is None or request.duration_s in offer.durations_s)
        and (request.resolution is None or request.resolution in offer.resolutions)
        and (offer.takes_seed or not request.seeded)
        and (offer.takes_image or not request.image)
    )


def _off_sale(offer: Offer, request: RouteRequest, *, spent_up: frozenset[str]) -> Exclusion | None:
    """Why an offer is not bought from at all today."""
    if offer.retired_on is not None and offer.retired_on <= request.day:
        return Exclusion.RETIRED
    return Exclusion.DAILY_CAP if offer.upstream in spent_up else None


def _block(health: OfferHealth) -> Exclusion | None:
    """Why an offer is not to be tried now."""
    if health.is_resting:
        return Exclusion.RATE_LIMITED
    is_closed = health.circuit is Circuit.CLOSED or (health.circuit is Circuit.HALF_OPEN and health.is_trial)
    return None if is_closed else Exclusion.CIRCUIT_OPEN


def _appraise(offer: Offer, request: RouteRequest, health: OfferHealth) -> Appraisal:
    cost_micros = unit_cost_micros(offer, resolution=request.resolution, image=request.image)
    cost_milli = 1000 - cost_micros * health.cost_ratio_milli // request.unit_price_micros
    is_set = {
        Flag.SUSPECT: health.is_suspect,
        Flag.NEW: health.evidence < NEW_BELOW,
        Flag.TRIAL: health.is_trial,
        Flag.BLOCKED: _block(health) is not None,
    }
    return Appraisal(
        offer_id=offer.id,
        cost_milli=min(1000, max(0, cost_milli)),
        latency_milli=min(health.speed_milli, _waited_milli(offer, request)),
        reliability_milli=health.reliability_milli,
        quality_milli=round(1000 * offer.quality),
        typical_ms=health.typical_ms,
        flags=frozenset(flag for flag, on in is_set.items() if on),
    )


def _waited_milli(offer: Offer, request: RouteRequest) -> int:
    """The most that its speed is worth to a caller who waits.

    What may not be ready in that time is not bought while they wait (it could not be asked for later): they
    come back for it, at the end of the wait at best.
    """
    if request.wait_ms is None or offer.asynchronous or offer.slow_latency_ms <= request.wait_ms:
        return 1000
    return round(speed_milli(request.wait_ms, half_ms=half_ms_of(offer)))
