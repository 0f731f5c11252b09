"""What a job's webhook says: its document, as the job ended."""

from corent.jobs.document import document_bytes, job_document
from corent.jobs.job import TERMINAL
from corent.jobs.store import JobStore
from corent.usecases.deliver_webhook import Message


class WebhookMessages:
    """Messages from the jobs themselves: a job that has ended does not change, so neither do the bytes."""

    def __init__(self, *, jobs: JobStore, public_base_url: str) -> None:
        self._jobs = jobs
        self._public_base_url = public_base_url

    def read(self, subject_id: str) -> Message | None:
        """The message; None where there is nothing to tell, or nobody."""
        job = self._jobs.read(subject_id)
        if job is None or job.webhook is None or job.state not in TERMINAL or job.finished_at_ms is None:
            return None
        document = job_document(job, public_base_url=self._public_base_url, now_ms=job.finished_at_ms)
        return Message(
            url=job.webhook.url, sealed_secret=job.webhook.sealed_secret, body=document_bytes(document)
        )
