"""Running a ledger write until its outcome is known.

A write that may have happened is run again as it is: entry keys make a repeat harmless. A write
whose condition failed is explained by reading: what is stored says what became of it.
"""

from collections.abc import Callable
from enum import Enum
from typing import Final, Protocol

from corent.core.clock import Clock
from corent.core.errors import InvariantViolationError, TemporarilyUnavailableError
from corent.ledger.entries import Entry

BACKOFF_BASE_S: Final = 0.025
BACKOFF_CAP_S: Final = 1.0


class OutcomeUnknownError(Exception):
    """The write may or may not have happened, or lost a race: run the very same write again."""


class ConditionFailedError(Exception):
    """A condition of the write did not hold: someone was first, or it is refused. Read to learn which."""


class Settlement(Enum):
    """How a write that has a rival ended."""

    DONE = "done"
    LOST = "lost"  # The other side came first; nothing was changed.


class EntryReader(Protocol):
    """Where posted entries are read, consistently."""

    def read_entry(self, wallet_id: str, *, key: str) -> Entry | None: ...


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

        None from `explain` means that nothing stands in the way any more: run it again. Raises
        TemporarilyUnavailableError when the outcome stayed unknown until the deadline (monotonic).
        """
        attempt = 0
        while True:
            try:
                write()
            except OutcomeUnknownError as unknown:
                cause: Exception = unknown
            except ConditionFailedError as failed:
                outcome = explain()
                if outcome is not None:
                    return outcome
                cause = failed
            else:
                return done
            pause_s = self._random() * min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2**attempt)
            if self._clock.monotonic_s() + pause_s >= deadline_s:
                raise TemporarilyUnavailableError(
                    "The request could not be recorded in time. It may be tried again.", retry_after_s=2
                ) from cause
            self._clock.sleep(pause_s)
            attempt += 1


def posted(store: EntryReader, entry: Entry) -> Settlement | None:
    """What is stored under the entry's key: this write, the other side's, or nothing.

    Raises InvariantViolationError for the same movement of another amount.
    """
    stored = store.read_entry(entry.wallet_id, key=entry.key)
    if stored is None:
        return None
    if stored.kind is not entry.kind:
        return Settlement.LOST
    if stored.amount_micros != entry.amount_micros:
        raise InvariantViolationError(
            f"{entry.key} is posted with {stored.amount_micros}, not {entry.amount_micros}"
        )
    return Settlement.DONE


def surely_posted(store: EntryReader, entry: Entry) -> Settlement:
    """Like `posted`, where a refusal can only mean that something is."""
    settlement = posted(store, entry)
    if settlement is None:
        raise InvariantViolationError(f"{entry.key} was refused, yet nothing is posted under it")
    return settlement
