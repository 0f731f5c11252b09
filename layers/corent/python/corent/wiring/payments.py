"""Card money: looking at payments and bringing them into the books."""

from functools import cache

from corent.core.clock import SystemClock
from corent.usecases.check_payments import CheckPayments
from corent.usecases.sync_payment import SyncPayment
from corent.wiring import stripe
from corent.wiring.payment_ledger import payment_ledger


@cache
def sync_payment() -> SyncPayment:
    return SyncPayment(
        processor=stripe.processor(), ledger=payment_ledger(), expects_live=stripe.expects_live()
    )


@cache
def check_payments() -> CheckPayments:
    return CheckPayments(processor=stripe.processor(), sync=sync_payment(), clock=SystemClock())
