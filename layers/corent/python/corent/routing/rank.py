"""Rank the offers of a tier for one request. Pure: the same input gives the same route, byte for byte."""

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

from corent.core.tiers import AspectRatio, ImageFormat, Preference, Resolution
from corent.routing.health import OfferHealth
from corent.routing.offers import Offer
from corent.routing.route import Candidate, Excluded, Exclusion, Route, Weights

# Shares of a score in thousandths; each row adds up to 1000.
WEIGHTS: Final = {
    Preference.FAST: Weights(cost=100, latency=600, reliability=250, quality=50),
    Preference.CHEAP: Weights(cost=600, latency=100, reliability=250, quality=50),
    Preference.BALANCED: Weights(cost=250, latency=250, reliability=300, quality=200),
    Preference.QUALITY: Weights(cost=50, latency=100, reliability=300, quality=550),
}
# Offers closer than this share the traffic; the seed decides which goes first.
TIE_BREAK_MILLI: Final = 15
# Added to every cost, so that a free offer does not make all others look infinitely dear.
COST_FLOOR_MICROS: Final = 1_000
# Results needed before measurements weigh as much as the catalog's priors.
PRIOR_RESULTS: Final = 10
RELIABILITY_PRIOR_MILLI: Final = 970


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """What routing needs to know of a request. `day` is its date, for offers that were retired.

    `output_format` and `count` are given for images, `duration_s` and `resolution` for videos.
    """

    tier: str
    preference: Preference
    aspect_ratio: AspectRatio
    seeded: bool
    image: bool
    day: date
    output_format: ImageFormat | None = None
    count: int = 1
    duration_s: int | None = None
    resolution: Resolution | None = None


def rank(
    request: RouteRequest,
    *,
    offers: tuple[Offer, ...],
    health: dict[str, OfferHealth],
    seed: int,
    spent_up: frozenset[str] = frozenset(),
) -> Route:
    """Order the offers that can serve the request by score, best first.

    `health` is by offer id; an offer without results is judged by its catalog priors. Offers of the upstreams
    in `spent_up` are left out. Raises nothing: a route may have no candidates.
    """
    weights = WEIGHTS[request.preference]
    in_tier = sorted((offer for offer in offers if offer.tier == request.tier), key=lambda offer: offer.id)
    excluded = []
    able = []
    for offer in in_tier:
        reason = _exclusion(offer, request, spent_up=spent_up)
        if reason is None:
            able.append(offer)
        else:
            excluded.append(Excluded(offer_id=offer.id, reason=reason))
    latencies = {offer.id: expected_latency_ms(offer, health.get(offer.id)) for offer in able}
    cheapest_micros = min((offer.cost_micros for offer in able), default=0)
    fastest_ms = min(latencies.values(), default=0)
    scored = []
    for offer in able:
        measured = health.get(offer.id)
        cost = _share(cheapest_micros + COST_FLOOR_MICROS, offer.cost_micros + COST_FLOOR_MICROS)
        latency = _share(fastest_ms, latencies[offer.id])
        reliability = _reliability_milli(measured)
        total = (
            weights.cost * cost
            + weights.latency * latency
            + weights.reliability * reliability
            + weights.quality * round(offer.quality * 1000)
        ) // 1000
        candidate = Candidate(
            offer_id=offer.id,
            score_milli=total,
            cost_milli=cost,
            latency_milli=latency,
            reliability_milli=reliability,
            degraded=measured is not None and measured.degraded,
        )
        jitter = Random(f"{seed}:{offer.id}").randrange(TIE_BREAK_MILLI + 1)  # noqa: S311 - spreads load; guards nothing
        scored.append((candidate.degraded, -(total + jitter), offer.id, candidate))
    scored.sort(key=lambda row: row[:3])
    return Route(
        seed=seed,
        preference=request.preference,
        weights=weights,
        candidates=tuple(row[3] for row in scored),
        excluded=tuple(excluded),
    )


def _exclusion(offer: Offer, request: RouteRequest, *, spent_up: frozenset[str]) -> Exclusion | None:
    if offer.retired_on is not None and offer.retired_on <= request.day:
        return Exclusion.RETIRED
    able = (
        request.aspect_ratio in offer.aspect_ratios
        and (request.output_format is None or request.output_format in offer.formats)
        and request.count <= offer.count_max
        and (request.duration_s is None or request.duration_s in offer.durations_s)
        and (request.resolution is None or request.resolution in offer.resolutions)
        and (offer.takes_seed or not request.seeded)
        and (offer.takes_image or not request.image)
    )
    if not able:
        return Exclusion.NOT_CAPABLE
    return Exclusion.DAILY_CAP if offer.upstream in spent_up else None


def _share(best: int, own: int) -> int:
    """1000 for the best, falling towards 0 as `own` grows."""
    return 1000 if own <= best else (1000 * best) // own


def expected_latency_ms(offer: Offer, health: OfferHealth | None) -> int:
    """About the median time: the catalog's prior, giving way to what was measured."""
    if health is None or health.latency_ms_p50 is None:
        return offer.typical_latency_ms
    seen = health.results
    return (offer.typical_latency_ms * PRIOR_RESULTS + health.latency_ms_p50 * seen) // (PRIOR_RESULTS + seen)


def _reliability_milli(health: OfferHealth | None) -> int:
    if health is None:
        return RELIABILITY_PRIOR_MILLI
    return (RELIABILITY_PRIOR_MILLI * PRIOR_RESULTS + 1000 * health.successes) // (
        PRIOR_RESULTS + health.results
    )
