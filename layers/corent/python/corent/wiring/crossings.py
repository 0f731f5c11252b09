"""Watching balances: what a caller is shown of one, and having it looked after once it crossed."""

from functools import cache

from corent.adapters.aws import SQS
from corent.adapters.sqs import SqsCrossings
from corent.usecases.authenticate import Caller
from corent.usecases.wallets import Figures, Wallets
from corent.wiring.money import clock, ledger
from corent.wiring.settings import Settings, read_settings


class CrossingSettings(Settings):
    """`balances_queue_url` is where wallets wait to be looked after."""

    balances_queue_url: str


@cache
def wake() -> SqsCrossings:
    return SqsCrossings(SQS(), queue_url=read_settings(CrossingSettings).balances_queue_url)


@cache
def _wallets() -> Wallets:
    return Wallets(ledger=ledger(), clock=clock(), wake=wake())


def figures(caller: Caller) -> Figures:
    """The caller's balance as it is shown, after money was held or spent."""
    return _wallets().figures(caller)
