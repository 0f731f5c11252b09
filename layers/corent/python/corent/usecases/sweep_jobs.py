"""The sweep of unsettled jobs: start what was not started, end what nobody ended."""

from dataclasses import dataclass
from typing import Final

from corent.core.clock import Clock
from corent.core.errors import TemporarilyUnavailableError
from corent.jobs.job import TERMINAL, Job, JobFailure
from corent.jobs.store import JobStore
from corent.usecases.generate_image import Start
from corent.usecases.settle_job import SettleJob

# A run stops by itself well before its function's time-out; the next one goes on.
SWEEP_S: Final = 40.0


@dataclass(frozen=True, slots=True)
class SweepReport:
    """How many due jobs one run saw, how many executions it started, and how many jobs it ended."""

    seen: int
    started: int
    ended: int


class SweepJobs:
    """Looks at every job that is due. May be repeated and may die halfway: each step is its own write."""

    def __init__(self, *, jobs: JobStore, settle: SettleJob, start: Start, clock: Clock) -> None:
        self._jobs = jobs
        self._settle = settle
        self._start = start
        self._clock = clock

    def __call__(self) -> SweepReport:
        seen = started = ended = 0
        until_s = self._clock.monotonic_s() + SWEEP_S
        now_s = self._clock.now_ms() // 1000
        for job_id in self._jobs.due(now_s=now_s):
            if self._clock.monotonic_s() >= until_s:
                break
            job = self._jobs.read(job_id)
            # The index lags behind: the job itself says whether it is still open.
            if job is None or job.state in TERMINAL:
                continue
            seen += 1
            if job.swept_at_s <= now_s:
                end(job, settle=self._settle, failure=JobFailure.DEADLINE_EXCEEDED)
                ended += 1
            elif job.deferred:
                started += self._started(job)
        return SweepReport(seen=seen, started=started, ended=ended)

    def _started(self, job: Job) -> bool:
        try:
            self._start(job.id)
        except TemporarilyUnavailableError:
            return False  # The next run tries again.
        return True


def end(job: Job, *, settle: SettleJob, failure: JobFailure) -> Job:
    """Settle a job whose execution will not: charged if its files are stored, else failed."""
    return settle.deliver(job) if job.files else settle.fail(job, failure)
