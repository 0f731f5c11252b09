"""Cancel a batch: what has not ended is stopped, its money goes back; what was delivered stays charged."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from corent.core.clock import Clock
from corent.core.errors import JobNotCancellableError
from corent.jobs.batch import BatchState
from corent.jobs.job import TERMINAL, Job
from corent.jobs.store import BatchStore
from corent.usecases.authenticate import Caller
from corent.usecases.cancel_job import tell_cancelled
from corent.usecases.executions import LookSoon
from corent.usecases.read_batches import BatchView, ReadBatches
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
        settle_job: SettleJob,
        settle_batch: SettleBatch,
        look_soon: LookSoon,
        clock: Clock,
    ) -> None:
        self._read = read
        self._batches = batches
        self._settle_job = settle_job
        self._settle_batch = settle_batch
        self._look_soon = look_soon
        self._clock = clock

    def __call__(self, batch_id: str, *, caller: Caller) -> BatchView:
        """The batch and its jobs as they stand afterwards. May be repeated.

        Raises NotFoundError, and JobNotCancellableError for one that had ended otherwise.
        """
        until_s = self._clock.monotonic_s() + CANCEL_S
        batch = self._read.get(batch_id, caller=caller)
        look_at_s = self._clock.now_ms() // 1000 + SWEPT_AFTER_S
        if self._batches.advance(batch_id, look_at_s=look_at_s, stopping=True):
            jobs = self._stopped(self._batches.read_jobs(batch), until_s=until_s)
            view = BatchView(batch=self._settle_batch(replace(batch, stopping=True), jobs), jobs=jobs)
        else:  # It has ended, if not when it was read.
            view = self._read.view(batch_id, caller=caller)
        if view.batch.state is BatchState.COMPLETED:
            raise JobNotCancellableError("The batch has ended.")
        return view

    def _stopped(self, jobs: Sequence[Job], *, until_s: float) -> tuple[Job, ...]:
        """The jobs in their order, as they stand once those that had not ended were stopped."""
        after = list(jobs)
        # From the end: what is under way or next comes first in the order of the request.
        for place in reversed(range(len(jobs))):
            if self._clock.monotonic_s() >= until_s:
                break
            if jobs[place].state not in TERMINAL:
                after[place] = self._settle_job.cancel(jobs[place])
                tell_cancelled(after[place], look_soon=self._look_soon)
        return tuple(after)
