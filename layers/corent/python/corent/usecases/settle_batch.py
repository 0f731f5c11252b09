"""End a batch once every one of its jobs has ended; from that moment its caller's webhook is owed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from corent.core.clock import Clock
from corent.core.errors import InternalError
from corent.jobs.batch import Batch, BatchEnd, BatchState
from corent.jobs.job import TERMINAL, Job, JobState
from corent.jobs.store import BatchStore
from corent.ledger.outcomes import Settlement
from corent.usecases.job_ledger import JobLedger

CLOSE_TIMEOUT_S: Final = 10.0


class SettleBatch:
    """May be repeated; a batch that somebody else ended stays as it was."""

    def __init__(self, *, ledger: JobLedger, batches: BatchStore, clock: Clock) -> None:
        self._ledger = ledger
        self._batches = batches
        self._clock = clock

    def __call__(self, batch: Batch, jobs: Sequence[Job]) -> Batch:
        """The batch as it stands now: still processing while one of its jobs is.

        `jobs` are all of its jobs, not older than `batch`: one that has ended does not change.
        """
        if batch.state is not BatchState.PROCESSING:
            return batch
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
            stopping=batch.stopping,
        )
        settlement = self._ledger.close_batch(
            end,
            wallet_id=batch.wallet_id,
            batch_id=batch.id,
            deadline_s=self._clock.monotonic_s() + CLOSE_TIMEOUT_S,
        )
        if settlement is Settlement.DONE:
            return replace(batch, state=end.state, finished_at_ms=end.finished_at_ms)
        stored = self._batches.read(batch.id)
        if stored is None or (stored.state is BatchState.PROCESSING and stored.stopping == batch.stopping):
            raise InternalError(f"{batch.id} could not be ended")
        # Ended by another; or a cancel came in between, which decides what the batch ends as.
        return self(stored, jobs)
