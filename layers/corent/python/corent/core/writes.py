"""Running a write until its outcome is known.

A write that may have happened is run again as it is: it must be one that a repeat does no harm to. A write
whose condition failed is explained by reading: what is stored says what became of it.
"""

from collections.abc import Callable
from typing import Final

from corent.core.clock import Clock
from corent.core.errors import TemporarilyUnavailableError

BACKOFF_BASE_S: Final = 0.025
BACKOFF_CAP_S: Final = 1.0


class OutcomeUnknownError(Exception):
    """The write may or may not have happened, or lost a race: run the very same write again."""


class ConditionFailedError(Exception):
    """A condition of the write did not hold: someone was first, or it is refused. Read to learn which."""


class UntilKnown:
    """Runs a write again, with full-jitter back-off, until it is known to have happened or not."""

    def __init__(self, *, clock: Clock, random: Callable[[], float]) -> None:
        self._clock = clock
        self._random = random

    def __call__[T](
        self,
        write: Callable[[], None],
        done: T,
        explain: Callable[[], T | None],
        *,
        deadline_s: float,
    ) -> T:
        """`done` once the write happened, else what `explain` reads a failed condition to mean.

        None from `explain` means that nothing stands in the way any more: run it again. So does a read that
        is not answered. Raises TemporarilyUnavailableError when the outcome stayed unknown until the
        deadline (monotonic).
        """
        attempt = 0
        while True:
            try:
                try:
                    write()
                except ConditionFailedError as failed:
                    outcome = explain()
                    if outcome is not None:
                        return outcome
                    cause: Exception = failed
                else:
                    return done
            except (OutcomeUnknownError, TemporarilyUnavailableError) as unknown:
                cause = unknown
            pause_s = self._random() * min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2**attempt)
            if self._clock.monotonic_s() + pause_s >= deadline_s:
                raise TemporarilyUnavailableError(
                    "The request could not be recorded in time. It may be tried again.", retry_after_s=2
                ) from cause
            self._clock.sleep(pause_s)
            attempt += 1
