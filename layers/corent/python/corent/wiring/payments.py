"""Card money: looking at payments and bringing them into the books, and charging saved cards."""

from functools import cache

from corent.core.clock import SystemClock
from corent.usecases.check_payments import CheckPayments
from corent.usecases.sync_payment import SyncPayment
from corent.usecases.tend_wallet import TendWallet
from corent.usecases.watch_balances import Wake
from corent.wiring import stripe
from corent.wiring.crossings import wake
from corent.wiring.notices import notices
from corent.wiring.payment_ledger import payment_ledger
from corent.wiring.topups import topups


@cache
def sync_payment() -> SyncPayment:
    return _sync(wake())


@cache
def check_payments() -> CheckPayments:
    return CheckPayments(processor=stripe.processor(), sync=sync_payment(), clock=SystemClock())


@cache
def tend_wallet() -> TendWallet:
    return TendWallet(
        ledger=payment_ledger(),
        notices=notices(),
        topups=topups(),
        processor=stripe.processor(),
        # It is looking already: it would wake itself for ever.
        sync=_sync(lambda _wallet_id: None),
        clock=SystemClock(),
    )


def _sync(wake: Wake) -> SyncPayment:
    return SyncPayment(
        processor=stripe.processor(),
        ledger=payment_ledger(),
        keep_card=topups().keep_card,
        wake=wake,
        expects_live=stripe.expects_live(),
    )
