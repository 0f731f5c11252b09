"""Executions that break: workers that are killed, executions that are aborted or were never started."""

import json
from contextlib import ExitStack
from typing import Any

import pytest
from botocore.config import Config

from tests.invariants import violations
from tests.stack.books import read_books
from tests.stack.conftest import Account, Stack
from tests.stack.executions import execution_arn, stop_execution
from tests.stack.faults import make_due, misconfigured
from tests.stack.long_jobs import balance, buy_film, ended, followed, read_job
from tests.stack.sandbox_records import read_records
from tests.stack.workers import frozen, kill_workers
from tests.waiting import until

STEPS = (
    "GenerationSubmitFunction",
    "GenerationCheckFunction",
    "GenerationDeliverFunction",
    "GenerationSettleFunction",
)
OPENING_CENTS = 5_000
# A video of one second.
PRICE_CENTS = 13
SHORT: dict[str, Any] = {"prompt": "[slow:2] a red fox runs", "duration_s": 1}
# What the machine counts on; any other error is a worker's death.
EXPECTED_ERRORS = ("States.Timeout", "UndeliveredError")


def deaths(errors: tuple[str, ...]) -> int:
    return sum(error not in EXPECTED_ERRORS for error in errors)


def check_charged(stack: Stack, account: Account, *, cents: int) -> None:
    left = OPENING_CENTS - cents
    with stack.client(key=account.live_key) as client:
        assert balance(client) == {"balance_cents": left, "available_cents": left, "held_cents": 0}
    assert violations(**read_books(stack, account)) == []


# ---- kill -9 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("after_s", [0.0, 0.004, 0.02], ids=["before_work", "early", "later"])
def test_a_video_outlives_a_dead_worker_at_every_step(stack: Stack, account: Account, after_s: float) -> None:
    with stack.client(key=account.live_key) as client:
        # A film that nothing happens to leaves an idle worker of every step behind.
        followed(stack, account, buy_film(client, **SHORT))
        with ExitStack() as idle:
            workers = [idle.enter_context(frozen(stack, step)) for step in STEPS]
            job_id = buy_film(client, **SHORT)
            for each in workers:
                each.kill_at_work(after_s=after_s)
    outcome = followed(stack, account, job_id)
    if after_s == 0.0:
        assert deaths(outcome.execution.errors) == len(STEPS), outcome.execution
    assert outcome.job["status"] == "completed"
    assert [record.billed for record in outcome.records] == [1]
    check_charged(stack, account, cents=2 * PRICE_CENTS)


def test_a_purchase_is_repeated_and_not_made_anew_when_its_worker_dies(
    stack: Stack, account: Account
) -> None:
    with stack.client(key=account.live_key) as client:
        job_id = buy_film(client, prompt="[drop-first] [slow:2] a red fox runs", duration_s=1)
    # The sandbox has taken the order and holds its answer back: the worker is waiting for that.
    until(lambda: read_records(stack, job_id) or None, what="the sandbox to take the order")
    assert kill_workers(stack, "GenerationSubmitFunction") > 0
    outcome = followed(stack, account, job_id)
    assert deaths(outcome.execution.errors) == 1, outcome.execution
    assert outcome.job["status"] == "completed"
    assert [(record.reference, record.billed) for record in outcome.records] == [(f"{job_id}-1", 1)]
    assert outcome.records[0].submits > 1
    check_charged(stack, account, cents=PRICE_CENTS)


def test_a_video_whose_every_delivery_breaks_fails_and_its_hold_goes_back(
    stack: Stack, account: Account
) -> None:
    with (
        misconfigured(stack, "GenerationDeliverFunction", "CORENT_JOBS_TABLE"),
        stack.client(key=account.live_key) as client,
    ):
        outcome = followed(stack, account, buy_film(client, **SHORT))
    assert outcome.execution.status == "FAILED"
    assert (outcome.job["status"], outcome.job["error"]["code"]) == ("failed", "tier_unavailable")
    check_charged(stack, account, cents=0)


# ---- What the machine's own expressions say ----------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "then"),
    [("submit", "Submit"), ("deliver", "Deliver"), ("settle", "Settle"), ("done", "Done")],
)
def test_what_a_look_finds_decides_what_is_next(stack: Stack, told: str, then: str) -> None:
    states = stack.aws("stepfunctions", config=Config(inject_host_prefix=False))
    machine = states.describe_state_machine(stateMachineArn=stack.physical_id("GenerationMachine"))
    tested = states.test_state(
        definition=machine["definition"],
        roleArn=machine["roleArn"],
        stateName="Decide",
        input=json.dumps({"job_id": "job_1", "next": told}),
    )
    assert (tested["status"], tested["nextState"]) == ("SUCCEEDED", then)


# ---- Broken off, and never begun ---------------------------------------------------------------------


def test_an_aborted_executions_hold_goes_back(stack: Stack, account: Account) -> None:
    with stack.client(key=account.live_key) as client:
        job_id = buy_film(client, prompt="[slow:60] a red fox runs", duration_s=1)
        until(lambda: read_records(stack, job_id) or None, what="the sandbox to take the order")
        assert balance(client)["held_cents"] == PRICE_CENTS
        stop_execution(stack, job_id)
        job = ended(client, job_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "tier_unavailable")
    check_charged(stack, account, cents=0)


def test_a_sweep_starts_the_job_that_nobody_started(stack: Stack, account: Account) -> None:
    with stack.client(key=account.live_key) as client:
        with misconfigured(stack, "VideosGenerateFunction", "CORENT_STATE_MACHINE_ARN"):
            job_id = buy_film(client, **SHORT)
        assert read_job(client, job_id)["status"] == "queued"
        states = stack.aws("stepfunctions")
        with pytest.raises(states.exceptions.ExecutionDoesNotExist):
            states.describe_execution(executionArn=execution_arn(stack, job_id))
        make_due(stack, job_id)
        stack.invoke("OnSweepTickFunction", {})
        assert followed(stack, account, job_id).job["status"] == "completed"
    check_charged(stack, account, cents=PRICE_CENTS)
