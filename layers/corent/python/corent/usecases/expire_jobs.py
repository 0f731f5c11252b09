"""The deadline sweep: give back the holds of jobs whose worker died."""

from dataclasses import dataclass
from typing import Final

from corent.core.clock import Clock
from corent.jobs.job import TERMINAL, JobFailure
from corent.jobs.store import JobStore
from corent.usecases.image_attempts import Failed
from corent.usecases.settle_image import SettleImage

SWEPT_PER_SHARD_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class SweepReport:
    """How many overdue jobs one run saw, and how many it ended."""

    seen: int
    released: int


class ExpireJobs:
    """Fails unsettled jobs past their deadline and grace. May be repeated and may die halfway."""

    def __init__(self, *, jobs: JobStore, settle: SettleImage, clock: Clock) -> None:
        self._jobs = jobs
        self._settle = settle
        self._clock = clock

    def __call__(self) -> SweepReport:
        overdue = self._jobs.list_overdue(now_s=self._clock.now_ms() // 1000, limit=SWEPT_PER_SHARD_MAX)
        released = 0
        for job_id in overdue:
            job = self._jobs.read(job_id)
            # The index lags behind: the job itself says whether it is still open.
            if job is None or job.state in TERMINAL:
                continue
            failed = Failed(attempts=job.attempts, failure=JobFailure.DEADLINE_EXCEEDED)
            if self._settle.fail(job, failed).failure is JobFailure.DEADLINE_EXCEEDED:
                released += 1
        return SweepReport(seen=len(overdue), released=released)
