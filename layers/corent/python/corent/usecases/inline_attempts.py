"""Try the candidates of an image's route inside its caller's wait, until one delivers or the wait is over.

Nothing is written in between: a process that dies here has its job swept, and Corent bears what it bought.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from corent.core.clock import Clock
from corent.core.upstream import Failure, Generated, ImageUpstream, InputImage, UpstreamError, Working
from corent.jobs.job import Attempt, AttemptOutcome, DeliveredFile, ImageOrder, Job, JobFailure
from corent.routing.offers import Offer
from corent.usecases.next_step import (
    SETTLE_RESERVE_MS,
    Buy,
    Settle,
    attempt_end_ms,
    begun,
    next_step,
    options_of,
)
from corent.usecases.store_results import StoreResults
from corent.usecases.upstream_requests import expected_cost_micros, image_request

CALL_TIMEOUT_S: Final = 10.0
# An upstream's own wish is obeyed between these two.
POLL_MIN_S: Final = 0.1
POLL_MAX_S: Final = 10.0
# What fetching a bought result may take, even where its caller's wait is over.
FETCH_MIN_MS: Final = 3_000

# Told of each failed attempt by job, offer and class: for operators, who may know the offer's name.
type Observe = Callable[[str, str, Failure], None]


@dataclass(frozen=True, slots=True)
class Delivered:
    """The results are stored."""

    attempts: tuple[Attempt, ...]
    files: tuple[DeliveredFile, ...]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Time to wait is over; the job goes on elsewhere from these attempts."""

    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """No candidate delivered, or the request was refused."""

    attempts: tuple[Attempt, ...]
    failure: JobFailure


class InlineAttempts:
    """Runs attempts; the caller of `run` settles the job, or hands it on."""

    def __init__(
        self,
        *,
        offers: Mapping[tuple[str, str], Offer],
        upstream: Callable[[str], ImageUpstream],
        store: StoreResults,
        observe: Observe,
        clock: Clock,
    ) -> None:
        self._offers = offers
        self._upstream = upstream
        self._store = store
        self._observe = observe
        self._clock = clock

    def run(
        self, job: Job, order: ImageOrder, *, until_ms: int, image: InputImage | None
    ) -> Delivered | Unfinished | Failed:
        """Make attempts until one delivers, none is left, or `until_ms` comes."""
        options = options_of(job, self._offers)
        while True:
            step = next_step(job, options, now_ms=self._clock.now_ms(), is_repeatable=lambda _offer: False)
            match step:
                case Settle(failure=JobFailure() as failure):
                    return Failed(attempts=job.attempts, failure=failure)
                case Settle():
                    return Delivered(attempts=job.attempts, files=job.files)
                case Buy(offer=offer, candidate=candidate) if self._has_time_for(offer, until_ms=until_ms):
                    now_ms = self._clock.now_ms()
                    attempts = (*job.attempts, begun(job, candidate=candidate, now_ms=now_ms))
                    job = self._attempt(
                        replace(job, attempts=attempts), order, offer, until_ms=until_ms, image=image
                    )
                case _:
                    return Unfinished(attempts=job.attempts)

    def _has_time_for(self, offer: Offer, *, until_ms: int) -> bool:
        """Whether it may be bought here.

        A synchronous upstream holds the connection until it is done and cannot be asked later, so it is
        only bought where there is time for a slow answer.
        """
        needed_ms = 0 if offer.asynchronous else offer.slow_latency_ms
        return needed_ms + SETTLE_RESERVE_MS <= until_ms - self._clock.now_ms()

    def _attempt(
        self, job: Job, order: ImageOrder, offer: Offer, *, until_ms: int, image: InputImage | None
    ) -> Job:
        """The job with its last attempt brought to an end, or left working at `until_ms`."""
        attempt = job.attempts[-1]

        def noted(outcome: AttemptOutcome, **known: Any) -> Job:
            duration_ms = self._clock.now_ms() - job.created_at_ms - attempt.started_ms
            last = replace(attempt, outcome=outcome, duration_ms=duration_ms, **known)
            return replace(job, attempts=(*job.attempts[:-1], last))

        try:
            upstream = self._upstream(offer.upstream)
            request = image_request(
                job, offer, order, attempt=attempt.candidate + 1, image=image, callback_url=None
            )
            step = upstream.submit(
                request, model=offer.model, timeout_s=self._submit_timeout_s(offer, end_ms=until_ms)
            )
            end_ms = attempt_end_ms(job, offer, started_ms=attempt.started_ms)
            while isinstance(step, Working):
                pause_s = min(POLL_MAX_S, max(POLL_MIN_S, step.poll_after_s))
                ask_at_ms = self._clock.now_ms() + round(pause_s * 1000)
                if ask_at_ms >= end_ms:
                    raise UpstreamError(Failure.UNAVAILABLE, "took longer than an attempt may")
                if ask_at_ms + SETTLE_RESERVE_MS > until_ms:
                    return noted(AttemptOutcome.WORKING, ticket=step.ticket)
                self._clock.sleep(pause_s)
                step = self._check(upstream, step, end_ms=min(end_ms, until_ms))
            files = self._store(job, step, until_ms=max(until_ms, self._clock.now_ms() + FETCH_MIN_MS))
        except UpstreamError as error:
            self._observe(job.id, offer.id, error.failure)
            return noted(AttemptOutcome(error.failure.value), retry_after_ms=error.retry_after_ms)
        said_micros = step.cost_micros
        cost_micros = expected_cost_micros(offer, order) if said_micros is None else said_micros
        return replace(noted(AttemptOutcome.COMPLETED, cost_micros=cost_micros), files=files)

    def _submit_timeout_s(self, offer: Offer, *, end_ms: int) -> float:
        left_s = max(1.0, (end_ms - SETTLE_RESERVE_MS - self._clock.now_ms()) / 1000)
        return min(CALL_TIMEOUT_S, left_s) if offer.asynchronous else left_s

    def _check(self, upstream: ImageUpstream, working: Working, *, end_ms: int) -> Generated | Working:
        """Ask once. An upstream that cannot be asked just now may still be working on it."""
        left_s = max(1.0, (end_ms - self._clock.now_ms()) / 1000)
        try:
            return upstream.check(working.ticket, timeout_s=min(CALL_TIMEOUT_S, left_s))
        except UpstreamError as error:
            if error.failure in (Failure.UNKNOWN, Failure.RATE_LIMITED):
                return replace(working, poll_after_s=max(1.0, error.retry_after_s or 0.0))
            raise
