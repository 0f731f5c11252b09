"""An execution failed, timed out or was aborted: whatever the reason, its job must not stay open."""

from corent.jobs.job import TERMINAL, Job, JobFailure
from corent.jobs.store import JobStore
from corent.usecases.settle_job import SettleJob
from corent.usecases.sweep_jobs import end


class EndExecution:
    """Settles what a broken execution left. May be repeated."""

    def __init__(self, *, jobs: JobStore, settle: SettleJob) -> None:
        self._jobs = jobs
        self._settle = settle

    def __call__(self, job_id: str, *, timed_out: bool) -> Job | None:
        """The job as it is settled now; None when there is no such job."""
        job = self._jobs.read(job_id)
        if job is None or job.state in TERMINAL:
            return job
        failure = JobFailure.DEADLINE_EXCEEDED if timed_out else JobFailure.TIER_UNAVAILABLE
        return end(job, settle=self._settle, failure=failure)
