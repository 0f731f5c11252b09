"""The ledger's part that moves card money."""

import random
from functools import cache

from corent.adapters.dynamo.payments import DynamoPayments
from corent.core.clock import SystemClock
from corent.ledger.payments import PaymentLedger
from corent.wiring.accounts import dynamodb
from corent.wiring.settings import Settings, read_settings


class PaymentSettings(Settings):
    """The table that money is in."""

    balances_table: str


@cache
def payment_ledger() -> PaymentLedger:
    store = DynamoPayments(dynamodb(), table=read_settings(PaymentSettings).balances_table)
    return PaymentLedger(store=store, clock=SystemClock(), random=random.random)
