"""The card processor's port: asking for money, and the truth of each payment. Amounts are whole cents."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from corent.payments.topup import SavedCard


class RefundState(StrEnum):
    """Whether a refund's money left, or is about to."""

    STANDING = "standing"
    UNDONE = "undone"  # It failed or was cancelled: the money stays with us after all.


class DisputeState(StrEnum):
    """How a dispute stands."""

    INQUIRY = "inquiry"  # Only a question: no money was taken.
    OPEN = "open"  # The money was taken.
    WON = "won"  # The money was taken, and given back.
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that went back to the payer. `created_s` is when it was begun."""

    id: str
    amount_cents: int
    created_s: int
    state: RefundState


@dataclass(frozen=True, slots=True)
class Dispute:
    """Money that the payer's bank claims back."""

    id: str
    amount_cents: int
    created_s: int
    state: DisputeState


@dataclass(frozen=True, slots=True)
class Payment:
    """All that is true of one payment now. `order_id` and `account_id` are None for one that is not ours.

    `asked_cents` is what the payer was shown, in `currency` (lower-case ISO 4217), and `paid_cents` what came
    of it: all of it once `is_paid`. `saved_card` is one that may be charged again.
    """

    id: str
    order_id: str | None
    account_id: str | None
    is_paid: bool
    asked_cents: int
    paid_cents: int
    currency: str
    is_live: bool
    receipt_url: str | None
    saved_card: SavedCard | None = None
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()


@dataclass(frozen=True, slots=True)
class Checkout:
    """A page on which a customer can pay. `expires_at_s` counts from the epoch."""

    session_id: str
    url: str
    expires_at_s: int


class ChargeState(StrEnum):
    """How a charge of a saved card stands."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge of a saved card. `needs_owner` when it failed for want of its owner's consent."""

    payment_id: str | None
    state: ChargeState
    needs_owner: bool = False


class CardProcessor(Protocol):
    """Raises TemporarilyUnavailableError when it does not answer, or is not set up on this stage."""

    def open_checkout(
        self, *, account_id: str, amount_cents: int, currency: str, idempotency_key: str, saves_card: bool
    ) -> Checkout:
        """Make a page to pay that amount. The same `idempotency_key` within a day gives the same page.

        With `saves_card` the payer allows us to charge his card again.
        """
        ...

    def charge(
        self, card: SavedCard, *, account_id: str, order_id: str, amount_cents: int, currency: str
    ) -> Charge:
        """Charge a saved card while its owner is away, once an `order_id`; how that charge stands now.

        May be repeated for a day.
        """
        ...

    def payment(self, payment_id: str) -> Payment | None:
        """The payment with its refunds and disputes as they are now; None when there is none of that id."""
        ...

    def changed_payments(self, *, since_s: int, until_s: int) -> Iterator[str]:
        """Ids of the payments to which anything happened in that span, each at least once."""
        ...
