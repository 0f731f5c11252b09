"""The job store port: reads, and the writes that move no money."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from corent.core.tiers import Kind
from corent.jobs.job import Attempt, DeliveredFile, Job, JobState


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

    def defer(self, job_id: str, *, attempts: tuple[Attempt, ...], look_at_s: int) -> bool:
        """Note that the state machine carries the job on, and what was tried. False once it is settled.

        From `look_at_s` on the sweep finds it, until an execution has advanced it.
        """
        ...

    def advance(
        self,
        job: Job,
        *,
        attempts: tuple[Attempt, ...],
        files: tuple[DeliveredFile, ...] = (),
        progress_percent: int | None = None,
        wake_token: str | None = None,
    ) -> bool:
        """Keep how far an execution has brought the job; what is None stays as it was.

        False, and nothing written, once the job is settled or when its attempts are no longer those of
        `job`: somebody else advanced it since it was read.
        """
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

    def due(self, *, now_s: int) -> Iterator[str]:
        """Ids of unsettled jobs that the sweep should look at. Eventually consistent: writes decide."""
        ...
