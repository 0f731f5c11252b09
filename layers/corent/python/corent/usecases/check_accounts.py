"""The account check and the trial balance: are the books right, wallet by wallet and as a whole."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from corent.core.clock import Clock
from corent.ledger.audit import AuditWallet
from corent.ledger.audit_store import AuditStore
from corent.ledger.trial_balance import TrialBalance

# A run stops by itself well before its function's time-out, and says that it did not get through.
CHECK_S: Final = 780.0
HOUR_MS: Final = 3_600_000
# How far back a run looks for wallets that moved and for settled jobs; runs overlap, so none is missed.
HOURLY_SPAN_MS: Final = 2 * HOUR_MS
DAILY_SPAN_MS: Final = 25 * HOUR_MS


@dataclass
class AccountsReport:
    """What one run saw. `differences` has each wallet's in words; those wallets are frozen.

    `moving` are wallets that never stood still long enough: the next run looks at them again. `complete` is
    False when the time ran out.
    """

    checked: int = 0
    moving: list[str] = field(default_factory=list)
    differences: dict[str, list[str]] = field(default_factory=dict)
    complete: bool = True
    trial: TrialBalance = field(default_factory=TrialBalance)
    trial_differences: list[str] = field(default_factory=list)

    @property
    def found(self) -> int:
        """How many differences there are in all."""
        return sum(map(len, self.differences.values())) + len(self.trial_differences)


class CheckAccounts:
    """Reads all, freezes what does not add up, repairs nothing. May be repeated, and may die halfway."""

    def __init__(self, *, store: AuditStore, freeze: Callable[[str], None], clock: Clock) -> None:
        self._store = store
        self._audit = AuditWallet(store=store)
        self._freeze = freeze
        self._clock = clock

    def moved(self) -> AccountsReport:
        """Look at the wallets that moved in the last hours."""
        return self._run(wallets_since_ms=self._clock.now_ms() - HOURLY_SPAN_MS, span_ms=HOURLY_SPAN_MS)

    def all(self) -> AccountsReport:
        """Look at every wallet, and add all of them up."""
        report = self._run(wallets_since_ms=0, span_ms=DAILY_SPAN_MS)
        if report.complete and not report.moving:
            report.trial_differences = report.trial.differences()
        return report

    def _run(self, *, wallets_since_ms: int, span_ms: int) -> AccountsReport:
        report = AccountsReport()
        until_s = self._clock.monotonic_s() + CHECK_S
        jobs_since_ms = self._clock.now_ms() - span_ms
        for wallet_id in self._store.moved_since(wallets_since_ms):
            if self._clock.monotonic_s() >= until_s:
                report.complete = False
                break
            audit = self._audit(wallet_id, since_ms=jobs_since_ms)
            report.checked += 1
            if audit.differences:
                report.differences[wallet_id] = list(audit.differences)
                self._freeze(wallet_id)
            if audit.tally is None or audit.balance is None:
                report.moving.append(wallet_id)
                continue
            report.trial.add(audit.balance, audit.tally)
            for settled, job in audit.settled_jobs:
                report.trial.add_job(settled, job)
        return report
