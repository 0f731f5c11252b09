"""Fold what live jobs show into the health document: each attempt as it ends, each job as it ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from corent.core.clock import Clock, day_of
from corent.core.upstream import Failure
from corent.health.document import (
    Call,
    Cost,
    HealthDocument,
    fold_calls,
    fold_costs,
    fold_jobs,
)
from corent.health.evidence import Observation
from corent.health.store import HealthStore
from corent.health.tiers import JobEnded
from corent.jobs.job import TERMINAL, Attempt, AttemptOutcome, Job, JobFailure, JobState, VideoOrder
from corent.routing.offers import Offer
from corent.routing.route import Appraisal, load_route
from corent.usecases.next_step import CATALOG_DURATION_S
from corent.usecases.upstream_requests import expected_cost_micros

# A call that ended longer ago says nothing about now: a stream that was held up must not open a breaker.
TOLD_WITHIN_MS: Final = 300_000
# Says nothing of the upstream: it was not waited for.
NOT_ENDED: Final = frozenset({AttemptOutcome.WORKING, AttemptOutcome.ABANDONED})
# Begun, or its answer was lost and it may yet be found; or delivered: an execution writes that before it
# settles the job, and the stream tells of the second write only.
ENDS_WITH_ITS_JOB: Final = frozenset({AttemptOutcome.UNKNOWN, AttemptOutcome.COMPLETED})
CALLERS_DOING: Final = frozenset({JobFailure.CONTENT_REFUSED, JobFailure.INVALID_IMAGE_URL})


@dataclass(frozen=True, slots=True)
class JobChange:
    """A job before and after a write; `before` is None where it was made by it."""

    before: Job | None
    after: Job


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """An attempt that ended by a write, with its job as it stood then and its offer as it was appraised."""

    job: Job
    attempt: Attempt
    appraisal: Appraisal


class JobResult(StrEnum):
    """How a job ended, as far as it says something of its tier: the last two are callers' doing."""

    COMPLETED = "completed"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


_SAYS_NOTHING: Final = frozenset({JobResult.REFUSED, JobResult.CANCELLED})


@dataclass(frozen=True, slots=True)
class JobSeen:
    """One job that ended. `failovers` are its attempts beyond the first, `charged_micros` what was paid."""

    job_id: str
    tier: str
    result: JobResult
    ended_at_ms: int
    time_ms: int
    failovers: int
    charged_micros: int


@dataclass(frozen=True, slots=True)
class AttemptSeen:
    """One attempt that ended; `cost_micros` is 0 where nobody knows what it cost."""

    job_id: str
    offer_id: str
    outcome: AttemptOutcome
    time_ms: int
    cost_micros: int

    @property
    def is_delivered(self) -> bool:
        return self.outcome is AttemptOutcome.COMPLETED


@dataclass(frozen=True, slots=True)
class Folded:
    """What ended by some changes: each attempt and each job once, of live keys only."""

    attempts: tuple[AttemptSeen, ...] = ()
    jobs: tuple[JobSeen, ...] = ()


class FoldHealth:
    """Live results of paying callers; test keys script their outcomes and do not count."""

    def __init__(self, *, health: HealthStore, offers: Mapping[tuple[str, str], Offer], clock: Clock) -> None:
        self._health = health
        self._offers = offers
        self._clock = clock

    def __call__(self, changes: Sequence[JobChange]) -> Folded:
        """Fold those changes; what ended by them.

        A change folded twice counts twice: good enough for averages. Raises HealthContendedError.
        """
        live = [change for change in changes if not change.after.wallet_id.endswith(".test")]
        ended = [each for change in live for each in ended_attempts(change)]
        now_ms = self._clock.now_ms()
        calls = [call for each in ended if (call := self._call(each, now_ms=now_ms))]
        costs = [cost for each in ended if (cost := _cost(each))]
        seen = Folded(
            attempts=tuple(_attempt_seen(each) for each in ended),
            jobs=tuple(_job_seen(change.after) for change in live if _has_ended(change)),
        )
        jobs = [_job_ended(job) for job in seen.jobs]
        if not (calls or costs or jobs):
            return seen

        def fold(document: HealthDocument) -> HealthDocument:
            folded = fold_costs(fold_calls(document, calls, now_ms=now_ms), costs)
            return fold_jobs(folded, jobs, now_ms=now_ms)

        self._health.update(fold)
        return seen

    def _call(self, ended: EndedAttempt, *, now_ms: int) -> Call | None:
        job, attempt, offer_id = ended.job, ended.attempt, ended.appraisal.offer_id
        ended_at_ms = job.created_at_ms + attempt.started_ms + attempt.duration_ms
        if now_ms - ended_at_ms > TOLD_WITHIN_MS:
            return None
        offer = self._offers.get((job.tier, offer_id))
        expected_micros = expected_cost_micros(offer, job.order) if offer is not None else 0
        paid = attempt.cost_micros if expected_micros else None
        seen = Observation(
            offer_id=offer_id,
            upstream=ended.appraisal.upstream,
            ended_at_ms=ended_at_ms,
            failure=_failure(attempt),
            time_ms=_catalog_time_ms(job, attempt),
            cost_ratio=None if paid is None else paid / expected_micros,
            retry_after_ms=attempt.retry_after_ms,
        )
        return Call(observation=seen, tiers=(job.tier,))


def ended_attempts(change: JobChange) -> list[EndedAttempt]:
    """The attempts that ended by that write. Raises for a broken record."""
    job, before = change.after, change.before
    candidates = load_route(job.route).candidates
    ended = []
    for place, attempt in enumerate(job.attempts):
        appraisal = candidates[attempt.candidate].appraisal  # A record that names no offer is broken.
        was = before.attempts[place] if before is not None and place < len(before.attempts) else None
        had_ended = was is not None and before is not None and _is_ended(was, before)
        if _is_ended(attempt, job) and not had_ended:
            ended.append(EndedAttempt(job=job, attempt=attempt, appraisal=appraisal))
    return ended


def _is_ended(attempt: Attempt, job: Job) -> bool:
    if attempt.outcome in ENDS_WITH_ITS_JOB:
        return job.state in TERMINAL
    return attempt.outcome not in NOT_ENDED


def _has_ended(change: JobChange) -> bool:
    was_open = change.before is None or change.before.state not in TERMINAL
    return was_open and change.after.state in TERMINAL


def _cost(ended: EndedAttempt) -> Cost | None:
    """What it cost, as far as known."""
    job, attempt = ended.job, ended.attempt
    if not attempt.cost_micros:
        return None
    return Cost(
        upstream=ended.appraisal.upstream,
        micros=attempt.cost_micros,
        day=day_of(job.created_at_ms + attempt.started_ms),
    )


def _job_ended(job: JobSeen) -> JobEnded:
    return JobEnded(
        tier=job.tier,
        ended_at_ms=job.ended_at_ms,
        success=None if job.result in _SAYS_NOTHING else job.result is JobResult.COMPLETED,
        time_ms=job.time_ms,
        retries=job.failovers,
    )


def _job_seen(job: Job) -> JobSeen:
    result = _result(job)
    ended_at_ms = job.created_at_ms if job.finished_at_ms is None else job.finished_at_ms
    return JobSeen(
        job_id=job.id,
        tier=job.tier,
        result=result,
        ended_at_ms=ended_at_ms,
        time_ms=ended_at_ms - job.created_at_ms,
        failovers=max(0, len(job.attempts) - 1),
        charged_micros=job.hold_micros if result is JobResult.COMPLETED else 0,
    )


def _attempt_seen(ended: EndedAttempt) -> AttemptSeen:
    attempt = ended.attempt
    return AttemptSeen(
        job_id=ended.job.id,
        offer_id=ended.appraisal.offer_id,
        outcome=attempt.outcome,
        time_ms=attempt.duration_ms,
        cost_micros=attempt.cost_micros or 0,
    )


def _result(job: Job) -> JobResult:
    if job.state is JobState.CANCELLED:
        return JobResult.CANCELLED
    if job.failure in CALLERS_DOING:
        return JobResult.REFUSED
    return JobResult.COMPLETED if job.state is JobState.COMPLETED else JobResult.FAILED


def _failure(attempt: Attempt) -> Failure | None:
    is_delivered = attempt.outcome is AttemptOutcome.COMPLETED
    return None if is_delivered else Failure(attempt.outcome.value)


def _catalog_time_ms(job: Job, attempt: Attempt) -> int:
    """How long it took; a long video's time brought to the length that the catalog gives times for."""
    if not isinstance(job.order, VideoOrder):
        return attempt.duration_ms
    return attempt.duration_ms * CATALOG_DURATION_S // max(CATALOG_DURATION_S, job.order.duration_s)
