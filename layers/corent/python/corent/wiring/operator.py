"""What an operator may do from a shell; no function leads here."""

from corent.accounts.people import Person, Role, normalised
from corent.adapters.dynamo.people import DynamoPeople
from corent.usecases.open_account import OpenAccount, OpenedAccount, OpenWallets
from corent.wiring.accounts import dynamodb, manage_keys
from corent.wiring.money import clock, ledger
from corent.wiring.settings import Settings, read_settings


class PeopleSettings(Settings):
    """The table of who may sign in."""

    people_table: str


def open_account(*, balance_cents: int) -> OpenedAccount:
    """Open an account with promotional money. Needs the tables' CORENT_* and the AWS variables."""
    open_wallets = OpenWallets(ledger=ledger(), clock=clock())
    return OpenAccount(open_wallets=open_wallets, keys=manage_keys())(balance_cents=balance_cents)


def give_owner(account_id: str, *, email: str) -> None:
    """Let whoever has that address sign in to an account that is open. The first one given stands."""
    people = DynamoPeople(dynamodb(), table=read_settings(PeopleSettings).people_table)
    people.add(
        Person(
            email=normalised(email),
            account_id=account_id,
            role=Role.OWNER,
            created_at_ms=clock().now_ms(),
            is_ready=True,
        )
    )
