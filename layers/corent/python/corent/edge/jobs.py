"""The job endpoints' answers, and the words of their filters."""

from corent.core.clock import rfc3339
from corent.core.tiers import Kind
from corent.edge.bodies import JobKind, JobStatus
from corent.edge.bodies.jobs import JobReply, JobsReply, WebhookReply
from corent.jobs.document import job_document
from corent.jobs.job import JobState
from corent.usecases.read_deliveries import DeliveryView
from corent.usecases.read_jobs import JobView, JobViewPage
from corent.webhooks.outbox import Try


def job_reply(view: JobView, *, public_base_url: str, now_ms: int) -> JobReply:
    """The job document, with how its webhook stands."""
    document = job_document(view.job, public_base_url=public_base_url, now_ms=now_ms)
    log = view.delivery.log if view.delivery else ()
    webhook = {"status": view.webhook_status, "attempts": len(log)}
    return JobReply.model_validate({**document, "webhook": webhook})


def page_reply(page: JobViewPage, *, public_base_url: str, now_ms: int) -> JobsReply:
    """A page of job documents."""
    jobs = [job_reply(view, public_base_url=public_base_url, now_ms=now_ms) for view in page.views]
    return JobsReply(jobs=jobs, next_cursor=page.next_before)


def webhook_reply(view: DeliveryView) -> WebhookReply:
    """The log of a webhook."""
    document = {"status": view.status, "attempts": [_try_row(entry) for entry in view.log]}
    return WebhookReply.model_validate(document)


def filters(status: JobStatus | None, *, kind: JobKind | None) -> tuple[JobState | None, Kind | None]:
    """What to look for, None for everything."""
    return JobState(status) if status else None, Kind(kind) if kind else None


def _try_row(entry: Try) -> dict[str, str | int | None]:
    return {
        "at": rfc3339(entry.at_ms),
        "outcome": entry.outcome.value,
        "status_class": entry.status_class,
        "duration_ms": entry.duration_ms,
    }
