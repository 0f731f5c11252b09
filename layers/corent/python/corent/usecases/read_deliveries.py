"""Read how the webhook of a job, a batch or a notice stands. Only of the caller's own."""

from dataclasses import dataclass

from corent.core.errors import NotFoundError
from corent.core.ids import is_id
from corent.jobs.batch import Batch
from corent.jobs.job import Job
from corent.notices.notice import Notice
from corent.notices.store import NoticeStore
from corent.usecases.authenticate import Caller
from corent.usecases.read_batches import ReadBatches
from corent.usecases.read_jobs import ReadJobs
from corent.webhooks.outbox import Outbox, Try, delivery_status
from corent.webhooks.store import OutboxStore


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """The webhook of one job or batch: `none`, or how its delivery stands, and the tries so far."""

    status: str
    log: tuple[Try, ...]


class ReadDeliveries:
    """Another wallet's webhook looks exactly like a missing one."""

    def __init__(
        self, *, jobs: ReadJobs, batches: ReadBatches, notices: NoticeStore, outboxes: OutboxStore
    ) -> None:
        self._jobs = jobs
        self._batches = batches
        self._notices = notices
        self._outboxes = outboxes

    def check(self, subject_id: str, *, caller: Caller) -> None:
        """Raise NotFoundError for what is not the caller's job, batch or notice."""
        if is_id(subject_id, prefix="evt"):
            self._notice(subject_id, caller=caller)
        else:
            self._subject(subject_id, caller=caller)

    def _notice(self, notice_id: str, *, caller: Caller) -> Notice:
        notice = self._notices.read_notice(notice_id)
        if notice is None or notice.wallet_id != caller.wallet_id:
            raise NotFoundError("There is no such event.")
        return notice

    def _subject(self, subject_id: str, *, caller: Caller) -> Job | Batch:
        """The caller's job or batch of that id. Raises NotFoundError."""
        if is_id(subject_id, prefix="batch"):
            return self._batches.get(subject_id, caller=caller)
        return self._jobs.get(subject_id, caller=caller)

    def get(self, subject_id: str, *, caller: Caller) -> DeliveryView:
        """The delivery for the id of a job, a batch or a notice. Raises NotFoundError."""
        if is_id(subject_id, prefix="evt"):
            self._notice(subject_id, caller=caller)
            return self._view(self._outboxes.read(subject_id), is_wanted=True)
        subject = self._subject(subject_id, caller=caller)
        is_wanted = subject.webhook is not None
        is_owed = is_wanted and subject.finished_at_ms is not None
        return self._view(self._outboxes.read(subject_id) if is_owed else None, is_wanted=is_wanted)

    def _view(self, delivery: Outbox | None, *, is_wanted: bool) -> DeliveryView:
        return DeliveryView(
            status=delivery_status(delivery, is_wanted=is_wanted), log=delivery.log if delivery else ()
        )
