"""A caller's wallet: holds and balances, with the test wallet's daily refill."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from corent.accounts.keys import Mode
from corent.core.clock import Clock, day_of
from corent.core.errors import InsufficientFundsError, TemporarilyUnavailableError
from corent.core.idempotency import IdempotencyClaim, SameRequest
from corent.core.money import MICROS_PER_CENT
from corent.jobs.batch import Batch
from corent.jobs.job import Job
from corent.ledger.balances import Balance
from corent.ledger.ledger import Held
from corent.ledger.store import KeyLimit
from corent.usecases.authenticate import Caller
from corent.usecases.job_ledger import JobLedger
from corent.usecases.watch_balances import Wake, month_of

TEST_BALANCE_MICROS: Final = 10_000 * MICROS_PER_CENT


@dataclass(frozen=True, slots=True)
class Figures:
    """What a caller sees of a balance: money not yet charged, and how much of it is not held."""

    total_micros: int
    available_micros: int


class Wallets:
    """Holds money for jobs and reads balances; a test wallet that runs low is filled up once a day."""

    def __init__(self, *, ledger: JobLedger, clock: Clock, wake: Wake | None = None) -> None:
        self._ledger = ledger
        self._clock = clock
        self._wake = wake

    def hold(
        self,
        bought: Job | Batch,
        *,
        caller: Caller,
        deadline_s: float,
        idempotency: IdempotencyClaim | None,
        key_limit: KeyLimit | None,
    ) -> Held | SameRequest:
        """Hold its price (see `Ledger.hold` and `hold_batch`, whose errors it raises). May be repeated."""
        terms: dict[str, Any] = {
            "wallet_id": bought.wallet_id,
            "amount_micros": bought.hold_micros,
            "cause": bought.request_id,
            "deadline_s": deadline_s,
            "idempotency": idempotency,
            "key_limit": key_limit,
        }

        def hold() -> Held | SameRequest:
            if isinstance(bought, Batch):
                return self._ledger.hold_batch(bought, batch_id=bought.id, jobs=bought.size, **terms)
            return self._ledger.hold(bought, job_id=bought.id, **terms)

        return self._refilled(hold, caller=caller)

    def check_batch(self, batch: Batch, *, caller: Caller, key_limit: KeyLimit | None) -> None:
        """Raise what would refuse the batch now (see `Ledger.check_batch`)."""
        self._refilled(
            lambda: self._ledger.check_batch(
                batch.wallet_id, amount_micros=batch.hold_micros, key_limit=key_limit
            ),
            caller=caller,
        )

    def same_request(self, caller: Caller, *, idempotency: IdempotencyClaim) -> SameRequest | None:
        """The job or batch an earlier request with that key made (see `Ledger.same_request`)."""
        return self._ledger.same_request(caller.wallet_id, idempotency=idempotency)

    def balance(self, caller: Caller) -> Balance:
        """The caller's balance, its invariants checked."""
        balance = self._ledger.balance(caller.wallet_id)
        if caller.key.mode is Mode.TEST and self._refill(balance):
            return self._ledger.balance(caller.wallet_id)
        return balance

    def figures(self, caller: Caller) -> Figures:
        """The caller's balance as it is shown; one that has crossed a threshold is had looked after."""
        balance = self.balance(caller)
        if self._wake is not None and balance.is_crossed(month=month_of(self._clock.now_ms())):
            with suppress(TemporarilyUnavailableError):  # The next to see it tries again.
                self._wake(caller.wallet_id)
        return Figures(
            total_micros=balance.available_micros + balance.held_micros,
            available_micros=balance.available_micros,
        )

    def _refilled[T](self, hold: Callable[[], T], *, caller: Caller) -> T:
        try:
            return hold()
        except InsufficientFundsError:
            if caller.key.mode is Mode.TEST and self._refill(self._ledger.balance(caller.wallet_id)):
                return hold()
            raise

    def _refill(self, balance: Balance) -> bool:
        """Bring a test wallet back to its full sum; False when it was filled today or needs nothing."""
        missing_micros = TEST_BALANCE_MICROS - balance.available_micros - balance.held_micros
        today = day_of(self._clock.now_ms())
        if missing_micros <= 0 or balance.refilled_on == today:
            return False
        self._ledger.promote(
            balance.wallet_id,
            amount_micros=missing_micros,
            reference=f"refill-{today}",
            cause="daily refill",
            refilled_on=today,
        )
        return True
