"""Open an account: two wallets, and for operators a first key for each."""

from dataclasses import dataclass

from corent.accounts.keys import GRANTABLE, Mode, Scope, wallet_id
from corent.core.clock import Clock, day_of
from corent.core.ids import new_ulid
from corent.core.money import MICROS_PER_CENT
from corent.usecases.job_ledger import JobLedger
from corent.usecases.manage_keys import ManageKeys, NewKey
from corent.usecases.wallets import TEST_BALANCE_MICROS


@dataclass(frozen=True, slots=True)
class OpenedAccount:
    """A new account and the secrets of its first keys, shown this once."""

    account_id: str
    live_key: str
    test_key: str


class OpenWallets:
    """The two wallets of an account. What makes an account of an id."""

    def __init__(self, *, ledger: JobLedger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def __call__(self, account_id: str, *, balance_cents: int) -> None:
        """Open both, the live one with that much promotional money. May be repeated."""
        for mode, amount_micros in (
            (Mode.LIVE, balance_cents * MICROS_PER_CENT),
            (Mode.TEST, TEST_BALANCE_MICROS),
        ):
            wallet = wallet_id(account_id, mode=mode)
            self._ledger.open_wallet(wallet)
            if amount_micros > 0:
                self._ledger.promote(
                    wallet,
                    amount_micros=amount_micros,
                    reference="opening",
                    cause="account opened",
                    refilled_on=day_of(self._clock.now_ms()) if mode is Mode.TEST else None,
                )


class OpenAccount:
    """An operator's act; no route leads here."""

    def __init__(self, *, open_wallets: OpenWallets, keys: ManageKeys) -> None:
        self._open_wallets = open_wallets
        self._keys = keys

    def __call__(self, *, balance_cents: int) -> OpenedAccount:
        """A fresh account with that much promotional money. The live key may also manage keys."""
        account_id = f"acct_{new_ulid()}"
        self._open_wallets(account_id, balance_cents=balance_cents)
        _, live_key = self._keys.grant(account_id, _first_key(Mode.LIVE, (*GRANTABLE, Scope.ADMIN)))
        _, test_key = self._keys.grant(account_id, _first_key(Mode.TEST, GRANTABLE))
        return OpenedAccount(account_id=account_id, live_key=live_key, test_key=test_key)


def _first_key(mode: Mode, scopes: tuple[Scope, ...]) -> NewKey:
    return NewKey(
        label=f"first {mode.value} key", mode=mode, scopes=scopes, limit_micros=None, expires_at_s=None
    )
