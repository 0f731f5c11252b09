"""Fold settled jobs into the health documents."""

from collections.abc import Mapping
from typing import Final

from corent.core.clock import Clock, day_of
from corent.health.results import (
    Cost,
    OfferResult,
    OfferWindow,
    Result,
    TierResult,
    TierWindow,
    fold_costs,
    fold_offers,
    fold_tiers,
)
from corent.health.store import HealthStore
from corent.jobs.job import TERMINAL, AttemptOutcome, Job, JobFailure, JobState
from corent.routing.route import load_route

# What says nothing about an offer's health: the caller's own doing, or not known yet.
NEUTRAL: Final = frozenset({AttemptOutcome.REFUSED, AttemptOutcome.INVALID_INPUT, AttemptOutcome.WORKING})
NEUTRAL_FAILURES: Final = frozenset({JobFailure.CONTENT_REFUSED, JobFailure.INVALID_IMAGE_URL})


class FoldHealth:
    """Live results of paying callers; test keys script their outcomes and do not count."""

    def __init__(self, *, health: HealthStore, upstream_of: Mapping[str, str], clock: Clock) -> None:
        self._health = health
        self._upstream_of = upstream_of
        self._clock = clock

    def __call__(self, jobs: list[Job]) -> int:
        """Fold those jobs; how many counted. A job folded twice counts twice: good enough for averages."""
        live = [job for job in jobs if job.state in TERMINAL and not job.wallet_id.endswith(".test")]
        of_offers = [result for job in live for result in offer_results(job)]
        of_tiers = [result for job in live for result in _tier_results(job)]
        costs = [cost for job in live for cost in self._costs(job)]
        if of_offers or of_tiers or costs:
            now_ms = self._clock.now_ms()

            def fold(offers: OfferWindow, tiers: TierWindow) -> tuple[OfferWindow, TierWindow]:
                folded = fold_costs(fold_offers(offers, of_offers), costs)
                return folded, fold_tiers(tiers, of_tiers, now_ms=now_ms)

            self._health.update(fold)
        return len(live)

    def _costs(self, job: Job) -> list[Cost]:
        """What the job's attempts cost, as far as known. An offer that left the catalog stands for itself."""
        candidates = load_route(job.route).candidates
        paid = [(candidates[each.candidate].offer_id, each) for each in job.attempts if each.cost_micros]
        return [
            Cost(
                upstream=self._upstream_of.get(offer_id, offer_id),
                micros=attempt.cost_micros or 0,
                day=day_of(job.created_at_ms + attempt.started_ms),
            )
            for offer_id, attempt in paid
        ]


def offer_results(job: Job) -> list[OfferResult]:
    """What the job's attempts say of their offers. Raises for a broken record."""
    candidates = load_route(job.route).candidates
    return [
        OfferResult(
            offer_id=candidates[attempt.candidate].offer_id,
            result=Result(
                success=attempt.outcome is AttemptOutcome.COMPLETED, duration_ms=attempt.duration_ms
            ),
        )
        for attempt in job.attempts
        if attempt.outcome not in NEUTRAL
    ]


def _tier_results(job: Job) -> list[TierResult]:
    if job.finished_at_ms is None or job.state is JobState.CANCELLED or job.failure in NEUTRAL_FAILURES:
        return []
    return [
        TierResult(
            tier=job.tier,
            result=Result(
                success=job.state is JobState.COMPLETED, duration_ms=job.finished_at_ms - job.created_at_ms
            ),
            day=day_of(job.finished_at_ms),
        )
    ]
