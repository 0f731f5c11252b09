"""The ports of delivery: owed webhooks, places for sending, and the caller's secret."""

from collections.abc import Sequence
from typing import Protocol

from corent.webhooks.outbox import Outbox


class SealBrokenError(Exception):
    """A sealed secret that this key, account and subject do not open; trying again will not help."""


class OutboxStore(Protocol):
    """Owed webhooks by the id of their job or batch."""

    def read(self, subject_id: str) -> Outbox | None:
        """What is owed for it, read consistently; None when nothing ever was."""
        ...

    def read_many(self, subject_ids: Sequence[str]) -> dict[str, Outbox]:
        """What is owed or was, by id, read consistently; at most a page's worth of ids."""
        ...

    def replace(self, before: Outbox, after: Outbox) -> bool:
        """Store `after` if status, tries and due time are still those of `before`; False if they are not.

        Also False when an earlier answer to the same write was lost: the sweep then finds what was left.
        """
        ...

    def forgotten(self, *, now_s: int) -> list[str]:
        """Ids of pending ones past `owed_by_s`, a bounded number. Eventually consistent."""
        ...


class SendingSlots(Protocol):
    """The few messages one wallet may have under way at once, so that a slow receiver stalls only its own."""

    def take(self, wallet_id: str, *, now_ms: int, until_ms: int, random: float) -> int | None:
        """A free slot, held until then; None when all are taken. `random` (below 1) says where to begin."""
        ...

    def give_back(self, wallet_id: str, *, slot: int, until_ms: int) -> None:
        """Free the slot that was taken until then; nothing if it lapsed and is another's. May be repeated."""
        ...


class OpenSeal(Protocol):
    """Opens what was sealed at submit."""

    def __call__(self, sealed: str, *, wallet_id: str, job_id: str) -> str:
        """The secret; for a batch, `job_id` is its id.

        Raises SealBrokenError, and TemporarilyUnavailableError when it could not be asked for.
        """
        ...
