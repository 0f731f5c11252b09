"""The job store port: reads, and the writes that move no money."""

from dataclasses import dataclass
from typing import Protocol

from corent.core.tiers import Kind
from corent.jobs.job import Attempt, Job, JobState


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs, newest first, and the id to go on from (None at the end)."""

    jobs: tuple[Job, ...]
    next_before: str | None


class JobStore(Protocol):
    """Jobs by id and by wallet."""

    def read(self, job_id: str) -> Job | None:
        """The job, read consistently."""
        ...

    def defer(self, job_id: str, *, attempts: tuple[Attempt, ...]) -> bool:
        """Note that another function carries the job on, and what was tried. False once it is settled."""
        ...

    def claim(self, job_id: str, *, worker: str, now_ms: int, until_ms: int) -> bool:
        """Take the job for one worker until then. False while another worker has it, or once it is settled.

        The same worker may claim it again: a retried invocation goes on where it died.
        """
        ...

    def record_attempts(self, job_id: str, *, attempts: tuple[Attempt, ...]) -> bool:
        """Keep what was tried and is being waited for. False once the job is settled."""
        ...

    def list_by_wallet(
        self,
        wallet_id: str,
        *,
        limit: int,
        before: str | None,
        since: str | None = None,
        state: JobState | None = None,
        kind: Kind | None = None,
    ) -> JobPage:
        """A page of jobs with ids below `before` and not below `since`. Eventually consistent."""
        ...

    def list_overdue(self, *, now_s: int, limit: int) -> list[str]:
        """Ids of unsettled jobs past their grace. Eventually consistent: the write's condition decides."""
        ...
