"""What an operator may do from a shell; no function leads here."""

from corent.usecases.open_account import OpenAccount, OpenedAccount
from corent.wiring.accounts import manage_keys
from corent.wiring.money import clock, ledger


def open_account(*, balance_cents: int) -> OpenedAccount:
    """Open an account with promotional money. Needs the tables' CORENT_* and the AWS variables."""
    return OpenAccount(ledger=ledger(), keys=manage_keys(), clock=clock())(balance_cents=balance_cents)
