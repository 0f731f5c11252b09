"""The trial balance: all wallets' entries, account by account of the books, against what the wallets hold."""

from collections import Counter
from dataclasses import dataclass, field

from corent.ledger.audit import Tally
from corent.ledger.audit_store import JobMoney
from corent.ledger.balances import Balance
from corent.ledger.entries import CUSTOMER, Entry, EntryKind

CUSTOMER_HELD = "customer_held"


@dataclass
class TrialBalance:
    """Sums over wallets, in micro-dollars. `accounts` has credits less debits of each account of the books.

    `captured_micros` and `costs_micros` are of the jobs that were settled in the span looked at.
    """

    wallets: int = 0
    entries: int = 0
    accounts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[EntryKind] = field(default_factory=Counter)
    available_micros: int = 0
    held_micros: int = 0
    captured_micros: int = 0
    costs_micros: Counter[str] = field(default_factory=Counter)

    def add(self, balance: Balance, tally: Tally) -> None:
        """Add one wallet, whose account check found nothing moving."""
        self.wallets += 1
        self.entries += tally.entries
        self.accounts.update(tally.moved)
        self.kinds.update(tally.kinds)
        self.available_micros += balance.available_micros
        self.held_micros += balance.held_micros

    def add_job(self, settled: Entry, job: JobMoney) -> None:
        """Add what a settled job brought in and what it cost us."""
        if settled.kind is EntryKind.CAPTURE:
            self.captured_micros += settled.amount_micros
        for implementation, cost_micros in job.costs_micros:
            self.costs_micros[implementation] += cost_micros

    @property
    def cost_micros(self) -> int:
        """What upstreams cost over the span."""
        return sum(self.costs_micros.values())

    @property
    def margin_micros(self) -> int:
        """Captures less upstream cost over the span."""
        return self.captured_micros - self.cost_micros

    def differences(self) -> list[str]:
        """Invariant 7 in words; nothing when the books balance."""
        found = []
        if sum(self.accounts.values()) != 0:
            found.append(f"7: debits and credits differ by {sum(self.accounts.values())}")
        said = (self.accounts[CUSTOMER], self.accounts[CUSTOMER_HELD])
        if said != (self.available_micros, self.held_micros):
            found.append(
                f"7: wallets hold {self.available_micros} and {self.held_micros}, the entries say {said}"
            )
        return found
