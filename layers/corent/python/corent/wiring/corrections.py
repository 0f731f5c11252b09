"""An operator's corrections."""

from functools import cache

from corent.usecases.correct_ledger import CorrectLedger
from corent.wiring.payment_ledger import payment_ledger


@cache
def correct_ledger() -> CorrectLedger:
    return CorrectLedger(ledger=payment_ledger())
