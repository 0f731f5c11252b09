"""The ledger, the jobs it pays for, and the reads on both."""

import random
from functools import cache

from corent.adapters.dynamo.balances import DynamoBalances
from corent.adapters.dynamo.jobs import DynamoJobs
from corent.adapters.dynamo.webhooks import DynamoOutbox
from corent.core.clock import SystemClock
from corent.ledger.ledger import Ledger
from corent.usecases.authenticate import Caller
from corent.usecases.job_ledger import JobLedger
from corent.usecases.read_account import ReadAccount
from corent.usecases.read_jobs import ReadJobs
from corent.usecases.settle_job import SettleJob
from corent.usecases.wallets import Figures, Wallets
from corent.wiring.accounts import dynamodb
from corent.wiring.settings import Settings, read_settings


class MoneySettings(Settings):
    """`public_base_url` is where callers reach us, without a slash at the end."""

    balances_table: str
    jobs_table: str
    keys_table: str
    public_base_url: str


@cache
def settings() -> MoneySettings:
    return read_settings(MoneySettings)


@cache
def clock() -> SystemClock:
    return SystemClock()


@cache
def jobs() -> DynamoJobs:
    return DynamoJobs(dynamodb(), table=settings().jobs_table)


@cache
def outboxes() -> DynamoOutbox:
    return DynamoOutbox(dynamodb(), table=settings().jobs_table)


@cache
def ledger() -> JobLedger:
    store = DynamoBalances(
        dynamodb(),
        balances_table=settings().balances_table,
        jobs_table=settings().jobs_table,
        keys_table=settings().keys_table,
    )
    return Ledger(store=store, clock=clock(), random=random.random)


@cache
def wallets() -> Wallets:
    return Wallets(ledger=ledger(), clock=clock())


@cache
def settle_job() -> SettleJob:
    return SettleJob(ledger=ledger(), jobs=jobs(), clock=clock())


@cache
def read_jobs() -> ReadJobs:
    return ReadJobs(jobs=jobs(), outboxes=outboxes())


@cache
def read_account() -> ReadAccount:
    return ReadAccount(ledger=ledger(), wallets=wallets(), jobs=jobs(), clock=clock())


def figures(caller: Caller) -> Figures:
    """The caller's balance as it is shown."""
    return wallets().figures(caller)
