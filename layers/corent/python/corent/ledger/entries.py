"""Entries: one movement on one wallet, written once and never changed."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from corent.core.ids import time_ms_of

CUSTOMER: Final = "customer"


class Counterpart(StrEnum):
    """The accounts of the books on the other side of a wallet."""

    CARD_CLEARING = "card_clearing"
    PROMOTION = "promotion"
    REVENUE = "revenue"


class EntryKind(StrEnum):
    """What moved, and between which accounts of the books."""

    HOLD = "hold"  # customer -> customer_held
    CAPTURE = "capture"  # customer_held -> revenue
    RELEASE = "release"  # customer_held -> customer
    DEPOSIT = "deposit"  # card_clearing -> customer
    REFUND = "refund"  # customer -> card_clearing
    DISPUTE = "dispute"  # customer -> card_clearing
    REINSTATE = "reinstate"  # card_clearing -> customer
    GOODWILL = "goodwill"  # promotion -> customer
    PROMO = "promo"  # promotion -> customer
    ADJUST = "adjust"  # as the entry names them


# A wallet's list has these at the time of their job or batch, all others at the time they were posted.
OF_JOBS: Final = frozenset({EntryKind.HOLD, EntryKind.CAPTURE, EntryKind.RELEASE})
CLAW_BACKS: Final = frozenset({EntryKind.REFUND, EntryKind.DISPUTE})


@dataclass(frozen=True, slots=True)
class Effect:
    """What one entry does to a balance, as signs of its amount, and the accounts it moves between."""

    debit: str
    credit: str
    available: int
    held: int
    credits: int
    debits: int


def _paid_in(source: Counterpart) -> Effect:
    return Effect(source.value, CUSTOMER, available=+1, held=0, credits=+1, debits=0)


def _taken_out(target: Counterpart) -> Effect:
    return Effect(CUSTOMER, target.value, available=-1, held=0, credits=0, debits=+1)


EFFECTS: Final = {
    EntryKind.HOLD: Effect(CUSTOMER, "customer_held", available=-1, held=+1, credits=0, debits=0),
    EntryKind.CAPTURE: Effect(
        "customer_held", Counterpart.REVENUE.value, available=0, held=-1, credits=0, debits=+1
    ),
    EntryKind.RELEASE: Effect("customer_held", CUSTOMER, available=+1, held=-1, credits=0, debits=0),
    EntryKind.DEPOSIT: _paid_in(Counterpart.CARD_CLEARING),
    EntryKind.REFUND: _taken_out(Counterpart.CARD_CLEARING),
    EntryKind.DISPUTE: _taken_out(Counterpart.CARD_CLEARING),
    EntryKind.REINSTATE: _paid_in(Counterpart.CARD_CLEARING),
    EntryKind.GOODWILL: _paid_in(Counterpart.PROMOTION),
    EntryKind.PROMO: _paid_in(Counterpart.PROMOTION),
}


@dataclass(frozen=True, slots=True)
class Adjustment:
    """The accounts of an `adjust` entry: the other one, and whether the wallet gains."""

    counterpart: Counterpart
    into_wallet: bool

    @property
    def effect(self) -> Effect:
        return _paid_in(self.counterpart) if self.into_wallet else _taken_out(self.counterpart)


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement. `key` is derived from the outside fact that caused it, so posting it twice moves once.

    `amount_micros` is always positive; `kind` says which way it moves, but for an `adjust`, whose
    `adjustment` does. `reference` is what it is about (a job, batch, promotion, order, refund, dispute or
    ticket), `cause` the request, event or operator that asked for it. `jobs` is how many jobs a hold is for,
    `payment_id` the payment that card money belongs to, `receipt_url` a deposit's receipt.
    """

    key: str
    wallet_id: str
    kind: EntryKind
    amount_micros: int
    at_ms: int
    reference: str
    cause: str
    jobs: int = 1
    adjustment: Adjustment | None = None
    payment_id: str | None = None
    receipt_url: str | None = None

    def __post_init__(self) -> None:
        if self.amount_micros <= 0:
            raise ValueError(f"amount_micros must be positive, got {self.amount_micros}")
        if (self.kind is EntryKind.ADJUST) != (self.adjustment is not None):
            raise ValueError(f"an {EntryKind.ADJUST} entry, and no other, names its accounts: {self.key}")

    @property
    def effect(self) -> Effect:
        """What it does to the wallet's balance."""
        return self.adjustment.effect if self.adjustment is not None else EFFECTS[self.kind]


def hold_key(purchase_id: str) -> str:
    return f"hold#{purchase_id}"


def settle_key(job_id: str) -> str:
    """Capture and release share this key, so that the two exclude each other."""
    return f"settle#{job_id}"


def promo_key(reference: str) -> str:
    return f"promo#{reference}"


def deposit_key(order_id: str) -> str:
    return f"deposit#{order_id}"


def claw_back_key(kind: EntryKind, reference: str) -> str:
    """`refund#<refund>` or `dispute#<dispute>`."""
    return f"{kind.value}#{reference}"


def reinstate_key(dispute_id: str) -> str:
    return f"reinstate#{dispute_id}"


def goodwill_key(job_id: str) -> str:
    return f"goodwill#{job_id}"


def adjust_key(reference: str) -> str:
    """`adjust#<ticket>`, or the refund that failed after all."""
    return f"adjust#{reference}"


def entry_order(entry: Entry) -> str:
    """The key a wallet's entries are listed by: when their cause began, then hold before settlement.

    A job's hold and settlement stand at the job's own time, so that they stay together.
    """
    if entry.kind not in OF_JOBS:
        return f"{entry.at_ms:013d}#{entry.key}"
    ulid = entry.reference.partition("_")[2]
    return f"{time_ms_of(ulid):013d}#{ulid}#{0 if entry.kind is EntryKind.HOLD else 1}"
