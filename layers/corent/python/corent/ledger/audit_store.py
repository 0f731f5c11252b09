"""The store port of the checks: everything that is stored of a wallet, read and never written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from corent.ledger.balances import Balance
from corent.ledger.entries import Entry
from corent.ledger.payment_store import StoredPayment


@dataclass(frozen=True, slots=True)
class JobMoney:
    """What the books say of a job on the jobs' side. `money` is held, captured or released.

    `state` is the job's own, `costs_micros` what its attempts cost us, by the implementation that was asked.
    """

    money: str
    state: str
    hold_micros: int
    costs_micros: tuple[tuple[str, int], ...] = ()


class AuditStore(Protocol):
    """Reads of the balances and jobs tables. Consistent, but for `moved_since`."""

    def moved_since(self, time_ms: int) -> Iterator[str]:
        """Wallets whose money moved in the hour of `time_ms` or later."""
        ...

    def read_balance(self, wallet_id: str) -> Balance | None: ...

    def read_entries(self, wallet_id: str) -> Iterator[Entry]:
        """Every entry of the wallet, in the order of their keys."""
        ...

    def read_jobs(self, job_ids: Sequence[str]) -> dict[str, JobMoney]:
        """Those of the jobs that exist, by id; a staged one's money is held, as its batch's is."""
        ...

    def read_payments(self, payment_ids: Sequence[str]) -> dict[str, StoredPayment]:
        """Those of the payments that exist, by id."""
        ...
