"""Read jobs back: one, a page of them, and why one was routed as it was. Only the caller's own."""

from dataclasses import dataclass
from typing import Any

from corent.core.errors import InvalidRequestError, NotFoundError
from corent.core.ids import is_id
from corent.core.money import cents_floor
from corent.core.tiers import Kind
from corent.jobs.job import TERMINAL, Job, JobState
from corent.jobs.store import JobStore
from corent.routing.explanation import explain
from corent.routing.route import load_route
from corent.usecases.authenticate import Caller
from corent.webhooks.outbox import Outbox, delivery_status
from corent.webhooks.store import OutboxStore


@dataclass(frozen=True, slots=True)
class JobView:
    """A job and its webhook's delivery, None as long as nothing is owed."""

    job: Job
    delivery: Outbox | None

    @property
    def webhook_status(self) -> str:
        """`none` for a job without a webhook, `pending` until the job has ended."""
        return delivery_status(self.delivery, is_wanted=self.job.webhook is not None)


@dataclass(frozen=True, slots=True)
class JobViewPage:
    """Jobs, newest first, and the id to go on from (None at the end)."""

    views: tuple[JobView, ...]
    next_before: str | None


class ReadJobs:
    """Another wallet's job looks exactly like a missing one."""

    def __init__(self, *, jobs: JobStore, outboxes: OutboxStore) -> None:
        self._jobs = jobs
        self._outboxes = outboxes

    def get(self, job_id: str, *, caller: Caller) -> Job:
        """The caller's job. Raises NotFoundError."""
        job = self._jobs.read(job_id) if is_id(job_id, prefix="job") else None
        if job is None or job.wallet_id != caller.wallet_id:
            raise NotFoundError("There is no such job.")
        return job

    def view(self, job_id: str, *, caller: Caller) -> JobView:
        """The caller's job with its delivery. Raises NotFoundError."""
        return self._views((self.get(job_id, caller=caller),))[0]

    def list(
        self, *, caller: Caller, limit: int, cursor: str | None, state: JobState | None, kind: Kind | None
    ) -> JobViewPage:
        """A page of the caller's jobs, newest first. Raises InvalidRequestError for a bad cursor."""
        if cursor is not None and not is_id(cursor, prefix="job"):
            raise InvalidRequestError(
                "cursor is not one that a list gave.", code="invalid_cursor", param="cursor"
            )
        page = self._jobs.list_by_wallet(caller.wallet_id, limit=limit, before=cursor, state=state, kind=kind)
        return JobViewPage(views=self._views(page.jobs), next_before=page.next_before)

    def explain(self, request_id: str, *, caller: Caller) -> dict[str, Any]:
        """The stored routing record of a request (by `req_…` or `job_…`) in a caller's words."""
        job_id = f"job_{request_id.removeprefix('req_')}" if is_id(request_id, prefix="req") else request_id
        job = self.get(job_id, caller=caller)
        return explain(
            load_route(job.route),
            attempts=[(a.candidate, a.outcome.value, a.duration_ms) for a in job.attempts],
            tier=job.tier,
            quote_cents=cents_floor(job.hold_micros),
        )

    def _views(self, jobs: tuple[Job, ...]) -> tuple[JobView, ...]:
        told = [job.id for job in jobs if job.webhook is not None and job.state in TERMINAL]
        deliveries = self._outboxes.read_many(told) if told else {}
        return tuple(JobView(job=job, delivery=deliveries.get(job.id)) for job in jobs)
