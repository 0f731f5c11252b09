"""Cancelling: the hold goes back at once, and against a completion exactly one of the two wins."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Barrier

from corent.accounts.keys import ApiKey, KeyStatus, Mode, Scope
from corent.accounts.limiter import RateState
from corent.adapters.dynamo.balances import DynamoBalances
from corent.adapters.dynamo.jobs import DynamoJobs
from corent.adapters.dynamo.webhooks import DynamoOutbox
from corent.core.clock import SystemClock
from corent.core.errors import JobNotCancellableError
from corent.core.ids import new_ulid
from corent.jobs.job import Attempt, AttemptOutcome, DeliveredFile, Job, JobState
from corent.ledger.ledger import OPEN_JOBS_MAX, Ledger
from corent.usecases.authenticate import Caller
from corent.usecases.cancel_job import CancelJob
from corent.usecases.job_ledger import JobLedger
from corent.usecases.read_jobs import ReadJobs
from corent.usecases.settle_job import SettleJob
from tests.fakes import a_job
from tests.invariants import violations
from tests.stack.books import read_books
from tests.stack.conftest import Account, Stack
from tests.stack.long_jobs import balance, buy_film, ended_execution, read_job
from tests.stack.sandbox_records import read_records
from tests.waiting import until

OPENING_CENTS = 5_000
RACES = 60
PRICE_MICROS = 10_000
STORED = (DeliveredFile(width_px=1, height_px=1),)
COMPLETED = (Attempt(candidate=0, outcome=AttemptOutcome.COMPLETED, started_ms=0, duration_ms=1),)


def test_a_cancelled_video_gives_its_hold_back_and_is_stopped(stack: Stack, account: Account) -> None:
    with stack.client(key=account.live_key) as client:
        job_id = buy_film(client, prompt="[slow:60] a red fox runs")
        until(lambda: read_records(stack, job_id) or None, what="the sandbox to take the order")
        # Once the ticket is written the sandbox can be told to stop.
        until(lambda: _has_waited(stack, job_id) or None, what="the execution to wait")
        answer = client.post(f"/v1/jobs/{job_id}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        assert balance(client) == {
            "balance_cents": OPENING_CENTS,
            "available_cents": OPENING_CENTS,
            "held_cents": 0,
        }
        assert ended_execution(stack, job_id).status == "SUCCEEDED"
        (record,) = read_records(stack, job_id)
        assert record.cancelled_at_ms is not None
        assert read_job(client, job_id)["status"] == "cancelled"
    assert violations(**read_books(stack, account)) == []


def _has_waited(stack: Stack, job_id: str) -> bool:
    job = DynamoJobs(stack.aws("dynamodb"), table=stack.tables["jobs"]).read(job_id)
    return job is not None and job.wake_token is not None


def test_a_cancel_may_be_repeated_and_a_completed_job_is_not_cancelled(
    stack: Stack, account: Account
) -> None:
    with stack.client(key=account.live_key) as client:
        under_way = buy_film(client, prompt="[slow:60] a red fox runs")
        first, again = (client.post(f"/v1/jobs/{under_way}/cancel") for _ in range(2))
        assert (first.status_code, again.status_code) == (200, 200)
        assert first.json() == again.json()
        image = client.post("/v1/images/generate", json={"prompt": "a fox", "preference": "fast"}).json()
        refused = client.post(f"/v1/jobs/{image['id']}/cancel")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "job_not_cancellable")
        assert balance(client)["balance_cents"] == OPENING_CENTS - image["meta"]["cost_cents"]
    assert violations(**read_books(stack, account)) == []


# ---- The race ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Steps:
    """The use cases over the stack's tables, with a client of their own."""

    ledger: JobLedger
    jobs: DynamoJobs
    settle: SettleJob
    cancel: CancelJob


def steps_on(stack: Stack) -> Steps:
    client, clock = stack.aws("dynamodb"), SystemClock()
    names = {f"{name}_table": stack.tables[name] for name in ("balances", "jobs", "keys")}
    store = DynamoBalances(client, **names)
    ledger: JobLedger = Ledger(store=store, clock=clock, random=random.random)
    jobs = DynamoJobs(client, table=stack.tables["jobs"])
    settle = SettleJob(ledger=ledger, jobs=jobs, clock=clock)
    read = ReadJobs(jobs=jobs, outboxes=DynamoOutbox(client, table=stack.tables["jobs"]))
    return Steps(
        ledger=ledger,
        jobs=jobs,
        settle=settle,
        cancel=CancelJob(read=read, settle=settle, look_soon=lambda _job_id: None),
    )


def owner_of(account: Account) -> Caller:
    key = ApiKey(
        id="key_1",
        account_id=account.account_id,
        mode=Mode.LIVE,
        scopes=(Scope.GENERATE,),
        label="",
        prefix="co_live_",
        last4="abcd",
        status=KeyStatus.ACTIVE,
        created_at_ms=0,
        expires_at_s=None,
        limit_micros=None,
    )
    rate = RateState(limit=60, remaining=59, reset_s=1)
    return Caller(key=key, key_sha256="k", wallet_id=account.account_id, rate=rate)


def stored_job(steps: Steps, account: Account) -> Job:
    """A job whose files are stored: all that is left is to settle it."""
    made = replace(
        a_job(),
        id=f"job_{new_ulid()}",
        wallet_id=account.account_id,
        hold_micros=PRICE_MICROS,
        deferred=True,
    )
    steps.ledger.hold(
        made,
        wallet_id=made.wallet_id,
        job_id=made.id,
        amount_micros=PRICE_MICROS,
        cause="test",
        deadline_s=SystemClock().monotonic_s() + 60,
        idempotency=None,
        key_limit=None,
    )
    assert steps.jobs.advance(made, attempts=COMPLETED, files=STORED)
    job = steps.jobs.read(made.id)
    assert job is not None
    return job


def test_of_a_completion_and_a_cancel_at_once_exactly_one_wins(stack: Stack) -> None:
    account = stack.open_account(balance_cents=100)
    caller = owner_of(account)
    machine, api = steps_on(stack), steps_on(stack)

    def cancelled(job: Job, start: Barrier) -> bool:
        start.wait()
        try:
            return api.cancel(job.id, caller=caller).state is JobState.CANCELLED
        except JobNotCancellableError:
            return False

    def completed(job: Job, start: Barrier) -> bool:
        start.wait()
        # As the step does it: the job is read anew, and then settled.
        read = machine.jobs.read(job.id)
        assert read is not None
        return machine.settle.deliver(read).state is JobState.COMPLETED

    wins = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(RACES // OPEN_JOBS_MAX):
            for job in [stored_job(machine, account) for _ in range(OPEN_JOBS_MAX)]:
                start = Barrier(2)
                by_machine = pool.submit(completed, job, start)
                by_caller = pool.submit(cancelled, job, start)
                wins.append((by_machine.result(), by_caller.result()))
                stored = machine.jobs.read(job.id)
                assert stored is not None
                assert stored.state is (JobState.COMPLETED if wins[-1][0] else JobState.CANCELLED)
    assert [sum(each) for each in wins] == [1] * RACES
    books = read_books(stack, account)
    assert violations(**books) == []
    charged = sum(by_machine for by_machine, _ in wins) * PRICE_MICROS
    live = next(each for each in books["balances"] if each.wallet_id == account.account_id)
    assert live.captured_micros == charged
