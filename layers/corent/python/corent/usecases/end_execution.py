"""An execution failed, timed out or was aborted: whatever the reason, its job or batch must not stay open."""

from corent.core.ids import is_id
from corent.jobs.job import TERMINAL, Job, JobFailure
from corent.jobs.store import JobStore
from corent.usecases.settle_job import SettleJob
from corent.usecases.tend_batch import TendBatch


class EndExecution:
    """Settles what a broken execution left. May be repeated."""

    def __init__(self, *, jobs: JobStore, settle: SettleJob, tend_batch: TendBatch) -> None:
        self._jobs = jobs
        self._settle = settle
        self._tend_batch = tend_batch

    def __call__(self, subject_id: str, *, timed_out: bool) -> str | None:
        """How the job or batch stands now, in the document's word; None when there is no such thing."""
        if is_id(subject_id, prefix="batch"):
            batch = self._tend_batch.take_over(subject_id)
            return batch.state.value if batch is not None else None
        job = self._ended(subject_id, timed_out=timed_out)
        return job.state.value if job is not None else None

    def _ended(self, job_id: str, *, timed_out: bool) -> Job | None:
        job = self._jobs.read(job_id)
        if job is None or job.state in TERMINAL:
            return job
        failure = JobFailure.DEADLINE_EXCEEDED if timed_out else JobFailure.TIER_UNAVAILABLE
        return self._settle.end(job, failure=failure)
