"""What is asked of the executions that carry jobs and batches: to begin, and to learn what has happened."""

from collections.abc import Callable
from typing import Protocol

from corent.core.errors import TemporarilyUnavailableError

# Starts the execution of a job or batch; a repeat changes nothing. Raises TemporarilyUnavailableError.
type Start = Callable[[str], None]


class LookSoon(Protocol):
    """Has somebody look at a job for the execution that waits for it."""

    def __call__(self, job_id: str, /) -> None:
        """Look soon, not now. May be repeated. Raises TemporarilyUnavailableError."""
        ...


def start_soon(subject_id: str, *, start: Start) -> None:
    """Start its execution now, or leave that to the sweep: it is written, and so is its hold."""
    try:
        start(subject_id)
    except TemporarilyUnavailableError:
        return  # Looked at within a minute and a half of the submit.
