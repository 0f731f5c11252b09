"""The health documents as compact JSON: lists by position, times of results as seconds before the last call.

live     {"o": {offer: evidence}, "u": {upstream: [counts, breaker]}, "t": {tier: evidence},
          "d": day, "s": {upstream: micros}, "sp": probes' micros}
status   {"t": {tier: standing}, "f": {tier: figures}, "i": [incident], "at": ms}
"""

from collections.abc import Mapping
from typing import Any

from corent.health.breaker import Breaker
from corent.health.document import HealthDocument, Spend
from corent.health.evidence import Counts, Evidence, UpstreamEvidence
from corent.health.status import Figures, Incident, Level, Standing, StatusDocument, Uptime
from corent.health.tiers import Minute, TierEvidence

type Stored = Mapping[str, Any]


def dump_health(document: HealthDocument) -> Stored:
    """The stored form; `load_health` reads it back, times to the second."""
    return {
        "o": {name: _dump_evidence(known) for name, known in document.offers.items()},
        "u": {
            name: [_dump_counts(known.counts), _dump_breaker(known.breaker)]
            for name, known in document.upstreams.items()
        },
        "t": {name: _dump_tier(tier) for name, tier in document.tiers.items()},
        "d": document.spend.day,
        "s": dict(document.spend.micros),
        "sp": document.spend.probes_micros,
    }


def load_health(stored: Stored) -> HealthDocument:
    """The document of a stored form; empty of an empty one."""
    return HealthDocument(
        offers={name: _load_evidence(row) for name, row in stored.get("o", {}).items()},
        upstreams={
            name: UpstreamEvidence(counts=_load_counts(row[0]), breaker=_load_breaker(row[1]))
            for name, row in stored.get("u", {}).items()
        },
        tiers={name: _load_tier(row) for name, row in stored.get("t", {}).items()},
        spend=Spend(day=stored.get("d", ""), micros=stored.get("s", {}), probes_micros=stored.get("sp", 0)),
    )


def dump_status(document: StatusDocument) -> Stored:
    """The stored form; `load_status` reads it back."""
    return {
        "t": {
            name: [
                standing.level.value,
                standing.better_at_minute,
                [level.value for level in standing.minutes],
                {day: [seen.up_minutes, seen.down_minutes] for day, seen in standing.days.items()},
            ]
            for name, standing in document.standings.items()
        },
        "f": {
            name: [figures.latency_ms_p50, figures.latency_ms_p95, figures.success_rate]
            for name, figures in document.figures.items()
        },
        "i": [
            [each.tier, each.level.value, each.opened_at_ms, each.closed_at_ms] for each in document.incidents
        ],
        "at": document.updated_at_ms,
    }


def load_status(stored: Stored) -> StatusDocument:
    """The document of a stored form; empty of an empty one."""
    return StatusDocument(
        standings={
            name: Standing(
                level=Level(row[0]),
                better_at_minute=row[1],
                minutes=tuple(Level(word) for word in row[2]),
                days={day: Uptime(*seen) for day, seen in row[3].items()},
            )
            for name, row in stored.get("t", {}).items()
        },
        figures={name: Figures(*row) for name, row in stored.get("f", {}).items()},
        incidents=tuple(Incident(row[0], Level(row[1]), row[2], row[3]) for row in stored.get("i", [])),
        updated_at_ms=stored.get("at"),
    )


def _dump_counts(counts: Counts) -> list[float]:
    return [round(counts.successes, 2), round(counts.failures, 2), counts.at_ms]


def _load_counts(row: list[Any]) -> Counts:
    return Counts(successes=row[0], failures=row[1], at_ms=row[2])


def _dump_breaker(breaker: Breaker) -> list[Any]:
    calls = "".join("1" if success else "0" for success in breaker.calls)
    return [calls, breaker.times_opened, breaker.open_until_ms, breaker.closed_at_ms]


def _load_breaker(row: list[Any]) -> Breaker:
    return Breaker(
        calls=tuple(mark == "1" for mark in row[0]),
        times_opened=row[1],
        open_until_ms=row[2],
        closed_at_ms=row[3],
    )


def _dump_evidence(known: Evidence) -> list[Any]:
    last_ms = known.checked_at_ms
    return [
        _dump_counts(known.counts),
        _dump_breaker(known.breaker),
        last_ms,
        [number for ended, took in known.times for number in ((last_ms - ended) // 1000, took)],
        round(known.cost_ratio, 3),
        known.rests_until_ms,
        known.rests_in_a_row,
        int(known.suspect),
    ]


def _load_evidence(row: list[Any]) -> Evidence:
    counts, breaker, last_ms, times, cost_ratio, rests_until_ms, rests_in_a_row, suspect = row
    return Evidence(
        counts=_load_counts(counts),
        breaker=_load_breaker(breaker),
        times=tuple(
            (last_ms - ago_s * 1000, took) for ago_s, took in zip(times[::2], times[1::2], strict=True)
        ),
        cost_ratio=cost_ratio,
        rests_until_ms=rests_until_ms,
        rests_in_a_row=rests_in_a_row,
        suspect=bool(suspect),
        checked_at_ms=last_ms,
    )


def _dump_tier(tier: TierEvidence) -> list[Any]:
    # A failure's time is written below nothing; one that took no time at all as if it took a millisecond.
    jobs = [[ended, took if success else -max(took, 1)] for ended, success, took in tier.jobs]
    return [
        {str(at): [m.succeeded, m.all, m.calls, m.failures] for at, m in tier.minutes.items()},
        jobs,
        {day: {str(step): count for step, count in counts.items()} for day, counts in tier.times.items()},
        [round(tier.requests, 2), round(tier.retries, 2), tier.retries_at_ms],
    ]


def _load_tier(row: list[Any]) -> TierEvidence:
    minutes, jobs, times, (requests, retries, retries_at_ms) = row
    return TierEvidence(
        minutes={int(at): Minute(*seen) for at, seen in minutes.items()},
        jobs=tuple((ended, took >= 0, abs(took)) for ended, took in jobs),
        times={day: {int(step): count for step, count in counts.items()} for day, counts in times.items()},
        requests=requests,
        retries=retries,
        retries_at_ms=retries_at_ms,
    )
