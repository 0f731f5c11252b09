"""The ledger's store port: whole transactions in, and the reads that tell what became of them."""

from dataclasses import dataclass
from typing import Protocol

from corent.core.idempotency import IdempotencyClaim, IdempotencyRecord
from corent.ledger.balances import Balance
from corent.ledger.entries import Entry


@dataclass(frozen=True, slots=True)
class KeyLimit:
    """The spending limit of the API key that buys. `month` is `YYYYMM`; each month counts from zero."""

    key_sha256: str
    month: str
    limit_micros: int


@dataclass(frozen=True, slots=True)
class HoldWrite:
    """T1: the job or batch, its idempotency record, the hold entry and the balance, all or nothing.

    `open_max` is how many of its sort may be open in the wallet, this one included.
    """

    entry: Entry
    purchase_id: str
    now_s: int
    open_max: int
    idempotency: IdempotencyClaim | None
    key_limit: KeyLimit | None


@dataclass(frozen=True, slots=True)
class SettleWrite:
    """T2 and T3: the job's end, the capture or release entry and the balance, all or nothing.

    `key_limit` is where a release takes the price off the key's spending again.
    """

    entry: Entry
    job_id: str
    in_batch: bool
    key_limit: KeyLimit | None


@dataclass(frozen=True, slots=True)
class JobSums:
    """What a span of jobs amounts to."""

    jobs: int
    captured_micros: int


class LedgerStore[NewJobT, JobEndT, NewBatchT, BatchEndT](Protocol):
    """Transactions on the balances table and the half of each that lies in the jobs table.

    Every write raises OutcomeUnknownError or ConditionFailedError (`core/writes.py`) when it did not surely
    happen. Every read is consistent.
    """

    def write_hold(self, write: HoldWrite, job: NewJobT) -> None:
        """Run T1 once."""
        ...

    def write_batch_hold(self, write: HoldWrite, batch: NewBatchT) -> None:
        """Run T1' once; its jobs are staged."""
        ...

    def write_batch_end(self, wallet_id: str, batch_id: str, end: BatchEndT) -> None:
        """End an open batch, cancelled or not as `end` knows it, and count it no more. No money moves."""
        ...

    def write_settlement(self, write: SettleWrite, end: JobEndT) -> None:
        """Run T2 or T3 once; the entry's kind says which."""
        ...

    def open_wallet(self, wallet_id: str, *, at_ms: int) -> None:
        """Make the wallet's balance item, with nothing in it, unless it is there. May be repeated."""
        ...

    def write_promo(self, entry: Entry, *, refilled_on: str | None) -> None:
        """Credit a wallet once; `refilled_on` notes the day of a test wallet's refill."""
        ...

    def freeze(self, wallet_id: str, *, cause: str) -> None:
        """Stop the wallet's spending; `cause` is kept for the operator. May be repeated."""
        ...

    def read_entry(self, wallet_id: str, *, key: str) -> Entry | None: ...

    def read_balance(self, wallet_id: str) -> Balance | None: ...

    def read_idempotency(self, wallet_id: str, *, key_sha256: str) -> IdempotencyRecord | None: ...

    def read_key_spent_micros(self, limit: KeyLimit) -> int:
        """What the key has spent in that month."""
        ...

    def list_entries(
        self, wallet_id: str, *, limit: int, before: str | None
    ) -> tuple[list[Entry], str | None]:
        """A page of entries in `entry_order`, newest first, and where the next page begins."""
        ...

    def sum_jobs(self, wallet_id: str, *, since: str, before: str) -> JobSums:
        """Jobs begun and money captured for them, over jobs with ULIDs from `since` to below `before`."""
        ...
