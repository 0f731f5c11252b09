"""The ports of jobs and batches: reads, and the writes that move no money."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from corent.core.tiers import Kind
from corent.jobs.batch import Batch
from corent.jobs.job import Attempt, DeliveredFile, Job, JobState


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs, newest first, and the id to go on from (None at the end)."""

    jobs: tuple[Job, ...]
    next_before: str | None


class JobStore(Protocol):
    """Jobs by id and by wallet."""

    def read(self, job_id: str) -> Job | None:
        """The job, read consistently; None for a staged one whose batch was never bought."""
        ...

    def admit(self, job: Job) -> None:
        """Let a staged job of a batch that exists count as its own: queued, listed, its money held.

        May be repeated; nothing if it was admitted before.
        """
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
        """Ids of open jobs and batches the sweep should look at. Eventually consistent: writes decide."""
        ...


class BatchStore(Protocol):
    """Batches by id, and their jobs together."""

    def stage(self, jobs: Sequence[Job]) -> None:
        """Put the jobs of a batch that is about to be bought; after a day they are gone if it never was.

        Raises TemporarilyUnavailableError: some are staged then, which harms nobody.
        """
        ...

    def read(self, batch_id: str) -> Batch | None:
        """The batch, read consistently."""
        ...

    def read_jobs(self, batch: Batch) -> tuple[Job, ...]:
        """All its jobs, read consistently, in the order of the request."""
        ...

    def advance(self, batch_id: str, *, look_at_s: int, begun: bool = False, stopping: bool = False) -> bool:
        """Keep how far the batch has come; what is False stays as it was. The sweep looks at `look_at_s`.

        False, and nothing written, once the batch has ended. May be repeated.
        """
        ...
