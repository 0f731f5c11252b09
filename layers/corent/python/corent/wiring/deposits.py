"""Deposits: pages to pay on."""

from dataclasses import replace
from functools import cache

from corent.adapters.dynamo.claims import DynamoClaims
from corent.adapters.dynamo.windows import DynamoWindows
from corent.core.clock import SystemClock
from corent.usecases.make_deposit import DEPOSITS, MakeDeposit
from corent.wiring import stripe
from corent.wiring.accounts import dynamodb, rate_scale
from corent.wiring.payment_ledger import payment_ledger
from corent.wiring.settings import Settings, read_settings


class DepositSettings(Settings):
    """The tables of callers' idempotency keys and of limits."""

    jobs_table: str
    keys_table: str


@cache
def make_deposit() -> MakeDeposit:
    settings = read_settings(DepositSettings)
    return MakeDeposit(
        processor=stripe.processor(),
        ledger=payment_ledger(),
        windows=DynamoWindows(dynamodb(), table=settings.keys_table),
        claims=DynamoClaims(dynamodb(), table=settings.jobs_table),
        limit=replace(DEPOSITS, most=DEPOSITS.most * rate_scale()),
        clock=SystemClock(),
    )
