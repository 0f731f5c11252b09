"""Cancel a batch: what has not ended is stopped, its money goes back; what was delivered stays charged."""

from typing import Final

from corent.core.clock import Clock
from corent.core.errors import JobNotCancellableError
from corent.jobs.batch import Batch, BatchState
from corent.jobs.job import TERMINAL
from corent.jobs.store import BatchStore, JobStore
from corent.usecases.authenticate import Caller
from corent.usecases.cancel_job import tell_cancelled
from corent.usecases.executions import LookSoon
from corent.usecases.read_batches import ReadBatches
from corent.usecases.settle_batch import SettleBatch
from corent.usecases.settle_job import SettleJob

# What cannot be stopped within this is stopped by the sweep: the caller's request must be answered.
CANCEL_S: Final = 20.0
SWEPT_AFTER_S: Final = 30


class CancelBatch:
    """Marks the batch first, so that a death half-way leaves the rest to the sweep."""

    def __init__(
        self,
        *,
        read: ReadBatches,
        batches: BatchStore,
        jobs: JobStore,
        settle_job: SettleJob,
        settle_batch: SettleBatch,
        look_soon: LookSoon,
        clock: Clock,
    ) -> None:
        self._read = read
        self._batches = batches
        self._jobs = jobs
        self._settle_job = settle_job
        self._settle_batch = settle_batch
        self._look_soon = look_soon
        self._clock = clock

    def __call__(self, batch_id: str, *, caller: Caller) -> Batch:
        """The batch as it stands afterwards. May be repeated.

        Raises NotFoundError, and JobNotCancellableError for one that had ended otherwise.
        """
        until_s = self._clock.monotonic_s() + CANCEL_S
        batch = self._read.get(batch_id, caller=caller)
        look_at_s = self._clock.now_ms() // 1000 + SWEPT_AFTER_S
        if self._batches.advance(batch_id, look_at_s=look_at_s, stopping=True):
            batch = self._read.get(batch_id, caller=caller)
            self._stop_jobs(batch, until_s=until_s)
        batch = self._settle_batch(self._read.get(batch_id, caller=caller))
        if batch.state is BatchState.COMPLETED:
            raise JobNotCancellableError("The batch has ended.")
        return batch

    def _stop_jobs(self, batch: Batch, *, until_s: float) -> None:
        # From the end: what is under way or next comes first in the order of the request.
        for job in reversed(self._batches.read_jobs(batch)):
            if self._clock.monotonic_s() >= until_s:
                return
            if job.state in TERMINAL:
                continue
            if job.staged:
                self._jobs.admit(job)
            tell_cancelled(self._settle_job.cancel(job), look_soon=self._look_soon)
