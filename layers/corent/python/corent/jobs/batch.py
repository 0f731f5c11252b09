"""A batch: jobs of one kind that are bought as one and settled one by one.

    processing ── every job has ended ──► completed, or cancelled when a cancel stopped one of them

Its jobs are staged first, without money, and count from the moment their batch exists; the execution that
carries the batch admits them.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from corent.core.ids import ulid_after
from corent.core.tiers import Kind
from corent.jobs.job import OPEN_GRACE_S, Webhook

BATCH_JOBS_MAX: Final = 100
# How many of a batch's jobs are carried at once: `MaxConcurrency` of statemachines/batch.asl.json.
CONCURRENCY: Final = 10


class BatchState(StrEnum):
    """Where a batch stands. The last two are terminal and never change."""

    PROCESSING = "processing"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch as stored. Times are milliseconds since the epoch, money micro-dollars.

    `size` is how many jobs it has, `hold_micros` what they cost together. `begun` once an execution has
    admitted its jobs. `stopping` once its caller has cancelled it.
    """

    id: str
    wallet_id: str
    kind: Kind
    state: BatchState
    hold_micros: int
    size: int
    created_at_ms: int
    deadline_ms: int
    begun: bool = False
    stopping: bool = False
    finished_at_ms: int | None = None
    webhook: Webhook | None = field(default=None, repr=False)

    @property
    def request_id(self) -> str:
        """The id of the request that made the batch; both share their 26 characters."""
        return f"req_{self.id.removeprefix('batch_')}"

    @property
    def job_ids(self) -> tuple[str, ...]:
        """The jobs' ids, in the order of the request."""
        return tuple(job_id_at(self.id, index=index) for index in range(self.size))

    @property
    def swept_at_s(self) -> int:
        """When the sweep ends the batch if nobody else has: once its jobs have had their own sweep."""
        return self.deadline_ms // 1000 + 2 * OPEN_GRACE_S


@dataclass(frozen=True, slots=True)
class BatchEnd:
    """The half of a batch's end that lies in the jobs table. `owes_webhook` when its caller is to be told.

    `stopping` is whether the batch was being cancelled when its end was decided.
    """

    state: BatchState
    finished_at_ms: int
    owes_webhook: bool
    stopping: bool


def job_id_at(batch_id: str, *, index: int) -> str:
    """The id of the batch's job in that place, counted from 0."""
    return f"job_{ulid_after(batch_id.removeprefix('batch_'), steps=index + 1)}"


def batch_deadline_ms(*, created_at_ms: int, jobs: int, job_deadline_ms: int) -> int:
    """When the last of so many jobs is over, each round of CONCURRENCY taking as long as one job may."""
    return created_at_ms + job_deadline_ms * -(-jobs // CONCURRENCY)
