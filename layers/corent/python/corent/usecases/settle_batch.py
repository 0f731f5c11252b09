"""End a batch once every one of its jobs has ended; from that moment its caller's webhook is owed."""

from typing import Final

from corent.core.clock import Clock
from corent.core.errors import InternalError
from corent.jobs.batch import Batch, BatchEnd, BatchState
from corent.jobs.job import TERMINAL, JobState
from corent.jobs.store import BatchStore
from corent.usecases.job_ledger import JobLedger

CLOSE_TIMEOUT_S: Final = 10.0


class SettleBatch:
    """May be repeated; a batch that somebody else ended stays as it was."""

    def __init__(self, *, ledger: JobLedger, batches: BatchStore, clock: Clock) -> None:
        self._ledger = ledger
        self._batches = batches
        self._clock = clock

    def __call__(self, batch: Batch) -> Batch:
        """The batch as it stands now: still processing while one of its jobs is."""
        if batch.state is not BatchState.PROCESSING:
            return batch
        jobs = self._batches.read_jobs(batch)
        if len(jobs) != batch.size:
            raise InternalError(f"{batch.id} has {len(jobs)} of {batch.size} jobs")
        states = {job.state for job in jobs}
        if not states <= TERMINAL:
            return batch
        is_cancelled = batch.stopping and JobState.CANCELLED in states
        end = BatchEnd(
            state=BatchState.CANCELLED if is_cancelled else BatchState.COMPLETED,
            finished_at_ms=self._clock.now_ms(),
            owes_webhook=batch.webhook is not None,
        )
        self._ledger.close_batch(
            end,
            wallet_id=batch.wallet_id,
            batch_id=batch.id,
            deadline_s=self._clock.monotonic_s() + CLOSE_TIMEOUT_S,
        )
        stored = self._batches.read(batch.id)
        if stored is None or stored.state is BatchState.PROCESSING:
            raise InternalError(f"{batch.id} could not be ended")
        return stored
