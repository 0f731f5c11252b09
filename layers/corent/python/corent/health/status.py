"""The public status of a tier: how a minute is judged, and when that becomes its status. Pure.

A minute is bad before a status is. A status grows worse after WORSE_AFTER bad minutes in a row and better
after BETTER_AFTER good ones, and having grown better it keeps for KEPT_MINUTES, so that what flaps shows one
change in five minutes and not ten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from corent.core.clock import day_of
from corent.health.evidence import slow_ms
from corent.health.tiers import (
    MINUTE_MS,
    MINUTES_KEPT,
    TierEvidence,
    last_jobs,
    last_minutes,
    recent_times_ms,
    usual_slow_ms,
)

WORSE_AFTER: Final = 2
BETTER_AFTER: Final = 5
KEPT_MINUTES: Final = 5
DEGRADED_BELOW: Final = 0.95
OUTAGE_BELOW: Final = 0.50
SLOW_RATIO: Final = 2
# Fewer calls say nothing; fewer failures are chance, unless an implementation is known to fail.
CALLS_MIN: Final = 3
FAILURES_MIN: Final = 3
OUTAGE_JOBS_MIN: Final = 5
# For the comparison of times: now, and in the days before.
TIMES_MIN: Final = 10
USUAL_TIMES_MIN: Final = 100
DAYS_KEPT: Final = 90
INCIDENTS_KEPT: Final = 50
# A longer gap between two looks is nobody's minute: the prober did not run.
GAP_MINUTES_MAX: Final = 2


class Level(StrEnum):
    """A tier's public state, best first."""

    OPERATIONAL = "operational"
    DEGRADED = "degraded"
    OUTAGE = "outage"


_ORDER: Final = tuple(Level)


@dataclass(frozen=True, slots=True)
class Implementations:
    """How many of a tier's offers there are, and how many cannot serve now or are known to fail."""

    all: int
    failing: int


@dataclass(frozen=True, slots=True)
class Uptime:
    """Minutes of one day in which the tier could serve, and in which it could not."""

    up_minutes: int = 0
    down_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """A tier's status. `minutes` are how the last ones were judged, newest last, since it last changed.

    `better_at_minute` is when it last grew better, in minutes since the epoch.
    """

    level: Level = Level.OPERATIONAL
    better_at_minute: int = 0
    minutes: tuple[Level, ...] = ()
    days: Mapping[str, Uptime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incident:
    """A time in which a tier was not operational; `level` is the worst it came to."""

    tier: str
    level: Level
    opened_at_ms: int
    closed_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """A tier's public figures; None where nothing was measured lately."""

    latency_ms_p50: int | None = None
    latency_ms_p95: int | None = None
    success_rate: float | None = None


@dataclass(frozen=True, slots=True)
class StatusDocument:
    """What anyone may know, as of its last minute. `incidents` are oldest first."""

    standings: Mapping[str, Standing] = field(default_factory=dict)
    figures: Mapping[str, Figures] = field(default_factory=dict)
    incidents: tuple[Incident, ...] = ()
    updated_at_ms: int | None = None


def judge(tier: TierEvidence, implementations: Implementations, *, now_ms: int) -> Level:
    """How a tier does in this minute."""
    # An outage is what callers meet: where failover serves them, failing calls make a tier degraded.
    jobs = last_jobs(tier, now_ms=now_ms, since_ms=MINUTES_KEPT * MINUTE_MS)
    is_failing_callers = len(jobs) >= OUTAGE_JOBS_MIN and sum(jobs) < OUTAGE_BELOW * len(jobs)
    if implementations.failing >= implementations.all or is_failing_callers:
        return Level.OUTAGE
    seen = last_minutes(tier, now_ms=now_ms)
    share = seen.succeeded / seen.all if seen.all else 1.0
    is_failing = seen.calls >= CALLS_MIN and (seen.failures >= FAILURES_MIN or implementations.failing > 0)
    if (is_failing and share < DEGRADED_BELOW) or 2 * implementations.failing >= implementations.all:
        return Level.DEGRADED
    times_ms = recent_times_ms(tier, now_ms=now_ms)
    usual_ms = usual_slow_ms(tier, today=day_of(now_ms), results_min=USUAL_TIMES_MIN)
    now_slow_ms = slow_ms(times_ms)
    if len(times_ms) >= TIMES_MIN and usual_ms and now_slow_ms and now_slow_ms > SLOW_RATIO * usual_ms:
        return Level.DEGRADED
    return Level.OPERATIONAL


def next_standing(standing: Standing, level: Level, *, now_ms: int, last_ms: int | None) -> Standing:
    """The standing after a minute that was judged so; the same minute judged again changes nothing.

    `last_ms` is when the status was last looked at.
    """
    minute = now_ms // MINUTE_MS
    passed = minute - last_ms // MINUTE_MS if last_ms is not None else 1
    if passed <= 0:
        return standing
    # Minutes that nobody looked at were neither good nor bad.
    judged = standing.minutes if passed <= GAP_MINUTES_MAX else ()
    minutes = (*judged, level)[-BETTER_AFTER:]
    changed = _changed(standing, minutes, minute=minute)
    counted = replace(
        standing,
        minutes=minutes,
        days=_counted(standing, now_ms=now_ms, minutes=min(passed, GAP_MINUTES_MAX)),
    )
    if changed is standing.level:
        return counted
    is_better = _ORDER.index(changed) < _ORDER.index(standing.level)
    better_at_minute = minute if is_better else standing.better_at_minute
    return replace(counted, level=changed, better_at_minute=better_at_minute, minutes=())


def with_standing(
    incidents: tuple[Incident, ...], *, tier: str, before: Level, after: Level, now_ms: int
) -> tuple[Incident, ...]:
    """The incidents once a tier's level has changed: opened, grown worse, or closed."""
    if after is before:
        return incidents
    still_open = next((each for each in incidents if each.tier == tier and each.closed_at_ms is None), None)
    if still_open is None:
        opened = Incident(tier=tier, level=after, opened_at_ms=now_ms)
        return (*incidents, opened)[-INCIDENTS_KEPT:]
    if after is Level.OPERATIONAL:
        moved = replace(still_open, closed_at_ms=now_ms)
    else:
        moved = replace(still_open, level=max(still_open.level, after, key=_ORDER.index))
    return tuple(moved if each is still_open else each for each in incidents)


def uptime(days: Sequence[Uptime]) -> float | None:
    """The share of looked-at minutes in which the tier could serve; None before the first."""
    up = sum(day.up_minutes for day in days)
    down = sum(day.down_minutes for day in days)
    return round(up / (up + down), 4) if up + down else None


def _changed(standing: Standing, minutes: tuple[Level, ...], *, minute: int) -> Level:
    at = _ORDER.index(standing.level)
    ranks = [_ORDER.index(each) for each in minutes]
    worse = min(ranks[-WORSE_AFTER:]) if len(ranks) >= WORSE_AFTER else at
    if worse > at:
        is_kept = minute - standing.better_at_minute < KEPT_MINUTES
        return standing.level if is_kept else _ORDER[worse]
    better = max(ranks[-BETTER_AFTER:]) if len(ranks) >= BETTER_AFTER else at
    return _ORDER[min(at, better)]


def _counted(standing: Standing, *, now_ms: int, minutes: int) -> Mapping[str, Uptime]:
    today = day_of(now_ms)
    oldest = f"{datetime.fromtimestamp(now_ms / 1000, UTC) - timedelta(days=DAYS_KEPT - 1):%Y-%m-%d}"
    days = {day: seen for day, seen in standing.days.items() if day >= oldest}
    seen = days.get(today, Uptime())
    is_down = standing.level is Level.OUTAGE
    days[today] = Uptime(
        up_minutes=seen.up_minutes + minutes * (not is_down),
        down_minutes=seen.down_minutes + minutes * is_down,
    )
    return days
