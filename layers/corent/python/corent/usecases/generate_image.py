"""Generate images: hold the money, try the ranked offers, settle, all inside the caller's wait.

What is not ready in that time, or was not to be waited for, is carried on by the state machine. A death
between any two steps leaves a hold, never a charge; the sweep ends it.
"""

from dataclasses import dataclass, replace

from corent.core.clock import Clock
from corent.jobs.job import START_GRACE_S, ImageOrder, Job, JobFailure, JobState
from corent.jobs.store import JobStore
from corent.routing.route import load_route
from corent.usecases.executions import Start, start_soon
from corent.usecases.inline_attempts import Delivered, Failed, InlineAttempts
from corent.usecases.place_order import PlaceOrder
from corent.usecases.purchase import Purchase
from corent.usecases.settle_job import SettleJob


@dataclass(frozen=True, slots=True)
class Answer:
    """The job after the wait. `replayed` when an earlier request with the same key made it."""

    job: Job
    replayed: bool

    @property
    def retry_after_s(self) -> int:
        """When an offer that the job had to do without may be tried again; 0 where there was none."""
        return load_route(self.job.route).wait_s


class GenerateImage:
    """Takes an order to its end, or hands it on."""

    def __init__(
        self,
        *,
        place: PlaceOrder,
        attempts: InlineAttempts,
        settle: SettleJob,
        jobs: JobStore,
        start: Start,
        clock: Clock,
    ) -> None:
        self._place = place
        self._attempts = attempts
        self._settle = settle
        self._jobs = jobs
        self._start = start
        self._clock = clock

    def __call__(self, order: ImageOrder, purchase: Purchase) -> Answer:
        """Return the job: completed and charged once, failed and not charged, or going on elsewhere.

        Raises what `PlaceOrder` raises, with nothing held.
        """
        placed = self._place(order, purchase)
        job = placed.job
        if not placed.is_new:
            return Answer(job=job, replayed=True)
        if job.deferred:
            start_soon(job.id, start=self._start)
            return Answer(job=job, replayed=False)
        until_ms = job.created_at_ms + round(purchase.wait_s * 1000)
        try:
            outcome = self._attempts.run(job, order, until_ms=until_ms, image=placed.image)
        except Exception:
            self._settle.fail(job, JobFailure.TIER_UNAVAILABLE)
            raise
        tried = replace(job, attempts=outcome.attempts)
        if isinstance(outcome, Delivered):
            job = self._settle.deliver(replace(tried, files=outcome.files))
        elif isinstance(outcome, Failed):
            job = self._settle.fail(tried, outcome.failure)
        else:
            job = self._hand_on(tried)
        return Answer(job=job, replayed=False)

    def _hand_on(self, job: Job) -> Job:
        """Let the state machine carry the job on."""
        look_at_s = self._clock.now_ms() // 1000 + START_GRACE_S
        if self._jobs.defer(job.id, attempts=job.attempts, look_at_s=look_at_s):
            start_soon(job.id, start=self._start)
        return replace(job, state=JobState.PROCESSING, deferred=True)
