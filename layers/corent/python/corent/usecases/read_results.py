"""Read a job's results back, where its caller wants them in the answer itself."""

from typing import Final, Protocol

from corent.jobs.document import file_name
from corent.jobs.job import Job, JobState

# An answer of Lambda's is at most 6 MB (AWS, "Lambda quotas", request and response, synchronous; read
# 2026-11-28). As base64 content grows by a third, and the rest of the answer has its own room.
INLINE_BYTES_MAX: Final = 4_500_000


class Results(Protocol):
    """Where results are kept."""

    def get(self, name: str) -> bytes:
        """The content of that file. Raises TemporarilyUnavailableError."""
        ...


class ReadResults:
    """The files of a job, all or none."""

    def __init__(self, *, results: Results) -> None:
        self._results = results

    def __call__(self, job: Job, *, wanted: bool) -> tuple[bytes, ...] | None:
        """Every file's content; None where it is not wanted, not there, or more than one answer holds."""
        if not wanted or job.state is not JobState.COMPLETED:
            return None
        contents: list[bytes] = []
        for index in range(len(job.files)):
            contents.append(self._results.get(file_name(job, index=index)))
            if sum(map(len, contents)) > INLINE_BYTES_MAX:
                return None
        return tuple(contents)
