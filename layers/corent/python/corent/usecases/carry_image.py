"""Carry on an image job that was not ready inside its caller's wait."""

from functools import cache
from typing import Final

from corent.core.clock import Clock
from corent.core.errors import InvalidRequestError
from corent.core.fetching import Fetch
from corent.core.upstream import InputImage
from corent.jobs.job import TERMINAL, Attempt, Job, JobFailure
from corent.jobs.store import JobStore
from corent.usecases.generate_image import fetch_input_image
from corent.usecases.image_attempts import Delivered, Failed, ImageAttempts, Unfinished
from corent.usecases.settle_image import SettleImage

LEASE_MS: Final = 300_000


class CarryImage:
    """Works a deferred job to its end. Safe to be invoked twice: one worker holds the lease."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        attempts: ImageAttempts,
        settle: SettleImage,
        fetch_input: Fetch,
        clock: Clock,
    ) -> None:
        self._jobs = jobs
        self._attempts = attempts
        self._settle = settle
        self._fetch_input = fetch_input
        self._clock = clock

    def __call__(self, job_id: str, *, worker: str) -> Job | None:
        """The job as it ended, or None when there was nothing to do.

        `worker` names the invocation: its repeat goes on with what was recorded. A purchase whose outcome
        was not recorded counts as unknown and is not made again.
        """
        job = self._jobs.read(job_id)
        if job is None or job.state in TERMINAL:
            return None
        now_ms = self._clock.now_ms()
        if not self._jobs.claim(job_id, worker=worker, now_ms=now_ms, until_ms=now_ms + LEASE_MS):
            return None
        claimed = self._jobs.read(job_id) or job

        def record(attempts: tuple[Attempt, ...]) -> None:
            if not self._jobs.record_attempts(job_id, attempts=attempts):
                raise SettledElsewhereError(job_id)

        @cache
        def picture() -> InputImage | None:
            # Only where something is bought: the caller's link may be gone by the time a ticket is done.
            url = claimed.order.image_url
            return fetch_input_image(url, fetch=self._fetch_input) if url else None

        try:
            outcome = self._attempts.run(
                claimed, until_ms=claimed.deadline_ms, picture=picture, record=record
            )
        except InvalidRequestError:
            outcome = Failed(attempts=claimed.attempts, failure=JobFailure.INVALID_IMAGE_URL)
        except SettledElsewhereError:
            return self._jobs.read(job_id)
        if isinstance(outcome, Delivered):
            return self._settle.deliver(claimed, outcome)
        if isinstance(outcome, Unfinished):
            outcome = Failed(attempts=outcome.attempts, failure=JobFailure.DEADLINE_EXCEEDED)
        return self._settle.fail(claimed, outcome)


class SettledElsewhereError(Exception):
    """The job ended while this worker was at it; nothing more may be bought for it."""
