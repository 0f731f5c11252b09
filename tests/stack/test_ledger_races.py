"""The ledger under real transactions: many threads at one balance, and the contract on real tables."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from corent.adapters.dynamo.balances import DynamoBalances
from corent.core.clock import SystemClock
from corent.core.errors import InsufficientFundsError
from corent.core.ids import new_ulid
from corent.jobs.job import DeliveredFile, Job, JobEnd, JobFailure, JobState
from corent.ledger.ledger import OPEN_JOBS_MAX, Ledger
from corent.ledger.outcomes import Settlement
from corent.usecases.job_ledger import JobLedger
from tests.contracts.batch_store import BATCH_CHECKS
from tests.contracts.dynamo_store import DynamoStore
from tests.contracts.ledger_store import CHECKS
from tests.contracts.payment_store import PAYMENT_CHECKS
from tests.fakes import a_job
from tests.invariants import violations
from tests.stack.books import read_books
from tests.stack.conftest import Account, Stack
from tests.tables import create_tables

PRICE = 10_000
THREADS = 8
COMPLETED = JobEnd(
    state=JobState.COMPLETED, attempts=(), files=(DeliveredFile(width_px=1, height_px=1),), finished_at_ms=1
)
FAILED = JobEnd(state=JobState.FAILED, attempts=(), failure=JobFailure.DEADLINE_EXCEEDED, finished_at_ms=1)


class Stormy:
    """A client whose calls fail three times in ten: conflicts, throttling, and answers that are lost."""

    def __init__(self, client: Any, *, seed: int) -> None:
        self._client = client
        self._random = random.Random(seed)  # noqa: S311 - a repeatable storm

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(**parameters: Any) -> Any:
            fate = self._random.random()
            if name == "transact_write_items" and fate < 0.10:
                raise _failure("TransactionCanceledException", 400, reasons=["None", "TransactionConflict"])
            if fate < 0.15:
                raise _failure("ThrottlingException", 400)
            answer = method(**parameters)
            if fate < 0.30:
                raise _failure("InternalServerError", 500)
            return answer

        return call


def _failure(code: str, status: int, *, reasons: list[str] | None = None) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": ""},
        "ResponseMetadata": {"HTTPStatusCode": status},
        "CancellationReasons": [{"Code": reason} for reason in reasons or []],
    }
    return ClientError(response, "TransactWriteItems")


def ledger_on(stack: Stack, *, client: Any = None) -> JobLedger:
    names = {f"{name}_table": stack.tables[name] for name in ("balances", "jobs", "keys")}
    store = DynamoBalances(client or stack.aws("dynamodb"), **names)
    return Ledger(store=store, clock=SystemClock(), random=random.random)


def new_job(account: Account) -> Job:
    # Made now, so that the stack's own sweep leaves it alone.
    made = a_job(at_ms=SystemClock().now_ms(), wallet_id=account.account_id, hold_micros=PRICE)
    return replace(made, id=f"job_{new_ulid()}")


def hold(ledger: JobLedger, job: Job) -> bool:
    try:
        ledger.hold(job, **terms(job), idempotency=None, key_limit=None)
    except InsufficientFundsError:
        return False
    return True


def terms(job: Job) -> dict[str, Any]:
    return {
        "wallet_id": job.wallet_id,
        "job_id": job.id,
        "amount_micros": job.hold_micros,
        "cause": "test",
        "deadline_s": SystemClock().monotonic_s() + 60,
    }


@pytest.mark.parametrize("storm", [False, True], ids=["calm", "storm"])
def test_eight_threads_buy_exactly_what_the_money_pays(stack: Stack, storm: bool) -> None:
    account = stack.open_account(balance_cents=100)
    clients = [stack.aws("dynamodb") for _ in range(THREADS)]

    def buy(worker: int) -> int:
        client = Stormy(clients[worker], seed=worker) if storm else clients[worker]
        ledger = ledger_on(stack, client=client)
        sold = 0
        for _ in range(30):
            job = new_job(account)
            if hold(ledger, job):
                sold += 1
                assert ledger.capture(COMPLETED, **terms(job)) is Settlement.DONE
        return sold

    with ThreadPoolExecutor(THREADS) as pool:
        sold = sum(pool.map(buy, range(THREADS)))
    assert sold == 100
    assert violations(**read_books(stack, account)) == []


def test_of_a_capture_and_a_release_at_once_exactly_one_settles(stack: Stack) -> None:
    account = stack.open_account(balance_cents=100)
    outcomes = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(60 // OPEN_JOBS_MAX):
            for _ in range(OPEN_JOBS_MAX):
                ledger, job = ledger_on(stack), new_job(account)
                assert hold(ledger, job)
                capture = pool.submit(ledger.capture, COMPLETED, **terms(job))
                release = pool.submit(ledger_on(stack).release, FAILED, **terms(job))
                outcomes.append({capture.result(), release.result()})
    assert outcomes == [{Settlement.DONE, Settlement.LOST}] * 60
    assert violations(**read_books(stack, account)) == []


class Prefixed:
    """A client that gives every table name a prefix, so that each check has tables of its own."""

    def __init__(self, client: Any, prefix: str) -> None:
        self._client, self._prefix = client, prefix

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(**parameters: Any) -> Any:
            # The token is of the transaction before its tables were renamed, and equal for every check.
            parameters.pop("ClientRequestToken", None)
            return self._named(method(**self._named(parameters, add=True)), add=False)

        return call

    def _named(self, value: Any, *, add: bool) -> Any:
        if isinstance(value, list):
            return [self._named(each, add=add) for each in value]
        if not isinstance(value, dict):
            return value
        named = {}
        for key, each in value.items():
            if key == "TableName":
                named[key] = self._prefix + each
            elif key in ("RequestItems", "Responses", "UnprocessedKeys") and isinstance(each, dict):
                named[key] = {
                    (self._prefix + table if add else table.removeprefix(self._prefix)): rows
                    for table, rows in each.items()
                }
            else:
                named[key] = self._named(each, add=add)
        return named


@pytest.mark.parametrize("check", [*CHECKS, *BATCH_CHECKS, *PAYMENT_CHECKS], ids=lambda check: check.__name__)
def test_the_emulators_tables_keep_the_contract(stack: Stack, check: Callable[[Any], None]) -> None:
    client = Prefixed(stack.aws("dynamodb"), f"{check.__name__}-")
    create_tables(client)
    check(DynamoStore(client))
