"""End a job: capture with its files, or release with its failure. Exactly one of the two wins."""

from dataclasses import replace
from typing import Final

from corent.core.clock import Clock
from corent.core.errors import InternalError
from corent.jobs.job import Attempt, AttemptOutcome, Job, JobEnd, JobFailure, JobState
from corent.jobs.store import JobStore
from corent.ledger.outcomes import Settlement
from corent.ledger.store import KeyLimit
from corent.usecases.job_ledger import JobLedger

SETTLE_TIMEOUT_S: Final = 10.0


class SettleJob:
    """Settles a job as its attempts and files stand, and answers what is stored afterwards.

    Everything here may be repeated; a job that somebody else settled first stays as it was.
    """

    def __init__(self, *, ledger: JobLedger, jobs: JobStore, clock: Clock) -> None:
        self._ledger = ledger
        self._jobs = jobs
        self._clock = clock

    def deliver(self, job: Job) -> Job:
        """Charge the quote and complete the job, whose files are stored."""
        end = JobEnd(
            state=JobState.COMPLETED,
            attempts=job.attempts,
            files=job.files,
            finished_at_ms=self._clock.now_ms(),
            owes_webhook=job.webhook is not None,
        )
        settlement = self._ledger.capture(
            end,
            wallet_id=job.wallet_id,
            job_id=job.id,
            amount_micros=job.hold_micros,
            cause=job.request_id,
            deadline_s=self._clock.monotonic_s() + SETTLE_TIMEOUT_S,
            in_batch=job.batch_id is not None,
        )
        return self._after(job, end, settlement)

    def end(self, job: Job, *, failure: JobFailure) -> Job:
        """Settle a job whose execution will not: charged if its files are stored, else failed."""
        return self.deliver(job) if job.files else self.fail(job, failure)

    def fail(self, job: Job, failure: JobFailure) -> Job:
        """Give the hold back and fail the job."""
        return self._release(job, JobState.FAILED, attempts=job.attempts, failure=failure)

    def cancel(self, job: Job) -> Job:
        """Give the hold back and cancel the job; an attempt under way is abandoned, with its ticket kept."""
        attempts = job.attempts
        if attempts and attempts[-1].outcome is AttemptOutcome.WORKING:
            attempts = (*attempts[:-1], replace(attempts[-1], outcome=AttemptOutcome.ABANDONED))
        released = self._release(job, JobState.CANCELLED, attempts=attempts, failure=None)
        # A failure that came first posted the same release: only what is stored tells them apart.
        return self._jobs.read(job.id) or released

    def _release(
        self, job: Job, state: JobState, *, attempts: tuple[Attempt, ...], failure: JobFailure | None
    ) -> Job:
        if job.staged:
            self._jobs.admit(job)  # Its part of the batch's hold must be its own to be given back.
        end = JobEnd(
            state=state,
            attempts=attempts,
            failure=failure,
            finished_at_ms=self._clock.now_ms(),
            owes_webhook=job.webhook is not None,
        )
        settlement = self._ledger.release(
            end,
            wallet_id=job.wallet_id,
            job_id=job.id,
            amount_micros=job.hold_micros,
            cause=job.request_id,
            deadline_s=self._clock.monotonic_s() + SETTLE_TIMEOUT_S,
            in_batch=job.batch_id is not None,
            key_limit=_spent_by(job),
        )
        return self._after(job, end, settlement)

    def _after(self, job: Job, end: JobEnd, settlement: Settlement) -> Job:
        if settlement is Settlement.DONE:
            return replace(
                job,
                state=end.state,
                attempts=tuple(attempt.settled() for attempt in end.attempts),
                files=end.files,
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
