"""The books of one account as the running stack stores them, for the invariants."""

from typing import Any

from tests.dynamo_books import books_in
from tests.stack.conftest import Account, Stack


def read_books(stack: Stack, account: Account) -> dict[str, Any]:
    """Everything of both wallets of the account; the arguments of `violations`."""
    wallets = (account.account_id, f"{account.account_id}.test")
    tables = {name: stack.tables[name] for name in ("balances", "jobs")}
    return books_in(stack.aws("dynamodb"), **tables, wallets=wallets)
