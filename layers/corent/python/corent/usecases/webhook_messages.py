"""What a webhook says: the document of its job or batch, as that ended, or an account's notice."""

from typing import Any

from corent.core.ids import is_id
from corent.jobs.batch_document import batch_document
from corent.jobs.document import document_bytes, job_document
from corent.jobs.job import TERMINAL, Webhook
from corent.jobs.store import BatchStore, JobStore
from corent.notices.store import NoticeStore
from corent.usecases.deliver_webhook import Message


class WebhookMessages:
    """Messages from the stored items themselves: what has ended does not change, so neither do the bytes."""

    def __init__(
        self, *, jobs: JobStore, batches: BatchStore, notices: NoticeStore, public_base_url: str
    ) -> None:
        self._jobs = jobs
        self._batches = batches
        self._notices = notices
        self._public_base_url = public_base_url

    def read(self, subject_id: str) -> Message | None:
        """The message; None where there is nothing to tell, or nobody."""
        if is_id(subject_id, prefix="batch"):
            return self._of_batch(subject_id)
        if is_id(subject_id, prefix="evt"):
            return self._of_notice(subject_id)
        return self._of_job(subject_id)

    def _of_job(self, job_id: str) -> Message | None:
        job = self._jobs.read(job_id)
        if job is None or job.webhook is None or job.state not in TERMINAL or job.finished_at_ms is None:
            return None
        document = job_document(job, public_base_url=self._public_base_url, now_ms=job.finished_at_ms)
        return _message(job.webhook, document)

    def _of_batch(self, batch_id: str) -> Message | None:
        batch = self._batches.read(batch_id)
        if batch is None or batch.webhook is None or batch.finished_at_ms is None:
            return None
        document = batch_document(
            batch,
            self._batches.read_jobs(batch),
            public_base_url=self._public_base_url,
            now_ms=batch.finished_at_ms,
        )
        return _message(batch.webhook, document)

    def _of_notice(self, notice_id: str) -> Message | None:
        notice = self._notices.read_notice(notice_id)
        if notice is None:
            return None
        return Message(
            url=notice.url,
            sealed_secret=notice.sealed_secret,
            body=notice.body,
            sealed_for=notice.wallet_id,
        )


def _message(webhook: Webhook, document: dict[str, Any]) -> Message:
    return Message(url=webhook.url, sealed_secret=webhook.sealed_secret, body=document_bytes(document))
