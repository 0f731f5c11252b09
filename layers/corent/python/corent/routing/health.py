"""How an offer does right now, as routing weighs it: as measured, and by its priors where that is little."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from corent.health.breaker import Circuit, circuit
from corent.health.document import HealthDocument
from corent.health.evidence import LIVE_WEIGHT, Evidence, UpstreamEvidence, median_ms, slow_ms
from corent.health.tiers import may_retry
from corent.routing.offers import Offer

RELIABILITY_PRIOR: Final = 0.97
# Weights of the priors: ten live calls for an upstream, five for an offer of it.
UPSTREAM_PRIOR_WEIGHT: Final = 10 * LIVE_WEIGHT
OFFER_PRIOR_WEIGHT: Final = 5 * LIVE_WEIGHT
TIMES_PRIOR_WEIGHT: Final = 3.0
# Longer than counts last: a slow offer that seems fast again after minutes is found slow again and again.
TIMES_HALF_MS: Final = 1_800_000
# The time at which an image, or a video, is worth half of one that is there at once.
IMAGE_HALF_MS: Final = 6_000
VIDEO_HALF_MS: Final = 60_000
# How much of its calls an offer's slow prior stands for.
SLOW_SHARE: Final = 0.2


@dataclass(frozen=True, slots=True)
class OfferHealth:
    """One offer at one moment. `wait_ms` is how long until its breaker or its rate limit lets it be tried.

    `speed_milli` is 1000 for an answer at once and falls towards 0; `typical_ms` is about the median time,
    `slow_ms` about the 95th of a hundred. `evidence` is the weight of recent calls, a live one being
    LIVE_WEIGHT. `is_trial` is set where this request may try a half-open offer.
    """

    reliability_milli: int
    speed_milli: int
    typical_ms: int
    slow_ms: int
    cost_ratio_milli: int
    evidence: int
    circuit: Circuit = Circuit.CLOSED
    wait_ms: int = 0
    is_resting: bool = False
    is_suspect: bool = False
    is_trial: bool = False


@dataclass(frozen=True, slots=True)
class HealthView:
    """All that routing knows of the world: offers by id, and the tiers whose failovers are used up."""

    offers: dict[str, OfferHealth]
    out_of_retries: frozenset[str] = frozenset()


def view_health(document: HealthDocument, offers: Iterable[Offer], *, now_ms: int) -> HealthView:
    """What is known at `now_ms` of those offers. Pure."""
    # A model stands in several tiers, with the same times and the same evidence.
    once = {offer.id: offer for offer in offers}
    return HealthView(
        offers={name: _weigh(document, offer, now_ms=now_ms) for name, offer in once.items()},
        out_of_retries=frozenset(
            name for name, tier in document.tiers.items() if not may_retry(tier, now_ms=now_ms)
        ),
    )


def with_trial(view: HealthView, offer_id: str) -> HealthView:
    """The view of the request that may try that half-open offer."""
    tried = replace(view.offers[offer_id], is_trial=True)
    return replace(view, offers={**view.offers, offer_id: tried})


def speed_milli(time_ms: float, *, half_ms: int) -> float:
    """What a time is worth: 1000 at once, 500 at `half_ms`, towards 0 later."""
    return 1000 * half_ms / (half_ms + time_ms)


def half_ms_of(offer: Offer) -> int:
    """The scale of an offer's times."""
    return VIDEO_HALF_MS if offer.durations_s else IMAGE_HALF_MS


def _weigh(document: HealthDocument, offer: Offer, *, now_ms: int) -> OfferHealth:
    known = document.offers.get(offer.id, Evidence())
    upstream = document.upstreams.get(offer.upstream, UpstreamEvidence())
    own, common = known.counts.at(now_ms), upstream.counts.at(now_ms)
    prior = (common.successes + UPSTREAM_PRIOR_WEIGHT * RELIABILITY_PRIOR) / (
        common.total + UPSTREAM_PRIOR_WEIGHT
    )
    reliability = (own.successes + OFFER_PRIOR_WEIGHT * prior) / (own.total + OFFER_PRIOR_WEIGHT)
    states = [
        (circuit(each, now_ms=now_ms), each.open_until_ms or 0) for each in (known.breaker, upstream.breaker)
    ]
    worst = next(
        (state for state in (Circuit.OPEN, Circuit.HALF_OPEN) if state in {each for each, _ in states}),
        Circuit.CLOSED,
    )
    is_resting = now_ms < known.rests_until_ms
    wait_ms = max(0, *(until_ms - now_ms for _, until_ms in states), known.rests_until_ms - now_ms)
    times = _times(known, offer, now_ms=now_ms)
    return OfferHealth(
        reliability_milli=round(1000 * reliability),
        speed_milli=round(times.speed_milli),
        typical_ms=times.typical_ms,
        slow_ms=times.slow_ms,
        cost_ratio_milli=round(1000 * known.cost_ratio),
        evidence=round(own.total),
        circuit=worst,
        wait_ms=wait_ms,
        is_resting=is_resting,
        is_suspect=known.suspect,
    )


@dataclass(frozen=True, slots=True)
class _Times:
    speed_milli: float
    typical_ms: int
    slow_ms: int


def _times(known: Evidence, offer: Offer, *, now_ms: int) -> _Times:
    """The mean worth of its times, about their median and p95: the priors, giving way to the measured."""
    half_ms = half_ms_of(offer)
    worth = TIMES_PRIOR_WEIGHT * (
        (1 - SLOW_SHARE) * speed_milli(offer.typical_latency_ms, half_ms=half_ms)
        + SLOW_SHARE * speed_milli(offer.slow_latency_ms, half_ms=half_ms)
    )
    weight = TIMES_PRIOR_WEIGHT
    for ended_ms, took_ms in known.times:
        fresh = 0.5 ** (max(0, now_ms - ended_ms) / TIMES_HALF_MS)
        worth += fresh * speed_milli(took_ms, half_ms=half_ms)
        weight += fresh
    took = [took_ms for _, took_ms in known.times]
    return _Times(
        speed_milli=worth / weight,
        typical_ms=_blend(offer.typical_latency_ms, median_ms(took), weight=weight),
        slow_ms=_blend(offer.slow_latency_ms, slow_ms(took), weight=weight),
    )


def _blend(prior_ms: int, measured_ms: int | None, *, weight: float) -> int:
    """A time between its prior and what was measured, where both together weigh that much."""
    total = prior_ms * TIMES_PRIOR_WEIGHT + (measured_ms or prior_ms) * (weight - TIMES_PRIOR_WEIGHT)
    return max(1, round(total / weight))
