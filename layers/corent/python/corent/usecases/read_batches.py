"""Read batches back, with all their jobs. Only the caller's own."""

from dataclasses import dataclass

from corent.core.errors import NotFoundError
from corent.core.ids import is_id
from corent.jobs.batch import Batch
from corent.jobs.job import Job
from corent.jobs.store import BatchStore
from corent.usecases.authenticate import Caller


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch and its jobs, in the order of the request."""

    batch: Batch
    jobs: tuple[Job, ...]


class ReadBatches:
    """Another wallet's batch looks exactly like a missing one."""

    def __init__(self, *, batches: BatchStore) -> None:
        self._batches = batches

    def get(self, batch_id: str, *, caller: Caller) -> Batch:
        """The caller's batch. Raises NotFoundError."""
        batch = self._batches.read(batch_id) if is_id(batch_id, prefix="batch") else None
        if batch is None or batch.wallet_id != caller.wallet_id:
            raise NotFoundError("There is no such batch.")
        return batch

    def view(self, batch_id: str, *, caller: Caller) -> BatchView:
        """The caller's batch with its jobs. Raises NotFoundError."""
        batch = self.get(batch_id, caller=caller)
        return BatchView(batch=batch, jobs=self._batches.read_jobs(batch))
