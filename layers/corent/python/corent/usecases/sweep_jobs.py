"""The sweep of open jobs and batches: start what was not started, end what nobody ended."""

from dataclasses import dataclass, field
from typing import Final

from corent.core.clock import Clock
from corent.core.errors import InternalError, TemporarilyUnavailableError
from corent.core.ids import is_id
from corent.jobs.job import TERMINAL, Job, JobFailure
from corent.jobs.store import JobStore
from corent.usecases.executions import Start
from corent.usecases.settle_job import SettleJob
from corent.usecases.tend_batch import TendBatch

# A run stops by itself well before its function's time-out; the next one goes on.
SWEEP_S: Final = 40.0


@dataclass(slots=True)
class SweepReport:
    """How many due jobs one run saw, started and ended (`job_ids`), and how many batches it tended."""

    seen: int = 0
    started: int = 0
    ended: int = 0
    batches: int = 0
    job_ids: list[str] = field(default_factory=list)


class SweepJobs:
    """Looks at everything that is due. May be repeated and may die halfway: each step is its own write."""

    def __init__(
        self, *, jobs: JobStore, settle: SettleJob, tend_batch: TendBatch, start: Start, clock: Clock
    ) -> None:
        self._jobs = jobs
        self._settle = settle
        self._tend_batch = tend_batch
        self._start = start
        self._clock = clock

    def __call__(self) -> SweepReport:
        """What was done.

        A job or batch whose money does not add up keeps no other from being looked at: its InternalError is
        raised once that has happened.
        """
        report = SweepReport()
        broken: InternalError | None = None
        until_s = self._clock.monotonic_s() + SWEEP_S
        now_s = self._clock.now_ms() // 1000
        for subject_id in self._jobs.due(now_s=now_s):
            if self._clock.monotonic_s() >= until_s:
                break
            try:
                if is_id(subject_id, prefix="batch"):
                    self._tend_batch(subject_id)
                    report.batches += 1
                else:
                    self._look_at(subject_id, report, now_s=now_s)
            except InternalError as error:
                broken = broken or error
        if broken is not None:
            raise broken
        return report

    def _look_at(self, job_id: str, report: SweepReport, *, now_s: int) -> None:
        job = self._jobs.read(job_id)
        # The index lags behind: the job itself says whether it is still open.
        if job is None or job.state in TERMINAL:
            return
        report.seen += 1
        if job.swept_at_s <= now_s:
            self._settle.end(job, failure=JobFailure.DEADLINE_EXCEEDED)
            report.ended += 1
            report.job_ids.append(job_id)
        elif job.deferred and self._started(job):
            report.started += 1
            report.job_ids.append(job_id)

    def _started(self, job: Job) -> bool:
        try:
            self._start(job.id)
        except TemporarilyUnavailableError:
            return False  # The next run tries again.
        return True
