"""Automatic top-ups: their rules, and the charges that follow."""

from functools import cache

from corent.adapters.dynamo.topups import DynamoTopUps
from corent.core.clock import SystemClock
from corent.usecases.manage_topup import ManageTopUp
from corent.usecases.watch_balances import month_of
from corent.wiring.accounts import dynamodb
from corent.wiring.crossings import wake
from corent.wiring.money import settings


@cache
def topups() -> DynamoTopUps:
    return DynamoTopUps(
        dynamodb(), balances_table=settings().balances_table, jobs_table=settings().jobs_table
    )


@cache
def manage_topup() -> ManageTopUp:
    return ManageTopUp(topups=topups(), wake=wake(), clock=SystemClock())


def this_month() -> str:
    """The month that caps count in now."""
    return month_of(SystemClock().now_ms())
