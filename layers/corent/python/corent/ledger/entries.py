"""Entries: one movement on one wallet, written once and never changed."""

from dataclasses import dataclass
from enum import StrEnum

from corent.core.ids import time_ms_of


class EntryKind(StrEnum):
    """What moved, and between which accounts of the books."""

    HOLD = "hold"  # customer -> customer_held
    CAPTURE = "capture"  # customer_held -> revenue
    RELEASE = "release"  # customer_held -> customer
    PROMO = "promo"  # promotion -> customer


@dataclass(frozen=True, slots=True)
class Effect:
    """What one entry of a kind does to a balance, as signs of its amount."""

    debit: str
    credit: str
    available: int
    held: int
    credits: int
    debits: int


EFFECTS = {
    EntryKind.HOLD: Effect("customer", "customer_held", available=-1, held=+1, credits=0, debits=0),
    EntryKind.CAPTURE: Effect("customer_held", "revenue", available=0, held=-1, credits=0, debits=+1),
    EntryKind.RELEASE: Effect("customer_held", "customer", available=+1, held=-1, credits=0, debits=0),
    EntryKind.PROMO: Effect("promotion", "customer", available=+1, held=0, credits=+1, debits=0),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement. `key` is derived from the outside fact that caused it, so posting it twice moves once.

    `amount_micros` is always positive; `kind` says which way it moves. `reference` is the job (or
    the promotion, or the batch a hold is for), `cause` the request or operator that asked for it. `jobs` is
    how many jobs a hold is for.
    """

    key: str
    wallet_id: str
    kind: EntryKind
    amount_micros: int
    at_ms: int
    reference: str
    cause: str
    jobs: int = 1

    def __post_init__(self) -> None:
        if self.amount_micros <= 0:
            raise ValueError(f"amount_micros must be positive, got {self.amount_micros}")


def hold_key(purchase_id: str) -> str:
    return f"hold#{purchase_id}"


def settle_key(job_id: str) -> str:
    """Capture and release share this key, so that the two exclude each other."""
    return f"settle#{job_id}"


def promo_key(reference: str) -> str:
    return f"promo#{reference}"


def entry_order(entry: Entry) -> str:
    """The key a wallet's entries are listed by: when their cause began, then hold before settlement.

    An entry of a job stands at the job's own time, so that hold and settlement stay together.
    """
    if entry.kind is EntryKind.PROMO:
        return f"{entry.at_ms:013d}#{entry.key}"
    ulid = entry.reference.partition("_")[2]
    return f"{time_ms_of(ulid):013d}#{ulid}#{0 if entry.kind is EntryKind.HOLD else 1}"
