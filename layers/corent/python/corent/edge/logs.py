"""Whose line of the log it is: ids that every line carries which is written while that is worked on.

They belong to the context and not to the logger, so that streams and threads side by side keep theirs apart,
and nothing of one invocation is left for the next.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools.logging import Logger

from corent.core.ids import is_id
from corent.edge.causes import causes

log = Logger(service="corent", log_uncaught_exceptions=False)


def ids_of(subject_id: object) -> dict[str, str]:
    """What a line carries about a job or batch: its id, and that of the request that made it.

    Nothing for any other text: it may be a stranger's.
    """
    if not isinstance(subject_id, str):
        return {}
    if is_id(subject_id, prefix="job"):
        return {"job_id": subject_id, "request_id": f"req_{subject_id.removeprefix('job_')}"}
    if is_id(subject_id, prefix="batch"):
        return {"batch_id": subject_id, "request_id": f"req_{subject_id.removeprefix('batch_')}"}
    return {}


@contextmanager
def about(**ids: str) -> Iterator[None]:
    """Lines written inside carry these ids, beside those of what it is part of."""
    outside = log.thread_safe_get_current_keys()
    log.thread_safe_append_keys(**ids)
    try:
        yield
    finally:
        log.thread_safe_clear_keys()
        log.thread_safe_append_keys(**outside)


def note(**ids: str) -> None:
    """The same for the rest of what `about` encloses, once more is known."""
    log.thread_safe_append_keys(**ids)


@contextmanager
def working_on(subject_id: str) -> Iterator[None]:
    """One step of a job or batch. If it breaks off, a line says where: the runtime's own has no ids."""
    with about(**ids_of(subject_id)):
        try:
            yield
        except Exception as error:
            log.warning("step broke off", causes=causes(error))
            raise
