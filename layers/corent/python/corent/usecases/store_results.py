"""Keep what an upstream made, once it is judged to be what was asked for, as our own."""

from typing import Protocol

from corent.core.upstream import Generated
from corent.jobs.document import file_name
from corent.jobs.job import DeliveredFile, Job
from corent.usecases.judge_results import JudgeResults


class Outputs(Protocol):
    """Where results are kept."""

    def put(self, name: str, content: bytes, *, media_type: str) -> None:
        """Store a file under that name, replacing one of the same name. May be repeated."""
        ...


class StoreResults:
    """Keeps all of a job's files, or none that counts: the job's record says which are its own."""

    def __init__(self, *, judge: JudgeResults, outputs: Outputs) -> None:
        self._judge = judge
        self._outputs = outputs

    def __call__(self, job: Job, generated: Generated, *, until_ms: int) -> tuple[DeliveredFile, ...]:
        """Store every result by then. May be repeated: the same names are written again.

        Raises UpstreamError unless all are as they were asked for.
        """
        results = self._judge(job.order, generated, until_ms=until_ms)
        for index, result in enumerate(results):
            self._outputs.put(file_name(job, index=index), result.content, media_type=result.media_type)
        return tuple(result.file for result in results)
