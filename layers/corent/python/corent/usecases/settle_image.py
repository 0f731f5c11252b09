"""End an image job: capture with its results, or release with its failure. Exactly one of the two wins."""

from dataclasses import replace
from typing import Final

from corent.core.clock import Clock
from corent.core.errors import InternalError
from corent.jobs.job import Job, JobEnd, JobFailure, JobState
from corent.jobs.store import JobStore
from corent.ledger.ledger import Ledger, Settlement
from corent.ledger.store import KeyLimit
from corent.usecases.image_attempts import Delivered, Failed

SETTLE_TIMEOUT_S: Final = 10.0


class SettleImage:
    """Settles a job and answers what is stored afterwards."""

    def __init__(self, *, ledger: Ledger[Job, JobEnd], jobs: JobStore, clock: Clock) -> None:
        self._ledger = ledger
        self._jobs = jobs
        self._clock = clock

    def deliver(self, job: Job, delivered: Delivered) -> Job:
        """Charge the quote and complete the job. May be repeated; a job that was released first stays so."""
        end = JobEnd(
            state=JobState.COMPLETED,
            attempts=delivered.attempts,
            images=delivered.images,
            finished_at_ms=self._clock.now_ms(),
        )
        settlement = self._ledger.capture(
            end,
            wallet_id=job.wallet_id,
            job_id=job.id,
            amount_micros=job.hold_micros,
            cause=job.request_id,
            deadline_s=self._clock.monotonic_s() + SETTLE_TIMEOUT_S,
        )
        return self._after(job, end, settlement)

    def fail(self, job: Job, failed: Failed | None = None) -> Job:
        """Give the hold back and fail the job; `failed` is None when the work broke off inside Corent."""
        end = JobEnd(
            state=JobState.FAILED,
            attempts=failed.attempts if failed else job.attempts,
            failure=failed.failure if failed else JobFailure.TIER_UNAVAILABLE,
            finished_at_ms=self._clock.now_ms(),
        )
        settlement = self._ledger.release(
            end,
            wallet_id=job.wallet_id,
            job_id=job.id,
            amount_micros=job.hold_micros,
            cause=job.request_id,
            deadline_s=self._clock.monotonic_s() + SETTLE_TIMEOUT_S,
            key_limit=_spent_by(job),
        )
        return self._after(job, end, settlement)

    def _after(self, job: Job, end: JobEnd, settlement: Settlement) -> Job:
        if settlement is Settlement.DONE:
            return replace(
                job,
                state=end.state,
                attempts=end.attempts,
                images=end.images,
                failure=end.failure,
                finished_at_ms=end.finished_at_ms,
            )
        stored = self._jobs.read(job.id)
        if stored is None:
            raise InternalError(f"{job.id} was settled by another and is gone")
        return stored


def _spent_by(job: Job) -> KeyLimit | None:
    """Where a release takes the price off the key's spending again."""
    if job.key_sha256 is None or job.spent_month is None:
        return None
    return KeyLimit(key_sha256=job.key_sha256, month=job.spent_month, limit_micros=0)
