"""Read jobs back: one, a page of them, and why one was routed as it was. Only the caller's own."""

from typing import Any

from corent.core.errors import InvalidRequestError, NotFoundError
from corent.core.ids import is_id
from corent.core.money import cents_floor
from corent.core.tiers import Kind
from corent.jobs.job import Job, JobState
from corent.jobs.store import JobPage, JobStore
from corent.routing.explanation import explain
from corent.routing.route import load_route
from corent.usecases.authenticate import Caller


class ReadJobs:
    """Another wallet's job looks exactly like a missing one."""

    def __init__(self, *, jobs: JobStore) -> None:
        self._jobs = jobs

    def get(self, job_id: str, *, caller: Caller) -> Job:
        """The caller's job. Raises NotFoundError."""
        job = self._jobs.read(job_id) if is_id(job_id, prefix="job") else None
        if job is None or job.wallet_id != caller.wallet_id:
            raise NotFoundError("There is no such job.")
        return job

    def list(
        self, *, caller: Caller, limit: int, cursor: str | None, state: JobState | None, kind: Kind | None
    ) -> JobPage:
        """A page of the caller's jobs, newest first. Raises InvalidRequestError for a bad cursor."""
        if cursor is not None and not is_id(cursor, prefix="job"):
            raise InvalidRequestError(
                "cursor is not one that a list gave.", code="invalid_cursor", param="cursor"
            )
        return self._jobs.list_by_wallet(caller.wallet_id, limit=limit, before=cursor, state=state, kind=kind)

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
