"""Carry a batch: the two steps of statemachines/batch.asl.json, and what is done when that breaks.

Between the steps the machine runs one execution of the other machine for each job, a few at a time. Each
step reads what is stored and does what is missing, so it may die and be repeated.
"""

from typing import Final

from corent.core.clock import Clock
from corent.core.errors import TemporarilyUnavailableError
from corent.jobs.batch import Batch, BatchState
from corent.jobs.job import TERMINAL, Job, JobFailure, JobState
from corent.jobs.store import BatchStore, JobStore
from corent.usecases.executions import Start, start_soon
from corent.usecases.settle_batch import SettleBatch
from corent.usecases.settle_job import SettleJob

# How long after a look at an open batch the sweep looks again.
LOOK_AGAIN_S: Final = 60


class BatchOpenError(Exception):
    """Some jobs have not ended: they were started by somebody else, or are being cancelled."""


class CarryBatch:
    """Begin, close; and tend what no execution carries any more."""

    def __init__(
        self,
        *,
        batches: BatchStore,
        jobs: JobStore,
        settle_job: SettleJob,
        settle_batch: SettleBatch,
        start_job: Start,
        start_batch: Start,
        clock: Clock,
    ) -> None:
        self._batches = batches
        self._jobs = jobs
        self._settle_job = settle_job
        self._settle_batch = settle_batch
        self._start_job = start_job
        self._start_batch = start_batch
        self._clock = clock

    def begin(self, batch_id: str) -> list[str]:
        """Admit the batch's jobs; the ids of those that are to be carried, in order."""
        batch = self._batches.read(batch_id)
        if batch is None or batch.state is not BatchState.PROCESSING or batch.stopping:
            return []
        jobs = self._admitted(batch)
        if not self._batches.advance(batch_id, look_at_s=batch.swept_at_s, begun=True):
            return []
        return [job.id for job in jobs if job.state not in TERMINAL]

    def close(self, batch_id: str) -> Batch | None:
        """End the batch. Raises BatchOpenError while one of its jobs is still on its way."""
        batch = self._batches.read(batch_id)
        if batch is None:
            return None
        ended = self._settle_batch(batch)
        if ended.state is BatchState.PROCESSING:
            raise BatchOpenError(batch_id)
        return ended

    def take_over(self, batch_id: str) -> Batch | None:
        """The batch's execution broke off: let its jobs run without it. None when there is no such batch."""
        self._batches.advance(batch_id, look_at_s=self._look_again_s(), begun=True)
        return self.tend(batch_id)

    def tend(self, batch_id: str) -> Batch | None:
        """Do what is due for a batch that the sweep found, and end it if it can be ended."""
        batch = self._batches.read(batch_id)
        if batch is None or batch.state is not BatchState.PROCESSING:
            return batch
        opened = [job for job in self._admitted(batch) if job.state not in TERMINAL]
        if batch.stopping:
            for job in opened:
                self._settle_job.cancel(job)
        elif batch.swept_at_s <= self._clock.now_ms() // 1000:
            for job in opened:
                self._settle_job.end(job, failure=JobFailure.DEADLINE_EXCEEDED)
        elif not batch.begun:
            start_soon(batch.id, start=self._start_batch)
        else:
            self._start_waiting(opened)
        ended = self._settle_batch(batch)
        if ended.state is BatchState.PROCESSING:
            self._batches.advance(batch_id, look_at_s=self._look_again_s())
        return ended

    def _admitted(self, batch: Batch) -> tuple[Job, ...]:
        jobs = self._batches.read_jobs(batch)
        for job in jobs:
            if job.staged:
                self._jobs.admit(job)
        return jobs

    def _start_waiting(self, jobs: list[Job]) -> None:
        for job in jobs:
            if job.state is not JobState.QUEUED:
                continue
            try:
                self._start_job(job.id)
            except TemporarilyUnavailableError:
                return  # The next look goes on.

    def _look_again_s(self) -> int:
        return self._clock.now_ms() // 1000 + LOOK_AGAIN_S
