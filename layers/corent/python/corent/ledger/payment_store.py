"""The store port of card money: orders to pay, payments, and the transactions that credit and claw back."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from corent.ledger.balances import Balance
from corent.ledger.entries import Entry


class OrderState(StrEnum):
    """An order is credited once, or never."""

    CREATED = "created"
    CREDITED = "credited"


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """Money that a customer was asked to pay: what is credited is this, whatever an event says.

    `id` is the checkout session's, or our own for a charge without one. `currency` is lower-case ISO 4217.
    """

    id: str
    wallet_id: str
    amount_micros: int
    currency: str
    state: OrderState = OrderState.CREATED
    payment_id: str | None = None


@dataclass(frozen=True, slots=True)
class StoredPayment:
    """A credited payment, and what of it has not been clawed back. `frozen_for` are disputes noted on it."""

    id: str
    wallet_id: str
    credited_micros: int
    left_micros: int
    frozen_for: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class DepositWrite:
    """T4: the order becomes credited, the payment exists, the entry is posted and the balance grows."""

    entry: Entry
    order_id: str
    payment_id: str


@dataclass(frozen=True, slots=True)
class ClawBackWrite:
    """T5: less is left of the payment, the entry is posted and the balance shrinks, below zero if need be."""

    entry: Entry
    payment_id: str
    freezes: bool


@dataclass(frozen=True, slots=True)
class PutBackWrite:
    """T6, and the return of a refund that failed: `undoes` is the key of the claw-back that is undone."""

    entry: Entry
    payment_id: str
    credited_micros: int
    undoes: str


class PaymentStore(Protocol):
    """Transactions on the balances table that have no half in the jobs table.

    Every write raises OutcomeUnknownError or ConditionFailedError (`core/writes.py`) when it did not surely
    happen. Every read is consistent.
    """

    def write_order(self, order: PaymentOrder, *, at_ms: int) -> None:
        """Note what a customer is asked to pay, once."""
        ...

    def write_deposit(self, write: DepositWrite) -> None:
        """Run T4 once."""
        ...

    def write_claw_back(self, write: ClawBackWrite) -> None:
        """Run T5 once. Never refused for lack of funds."""
        ...

    def write_put_back(self, write: PutBackWrite) -> None:
        """Run T6 once."""
        ...

    def write_goodwill(self, entry: Entry, *, job_id: str) -> None:
        """Run T7 once; the job must have been captured."""
        ...

    def write_adjustment(self, entry: Entry) -> None:
        """Post an `adjust` entry of an operator's once, and move the balance."""
        ...

    def write_freeze(self, wallet_id: str, *, payment_id: str, dispute_id: str, at_ms: int) -> None:
        """Freeze the wallet, once for each dispute, and note the dispute on the payment."""
        ...

    def freeze(self, wallet_id: str, *, cause: str) -> None:
        """Stop the wallet's spending; `cause` is kept for the operator. May be repeated."""
        ...

    def unfreeze(self, wallet_id: str, *, cause: str) -> None:
        """Let a frozen wallet spend again. May be repeated."""
        ...

    def read_order(self, order_id: str) -> PaymentOrder | None: ...

    def read_payment(self, payment_id: str) -> StoredPayment | None: ...

    def read_entry(self, wallet_id: str, *, key: str) -> Entry | None: ...

    def read_balance(self, wallet_id: str) -> Balance | None: ...
