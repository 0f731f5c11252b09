"""Tend a batch that no execution carries: not started, broken off, half cancelled, or past its deadline."""

from collections.abc import Callable, Sequence
from typing import Final

from corent.core.clock import Clock
from corent.core.errors import TemporarilyUnavailableError
from corent.jobs.batch import Batch, BatchState
from corent.jobs.job import TERMINAL, Job, JobFailure, JobState
from corent.jobs.store import BatchStore, JobStore
from corent.usecases.carry_batch import admit_staged
from corent.usecases.executions import Start, start_soon
from corent.usecases.settle_batch import SettleBatch
from corent.usecases.settle_job import SettleJob

# How long after a look at an open batch the sweep looks again.
LOOK_AGAIN_S: Final = 60


class TendBatch:
    """Does what is missing. May be repeated and may die halfway: each step is its own write."""

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

    def take_over(self, batch_id: str) -> Batch | None:
        """The batch's execution broke off: let its jobs run without it. None when there is no such batch."""
        self._batches.advance(batch_id, look_at_s=self._look_again_s(), begun=True)
        return self(batch_id)

    def __call__(self, batch_id: str) -> Batch | None:
        """The batch, ended if it could be; else the sweep looks again. None when there is no such batch."""
        batch = self._batches.read(batch_id)
        if batch is None or batch.state is not BatchState.PROCESSING:
            return batch
        jobs = self._batches.read_jobs(batch)
        if batch.stopping:
            jobs = _each_open(jobs, self._settle_job.cancel)
        elif batch.swept_at_s <= self._clock.now_ms() // 1000:
            jobs = _each_open(jobs, self._end_late)
        else:
            admit_staged(jobs, store=self._jobs)
            if batch.begun:
                self._start_waiting(jobs)
            else:
                start_soon(batch.id, start=self._start_batch)
        ended = self._settle_batch(batch, jobs)
        if ended.state is BatchState.PROCESSING:
            self._batches.advance(batch_id, look_at_s=self._look_again_s())
        return ended

    def _end_late(self, job: Job) -> Job:
        return self._settle_job.end(job, failure=JobFailure.DEADLINE_EXCEEDED)

    def _start_waiting(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            if job.state is not JobState.QUEUED:
                continue
            try:
                self._start_job(job.id)
            except TemporarilyUnavailableError:
                return  # The next look goes on.

    def _look_again_s(self) -> int:
        return self._clock.now_ms() // 1000 + LOOK_AGAIN_S


def _each_open(jobs: Sequence[Job], settle: Callable[[Job], Job]) -> tuple[Job, ...]:
    """The jobs, those that had not ended as they were settled now."""
    return tuple(job if job.state in TERMINAL else settle(job) for job in jobs)
