"""What is known of one tier: its last minutes, its last jobs, how long they usually take, its failovers.

Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import ceil, log
from typing import Final

from corent.core.clock import day_of

MINUTE_MS: Final = 60_000
MINUTES_KEPT: Final = 5
JOBS_KEPT: Final = 50
# Jobs that ended longer ago say nothing about how long one takes now.
RECENT_MS: Final = 900_000
DAYS_COMPARED: Final = 7
# Times are kept as counts of steps of a quarter, for days: step n ends at 100 ms x 1.25^n.
STEP_FIRST_MS: Final = 100
STEP_RATIO: Final = 1.25
# Failovers may be RETRY_SHARE of the requests, and a few more after a quiet time. The spare ones come anew as
# the others fade, so that time is long: else they alone would be a third of a request every two seconds.
RETRY_SHARE: Final = 0.2
RETRIES_SPARE: Final = 5.0
RETRY_HALF_MS: Final = 120_000


@dataclass(frozen=True, slots=True)
class JobEnded:
    """One job as its caller saw it. `retries` are its attempts beyond the first.

    `success` is None where its end says nothing of the tier: refused, cancelled.
    """

    tier: str
    ended_at_ms: int
    success: bool | None
    time_ms: int
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Minute:
    """Calls to a tier's implementations that ended in one minute, live and probes, weighted and plain."""

    succeeded: int = 0
    all: int = 0
    calls: int = 0
    failures: int = 0

    def __add__(self, other: "Minute") -> "Minute":
        return Minute(
            self.succeeded + other.succeeded,
            self.all + other.all,
            self.calls + other.calls,
            self.failures + other.failures,
        )


@dataclass(frozen=True, slots=True)
class TierEvidence:
    """`minutes` by minutes since the epoch. `jobs` are (ended at, success, took), oldest first.

    `times` by day count the successes by their step. `requests` and `retries` fade, and stood so at
    `retries_at_ms`.
    """

    minutes: Mapping[int, Minute] = field(default_factory=dict)
    jobs: tuple[tuple[int, bool, int], ...] = ()
    times: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    requests: float = 0.0
    retries: float = 0.0
    retries_at_ms: int = 0


def with_call(tier: TierEvidence, *, success: bool, weight: int, now_ms: int) -> TierEvidence:
    """With one call to one of its implementations, live or a probe, that ended now."""
    minute = now_ms // MINUTE_MS
    kept = {at: seen for at, seen in tier.minutes.items() if at > minute - MINUTES_KEPT}
    call = Minute(succeeded=weight * success, all=weight, calls=1, failures=int(not success))
    return replace(tier, minutes={**kept, minute: kept.get(minute, Minute()) + call})


def with_job(tier: TierEvidence, job: JobEnded, *, now_ms: int) -> TierEvidence:
    """With one job more."""
    fade: float = 0.5 ** (max(0, now_ms - tier.retries_at_ms) / RETRY_HALF_MS)
    counted = replace(
        tier,
        requests=tier.requests * fade + 1,
        retries=tier.retries * fade + job.retries,
        retries_at_ms=max(now_ms, tier.retries_at_ms),
    )
    if job.success is None:
        return counted
    jobs = (*counted.jobs, (job.ended_at_ms, job.success, job.time_ms))[-JOBS_KEPT:]
    if not job.success:
        return replace(counted, jobs=jobs)
    day, step = day_of(now_ms), _step(job.time_ms)
    oldest = f"{datetime.fromtimestamp(now_ms / 1000, UTC) - timedelta(days=DAYS_COMPARED):%Y-%m-%d}"
    times = {when: counts for when, counts in counted.times.items() if when >= oldest}
    times[day] = {**times.get(day, {}), step: times.get(day, {}).get(step, 0) + 1}
    return replace(counted, jobs=jobs, times=times)


def last_minutes(tier: TierEvidence, *, now_ms: int) -> Minute:
    """All that ended in the last MINUTES_KEPT minutes."""
    oldest = now_ms // MINUTE_MS - MINUTES_KEPT
    return sum((seen for at, seen in tier.minutes.items() if at > oldest), Minute())


def recent_times_ms(tier: TierEvidence, *, now_ms: int) -> list[int]:
    """How long the successful ones of its last jobs took, as far as they are recent."""
    return [took for ended, success, took in tier.jobs if success and now_ms - ended <= RECENT_MS]


def last_jobs(tier: TierEvidence, *, now_ms: int, since_ms: int = RECENT_MS) -> list[bool]:
    """Whether its last jobs succeeded, of those that ended so shortly ago."""
    return [success for ended, success, _ in tier.jobs if now_ms - ended <= since_ms]


def usual_slow_ms(tier: TierEvidence, *, today: str, results_min: int) -> int | None:
    """The p95 of the days before today, to a step; None below that many results.

    Without today: what is slow now would soon be what is usual.
    """
    steps: dict[int, int] = {}
    for counts in (counts for day, counts in tier.times.items() if day < today):
        for step, count in counts.items():
            steps[step] = steps.get(step, 0) + count
    total = sum(steps.values())
    if total < results_min:
        return None
    left = ceil(total * 0.95)
    for step in sorted(steps):
        left -= steps[step]
        if left <= 0:
            return round(STEP_FIRST_MS * STEP_RATIO**step)
    raise AssertionError("the counts of all steps are the total")


def may_retry(tier: TierEvidence, *, now_ms: int) -> bool:
    """Whether its failovers are within their share of its requests."""
    fade: float = 0.5 ** (max(0, now_ms - tier.retries_at_ms) / RETRY_HALF_MS)
    return tier.retries * fade <= RETRY_SHARE * tier.requests * fade + RETRIES_SPARE


def _step(time_ms: int) -> int:
    return max(0, ceil(log(max(time_ms, 1) / STEP_FIRST_MS, STEP_RATIO)))
