"""Read how the webhook of a job or batch stands. Only of the caller's own."""

from dataclasses import dataclass

from corent.core.ids import is_id
from corent.jobs.batch import Batch
from corent.jobs.job import Job
from corent.usecases.authenticate import Caller
from corent.usecases.read_batches import ReadBatches
from corent.usecases.read_jobs import ReadJobs
from corent.webhooks.outbox import Try, delivery_status
from corent.webhooks.store import OutboxStore


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """The webhook of one job or batch: `none`, or how its delivery stands, and the tries so far."""

    status: str
    log: tuple[Try, ...]


class ReadDeliveries:
    """Another wallet's webhook looks exactly like a missing one."""

    def __init__(self, *, jobs: ReadJobs, batches: ReadBatches, outboxes: OutboxStore) -> None:
        self._jobs = jobs
        self._batches = batches
        self._outboxes = outboxes

    def subject(self, subject_id: str, *, caller: Caller) -> Job | Batch:
        """The caller's job or batch of that id. Raises NotFoundError."""
        if is_id(subject_id, prefix="batch"):
            return self._batches.get(subject_id, caller=caller)
        return self._jobs.get(subject_id, caller=caller)

    def get(self, subject_id: str, *, caller: Caller) -> DeliveryView:
        """The delivery for a job's id or a batch's. Raises NotFoundError."""
        subject = self.subject(subject_id, caller=caller)
        is_wanted = subject.webhook is not None
        is_owed = is_wanted and subject.finished_at_ms is not None
        delivery = self._outboxes.read(subject_id) if is_owed else None
        return DeliveryView(
            status=delivery_status(delivery, is_wanted=is_wanted), log=delivery.log if delivery else ()
        )
