"""The account check and the trial balance."""

from functools import cache

from corent.adapters.dynamo.audits import DynamoAudits
from corent.core.clock import SystemClock
from corent.usecases.check_accounts import CheckAccounts
from corent.wiring.accounts import dynamodb
from corent.wiring.payment_ledger import payment_ledger
from corent.wiring.settings import Settings, read_settings


class CheckSettings(Settings):
    """The tables that are compared."""

    balances_table: str
    jobs_table: str


@cache
def check_accounts() -> CheckAccounts:
    settings = read_settings(CheckSettings)
    return CheckAccounts(
        store=DynamoAudits(
            dynamodb(), balances_table=settings.balances_table, jobs_table=settings.jobs_table
        ),
        freeze=payment_ledger().freeze,
        clock=SystemClock(),
    )
