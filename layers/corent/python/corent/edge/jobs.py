"""The job endpoints' answers, and the words of their filters."""

from corent.core.tiers import Kind
from corent.edge.bodies import JobKind, JobStatus
from corent.edge.bodies.jobs import JobReply, JobsReply
from corent.jobs.document import job_document
from corent.jobs.job import Job, JobState
from corent.jobs.store import JobPage


def job_reply(job: Job, *, public_base_url: str, now_ms: int) -> JobReply:
    """The job document."""
    return JobReply.model_validate(job_document(job, public_base_url=public_base_url, now_ms=now_ms))


def page_reply(page: JobPage, *, public_base_url: str, now_ms: int) -> JobsReply:
    """A page of job documents."""
    jobs = [job_reply(job, public_base_url=public_base_url, now_ms=now_ms) for job in page.jobs]
    return JobsReply(jobs=jobs, next_cursor=page.next_before)


def filters(status: JobStatus | None, *, kind: JobKind | None) -> tuple[JobState | None, Kind | None]:
    """What to look for, None for everything."""
    return JobState(status) if status else None, Kind(kind) if kind else None
