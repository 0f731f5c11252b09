"""What a job needs next, decided from its record and the time alone: the same for whoever asks.

An attempt whose submit was not answered may be working, and billing. Where the upstream takes a repeat under
the same reference for the same purchase, it is asked again. Else an image buys one more at once, while a
video is parked: no second one is bought before the first one's time is over.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from corent.core.tiers import Kind
from corent.jobs.job import (
    TERMINAL,
    Attempt,
    AttemptOutcome,
    Job,
    JobFailure,
    OnRefusal,
    VideoOrder,
)
from corent.routing.offers import Offer
from corent.routing.route import load_route

# How long an upstream may take before the next one is tried.
IMAGE_ATTEMPT_MAX_MS: Final = 60_000
VIDEO_ATTEMPT_MIN_MS: Final = 45_000
# Times a video's slow answer (about p95); catalog rows give it for this length.
VIDEO_PATIENCE: Final = 2
CATALOG_DURATION_S: Final = 5
# How long after its last submit an unanswered purchase is repeated, where it may be.
REPEAT_AFTER_MS: Final = 3_000
# What is left for storing and settling once an upstream has answered.
SETTLE_RESERVE_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Option:
    """An offer that the job's route allows to be tried; `typical_ms` is about its median time, as routed."""

    offer: Offer
    typical_ms: int


@dataclass(frozen=True, slots=True)
class Buy:
    """Buy at this candidate of the route; `again` repeats the last attempt under its reference."""

    offer: Offer
    candidate: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class Watch:
    """The last attempt is being worked on until then, or may be: without a ticket nobody knows."""

    offer: Offer
    until_ms: int


@dataclass(frozen=True, slots=True)
class Abandon:
    """The last attempt has had its time; whatever comes of it now is not waited for."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class Settle:
    """Nothing more is tried: capture when the files are stored (`failure` is None), else release."""

    failure: JobFailure | None


@dataclass(frozen=True, slots=True)
class Ended:
    """The job is settled."""


type Step = Buy | Watch | Abandon | Settle | Ended


def options_of(job: Job, offers: Mapping[tuple[str, str], Offer]) -> tuple[Option, ...]:
    """What the job's route allows to be tried, in order, from the catalog's offers by tier and id."""
    return tuple(
        Option(offer=offers[job.tier, candidate.offer_id], typical_ms=candidate.appraisal.typical_ms)
        for candidate in load_route(job.route).tried
    )


def next_step(
    job: Job, options: Sequence[Option], *, now_ms: int, is_repeatable: Callable[[Offer], bool]
) -> Step:
    """The next step of a job whose route allows these options, in order.

    `is_repeatable` says whether an offer's upstream knows a repeated purchase by its reference.
    """
    if job.state in TERMINAL:
        return Ended()
    if job.files:
        return Settle(failure=None)
    attempts = job.attempts
    if attempts and attempts[-1].outcome in (AttemptOutcome.WORKING, AttemptOutcome.UNKNOWN):
        last = attempts[-1]
        offer = options[last.candidate].offer
        until_ms = attempt_end_ms(job, offer, started_ms=last.started_ms)
        is_working = last.outcome is AttemptOutcome.WORKING
        if now_ms >= until_ms:
            if is_working:
                return Abandon(offer)
        elif is_working:
            return Watch(offer, until_ms)
        elif is_repeatable(offer):
            asked_ms = job.created_at_ms + last.started_ms + last.duration_ms
            if now_ms >= asked_ms + REPEAT_AFTER_MS:
                return Buy(offer, last.candidate, again=True)
            return Watch(offer, until_ms)
        elif job.kind is Kind.VIDEO:
            return Watch(offer, until_ms)
    candidate = _next_candidate(attempts, options)
    failure = _failure(job, options, candidate, now_ms=now_ms)
    if failure is not None or candidate is None:
        return Settle(failure)
    return Buy(options[candidate].offer, candidate)


def attempt_end_ms(job: Job, offer: Offer, *, started_ms: int) -> int:
    """When an attempt that began `started_ms` after its job is over, whatever the upstream says."""
    longest_ms = IMAGE_ATTEMPT_MAX_MS
    if isinstance(job.order, VideoOrder):
        longest_ms = max(VIDEO_ATTEMPT_MIN_MS, VIDEO_PATIENCE * for_length(offer.slow_latency_ms, job.order))
    return min(job.deadline_ms - SETTLE_RESERVE_MS, job.created_at_ms + started_ms + longest_ms)


def for_length(latency_ms: int, order: VideoOrder) -> int:
    """A catalog latency for the ordered length; a short film takes no less than the catalog's."""
    return latency_ms * max(CATALOG_DURATION_S, order.duration_s) // CATALOG_DURATION_S


def begun(job: Job, *, candidate: int, now_ms: int) -> Attempt:
    """An attempt as it is written before its submit: until an answer is known, the outcome is unknown."""
    return Attempt(
        candidate=candidate,
        outcome=AttemptOutcome.UNKNOWN,
        started_ms=now_ms - job.created_at_ms,
        duration_ms=0,
    )


def _next_candidate(attempts: Sequence[Attempt], options: Sequence[Option]) -> int | None:
    """The place of the next option, None after the last. Who refused the content is not asked again."""
    first = attempts[-1].candidate + 1 if attempts else 0
    refusing = {
        options[attempt.candidate].offer.upstream
        for attempt in attempts
        if attempt.outcome is AttemptOutcome.REFUSED
    }
    return next(
        (place for place in range(first, len(options)) if options[place].offer.upstream not in refusing), None
    )


def _failure(job: Job, options: Sequence[Option], candidate: int | None, *, now_ms: int) -> JobFailure | None:
    """Why no further purchase is made, if so."""
    outcomes = [attempt.outcome for attempt in job.attempts]
    if AttemptOutcome.REFUSED in outcomes:
        after_refusal = _after(outcomes, AttemptOutcome.REFUSED)
        if job.order.on_refusal is OnRefusal.FAIL or candidate is None or after_refusal >= 1:
            return JobFailure.CONTENT_REFUSED
    left_ms = job.deadline_ms - now_ms - SETTLE_RESERVE_MS
    if left_ms <= 0:
        return JobFailure.DEADLINE_EXCEEDED
    after_unknown = _after(outcomes, AttemptOutcome.UNKNOWN) if AttemptOutcome.UNKNOWN in outcomes else 0
    if candidate is None or after_unknown >= 1:
        if job.order.image_url and outcomes and set(outcomes) == {AttemptOutcome.INVALID_INPUT}:
            return JobFailure.INVALID_IMAGE_URL
        return JobFailure.TIER_UNAVAILABLE
    typical_ms = options[candidate].typical_ms
    if isinstance(job.order, VideoOrder):
        typical_ms = for_length(typical_ms, job.order)
    return JobFailure.DEADLINE_EXCEEDED if typical_ms > left_ms else None


def _after(outcomes: Sequence[AttemptOutcome], first: AttemptOutcome) -> int:
    """How many attempts came after the first one with that outcome."""
    return len(outcomes) - 1 - outcomes.index(first)
