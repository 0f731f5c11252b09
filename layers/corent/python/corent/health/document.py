"""The health document: all that live traffic and probes have shown, and how more is folded in. Pure.

Bounded in size: by offers, upstreams and tiers, each with a fixed number of results.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from corent.health.evidence import (
    CALLERS_DOING,
    Evidence,
    Observation,
    UpstreamEvidence,
    after_call,
    after_upstream_call,
    is_recovery,
    without_failures,
)
from corent.health.tiers import JobEnded, TierEvidence, with_call, with_job


@dataclass(frozen=True, slots=True)
class Spend:
    """What upstreams cost us on one day, `YYYY-MM-DD` in UTC, in micro-dollars; probes' part of it apart."""

    day: str = ""
    micros: Mapping[str, int] = field(default_factory=dict)
    probes_micros: int = 0

    def of(self, day: str) -> Mapping[str, int]:
        """What they cost on that day, as far as it is known."""
        return self.micros if day == self.day else {}

    def of_probes(self, day: str) -> int:
        """What probes cost on that day."""
        return self.probes_micros if day == self.day else 0


@dataclass(frozen=True, slots=True)
class Cost:
    """What one attempt cost us, and when it was paid for."""

    upstream: str
    micros: int
    day: str
    is_probe: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One call and the tiers it speaks for: a job's own, or all that a probe's offer serves.

    Without an `offer_id` it was a question to the upstream's account alone.
    """

    observation: Observation
    tiers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HealthDocument:
    """By offer id, by upstream, by tier; and what was spent on the last day that counts."""

    offers: Mapping[str, Evidence] = field(default_factory=dict)
    upstreams: Mapping[str, UpstreamEvidence] = field(default_factory=dict)
    tiers: Mapping[str, TierEvidence] = field(default_factory=dict)
    spend: Spend = field(default_factory=Spend)


def fold_calls(document: HealthDocument, calls: Iterable[Call], *, now_ms: int) -> HealthDocument:
    """The document with those calls added, in the order they ended."""
    offers, upstreams, tiers = dict(document.offers), dict(document.upstreams), dict(document.tiers)
    for call in sorted(calls, key=lambda each: each.observation.ended_at_ms):
        seen = call.observation
        upstream = upstreams.get(seen.upstream, UpstreamEvidence())
        if seen.offer_id:
            known = offers.get(seen.offer_id, Evidence())
            offers[seen.offer_id] = after_call(known, seen, now_ms=now_ms)
            if is_recovery(known, seen, now_ms=now_ms):
                # Its failures are in its upstream's counts, too, and would speak against it from there.
                upstream = replace(upstream, counts=without_failures(upstream.counts))
        upstreams[seen.upstream] = after_upstream_call(upstream, seen, now_ms=now_ms)
        if seen.failure in CALLERS_DOING:
            continue
        for tier in call.tiers:
            tiers[tier] = with_call(
                tiers.get(tier, TierEvidence()),
                success=seen.failure is None,
                weight=seen.weight,
                now_ms=now_ms,
            )
    return replace(document, offers=offers, upstreams=upstreams, tiers=tiers)


def fold_jobs(document: HealthDocument, jobs: Iterable[JobEnded], *, now_ms: int) -> HealthDocument:
    """The document with those jobs added."""
    tiers = dict(document.tiers)
    for job in jobs:
        tiers[job.tier] = with_job(tiers.get(job.tier, TierEvidence()), job, now_ms=now_ms)
    return replace(document, tiers=tiers)


def fold_costs(document: HealthDocument, costs: Iterable[Cost]) -> HealthDocument:
    """The document with those costs added; a new day begins at nothing, and older costs are dropped."""
    spend = document.spend
    for cost in costs:
        if cost.day > spend.day:
            spend = Spend(day=cost.day)
        if cost.day == spend.day:
            micros = spend.micros.get(cost.upstream, 0) + cost.micros
            spend = replace(
                spend,
                micros={**spend.micros, cost.upstream: micros},
                probes_micros=spend.probes_micros + cost.micros * cost.is_probe,
            )
    return replace(document, spend=spend)
