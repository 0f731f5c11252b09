"""Cancel a job: its hold goes back at once, and the execution that carries it is told to stop."""

from corent.core.errors import JobNotCancellableError, TemporarilyUnavailableError
from corent.jobs.job import TERMINAL, Job, JobState
from corent.usecases.authenticate import Caller
from corent.usecases.executions import LookSoon
from corent.usecases.read_jobs import ReadJobs
from corent.usecases.settle_job import SettleJob


class CancelJob:
    """Releases the hold; against a completion at the same moment exactly one of the two wins."""

    def __init__(self, *, read: ReadJobs, settle: SettleJob, look_soon: LookSoon) -> None:
        self._read = read
        self._settle = settle
        self._look_soon = look_soon

    def __call__(self, job_id: str, *, caller: Caller) -> Job:
        """The cancelled job. May be repeated.

        Raises NotFoundError, and JobNotCancellableError for one that has ended otherwise or whose submit is
        still being answered.
        """
        job = self._read.get(job_id, caller=caller)
        if job.state not in TERMINAL and job.deferred:
            job = self._settle.cancel(job)
            tell_cancelled(job, look_soon=self._look_soon)
        if job.state is not JobState.CANCELLED:
            raise JobNotCancellableError(
                "The job has ended."
                if job.state in TERMINAL
                else "The job's own request is still being answered."
            )
        return job


def tell_cancelled(job: Job, *, look_soon: LookSoon) -> None:
    """Let the execution that waits for a cancelled job, and its upstream, learn of it."""
    if job.state is not JobState.CANCELLED or job.wake_token is None:
        return
    try:
        look_soon(job.id)
    except TemporarilyUnavailableError:
        return  # The execution finds out at its next look.
