"""What became of a movement: entries are posted once, and what is stored under a key says by whom."""

from enum import Enum
from typing import Protocol

from corent.core.errors import InvariantViolationError
from corent.ledger.entries import Entry


class Settlement(Enum):
    """How a write that has a rival ended."""

    DONE = "done"
    LOST = "lost"  # The other side came first; nothing was changed.


class EntryReader(Protocol):
    """Where posted entries are read, consistently."""

    def read_entry(self, wallet_id: str, *, key: str) -> Entry | None: ...


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
