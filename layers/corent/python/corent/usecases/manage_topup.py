"""What an account's owner says of automatic top-ups: the rules, on or off."""

from typing import Final, Protocol

from corent.accounts.keys import Mode
from corent.core.clock import Clock
from corent.core.errors import (
    InvalidRequestError,
    LiveKeyRequiredError,
    NoSavedCardError,
    TemporarilyUnavailableError,
)
from corent.core.money import MICROS_PER_CENT
from corent.notices.notice import Notice
from corent.payments.topup import OffReason, SavedCard, TopUp
from corent.usecases.authenticate import Caller
from corent.usecases.watch_balances import Wake

# Each further try needs another change of the same account's top-up to have come between.
CHANGE_TRIES_MAX: Final = 5


class TopUpStore(Protocol):
    """Top-ups and saved cards by wallet. Reads are consistent."""

    def read(self, wallet_id: str) -> TopUp | None: ...

    def read_card(self, wallet_id: str) -> SavedCard | None: ...

    def keep_card(self, wallet_id: str, card: SavedCard) -> None:
        """Keep it, unless a newer one is kept. May be repeated."""
        ...

    def replace(self, before: TopUp | None, after: TopUp, *, notice: Notice | None = None) -> bool:
        """Store `after` if `before` still stands, watch the balance for it, owe the notice; False if not."""
        ...

    def note_capped(self, wallet_id: str, *, month: str) -> None:
        """Watch the balance no more in that month. May be repeated."""
        ...


class ManageTopUp:
    """Reads and changes one wallet's automatic top-up."""

    def __init__(self, *, topups: TopUpStore, wake: Wake, clock: Clock) -> None:
        self._topups = topups
        self._wake = wake
        self._clock = clock

    def get(self, caller: Caller) -> TopUp | None:
        """The rules and where they stand; None before they were ever set."""
        return self._topups.read(caller.wallet_id)

    def set(
        self, caller: Caller, *, threshold_cents: int, amount_cents: int, monthly_cap_cents: int
    ) -> TopUp:
        """Turn it on by these rules. May be repeated.

        Raises LiveKeyRequiredError, NoSavedCardError, or InvalidRequestError for a cap that allows no charge.
        """
        if caller.key.mode is Mode.TEST:
            raise LiveKeyRequiredError("The test balance fills up by itself; top-ups take a live key.")
        if monthly_cap_cents < amount_cents:
            raise InvalidRequestError(
                "monthly_cap_cents must be at least amount_cents.",
                code="invalid_monthly_cap_cents",
                param="monthly_cap_cents",
            )
        if self._topups.read_card(caller.wallet_id) is None:
            raise NoSavedCardError("There is no saved card: make a deposit with save_card first.")
        new = TopUp(
            wallet_id=caller.wallet_id,
            threshold_micros=threshold_cents * MICROS_PER_CENT,
            amount_micros=amount_cents * MICROS_PER_CENT,
            monthly_cap_micros=monthly_cap_cents * MICROS_PER_CENT,
        )
        for _ in range(CHANGE_TRIES_MAX):
            before = self._topups.read(caller.wallet_id)
            after = new if before is None else before.changed(new)
            if self._topups.replace(before, after):
                # The balance may be below the threshold already.
                self._wake(caller.wallet_id)
                return after
        raise TemporarilyUnavailableError("The top-up is being changed just now.", retry_after_s=1)

    def turn_off(self, caller: Caller) -> TopUp | None:
        """Charge nothing more; a charge under way goes on to its end. May be repeated."""
        for _ in range(CHANGE_TRIES_MAX):
            before = self._topups.read(caller.wallet_id)
            if before is None or not before.is_on:
                return before
            after = before.turned_off(OffReason.BY_OWNER, now_ms=self._clock.now_ms())
            if self._topups.replace(before, after):
                return after
        raise TemporarilyUnavailableError("The top-up is being changed just now.", retry_after_s=1)
