"""Carry a batch: the two steps of statemachines/batch.asl.json.

Between them the machine runs one execution of the other machine for each job, a few at a time. Each step
reads what is stored and does what is missing, so it may die and be repeated.
"""

from collections.abc import Sequence

from corent.jobs.batch import Batch, BatchState
from corent.jobs.job import TERMINAL, Job
from corent.jobs.store import BatchStore, JobStore
from corent.usecases.settle_batch import SettleBatch


class BatchOpenError(Exception):
    """Some jobs have not ended: they were started by somebody else, or are being cancelled."""


class CarryBatch:
    """Begin and close."""

    def __init__(self, *, batches: BatchStore, jobs: JobStore, settle: SettleBatch) -> None:
        self._batches = batches
        self._jobs = jobs
        self._settle = settle

    def begin(self, batch_id: str) -> list[str]:
        """Admit the batch's jobs; the ids of those that are to be carried, in order."""
        batch = self._batches.read(batch_id)
        if batch is None or batch.state is not BatchState.PROCESSING or batch.stopping:
            return []
        jobs = self._batches.read_jobs(batch)
        admit_staged(jobs, store=self._jobs)
        if not self._batches.advance(batch_id, look_at_s=batch.swept_at_s, begun=True):
            return []
        return [job.id for job in jobs if job.state not in TERMINAL]

    def close(self, batch_id: str) -> Batch | None:
        """End the batch. Raises BatchOpenError while one of its jobs is still on its way."""
        batch = self._batches.read(batch_id)
        if batch is None or batch.state is not BatchState.PROCESSING:
            return batch
        ended = self._settle(batch, self._batches.read_jobs(batch))
        if ended.state is BatchState.PROCESSING:
            raise BatchOpenError(batch_id)
        return ended


def admit_staged(jobs: Sequence[Job], *, store: JobStore) -> None:
    """Admit those that are not yet."""
    for job in jobs:
        if job.staged:
            store.admit(job)
