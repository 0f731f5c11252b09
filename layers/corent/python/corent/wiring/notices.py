"""Notices and alerts as they are stored."""

from functools import cache

from corent.adapters.dynamo.notices import DynamoNotices
from corent.wiring.accounts import dynamodb
from corent.wiring.money import settings


@cache
def notices() -> DynamoNotices:
    return DynamoNotices(
        dynamodb(), balances_table=settings().balances_table, jobs_table=settings().jobs_table
    )
