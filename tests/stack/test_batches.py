"""Batches on the local stack: bought whole, carried a few at a time, told once."""

import json
from typing import Any, Final

import httpx
import pytest

from tests.invariants import violations
from tests.stack.books import read_books
from tests.stack.conftest import Account, Stack
from tests.stack.executions import stop_execution
from tests.stack.faults import make_due, misconfigured
from tests.stack.long_jobs import balance
from tests.stack.sandbox_records import read_records
from tests.stack.webhook_receiver import receiving
from tests.waiting import until

IMAGES: Final = "/v1/images/batch"
FILMS: Final = "/v1/videos/batch"
OPENING_CENTS: Final = 5_000
IMAGE_CENTS: Final = 2
# A video of one second.
FILM_CENTS: Final = 13
FAILING: Final = frozenset(range(5, 100, 10))
# A hundred pictures are drawn by as many processors as there are.
BATCH_WAIT_MAX_S: Final = 600.0
SECRET: Final = "a secret of sixteen"


def buy(client: httpx.Client, path: str, requests: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    answer = client.post(path, json={"requests": requests, **fields})
    assert answer.status_code == 202, answer.text
    document: dict[str, Any] = answer.json()
    return document


def read(client: httpx.Client, batch_id: str) -> dict[str, Any]:
    answer = client.get(f"/v1/batches/{batch_id}")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def ended(client: httpx.Client, batch_id: str) -> dict[str, Any]:
    return until(
        lambda: batch if (batch := read(client, batch_id))["status"] != "processing" else None,
        what=f"{batch_id} to end",
        wait_max_s=BATCH_WAIT_MAX_S,
    )


def pictures(count: int, *, prompt: str = "fox") -> list[dict[str, Any]]:
    return [{"prompt": f"{prompt} {number}", "preference": "fast"} for number in range(count)]


def films(count: int, *, prompt: str = "fox runs") -> list[dict[str, Any]]:
    return [{"prompt": f"{prompt} {number}", "duration_s": 1} for number in range(count)]


def check_charged(stack: Stack, account: Account, *, cents: int) -> None:
    left = OPENING_CENTS - cents
    with stack.client(key=account.live_key) as client:
        assert balance(client) == {"balance_cents": left, "available_cents": left, "held_cents": 0}
    assert violations(**read_books(stack, account)) == []


def test_a_hundred_prompts_give_a_hundred_results_in_order_and_one_webhook(
    stack: Stack, account: Account
) -> None:
    requests = [
        {"prompt": f"{'[fail] ' if number in FAILING else ''}fox {number}", "preference": "fast"}
        for number in range(100)
    ]
    with receiving() as receiver, stack.client(key=account.live_key) as client:
        bought = buy(client, IMAGES, requests, webhook_url=receiver.url, webhook_secret=SECRET)
        assert (bought["status"], bought["quote_cents"], bought["counts"]["total"]) == (
            "processing",
            200,
            100,
        )
        assert balance(client)["held_cents"] > 0
        batch = ended(client, bought["id"])
        message = until(lambda: next(iter(receiver.messages), None), what="the batch's webhook")
        # Every result is its own prompt's.
        jobs = [entry["job"] for entry in batch["jobs"]]
        files = [client.get(job["images"][0]["url"]) for job in jobs if job["status"] == "completed"]
        told = [len(receiver.messages)]
    assert [entry["id"] for entry in batch["jobs"]] == [entry["id"] for entry in bought["jobs"]]
    assert [entry["index"] for entry in batch["jobs"]] == list(range(100))
    assert [number for number, job in enumerate(jobs) if job["status"] == "failed"] == sorted(FAILING)
    assert {job["status"] for number, job in enumerate(jobs) if number not in FAILING} == {"completed"}
    assert {job["meta"]["cost_cents"] for job in jobs if job["status"] == "failed"} == {0}
    assert {file.status_code for file in files} == {200}
    assert len({file.content for file in files}) == 90
    assert (batch["status"], batch["cost_cents"]) == ("completed", 90 * IMAGE_CENTS)
    assert batch["counts"] == {
        **{"total": 100, "queued": 0, "processing": 0},
        **{"completed": 90, "failed": 10, "cancelled": 0},
    }
    assert told == [1]
    assert json.loads(message.body) == batch
    check_charged(stack, account, cents=90 * IMAGE_CENTS)


def test_films_of_a_batch_are_carried_together_and_each_bought_once(stack: Stack, account: Account) -> None:
    with stack.client(key=account.live_key) as client:
        batch = ended(client, buy(client, FILMS, films(3))["id"])
    assert batch["counts"]["completed"] == 3
    for entry in batch["jobs"]:
        records = read_records(stack, entry["id"])
        assert [record.billed for record in records] == [1]
        assert entry["job"]["videos"][0]["duration_s"] == 1
    begun = [entry["job"]["created_at"] for entry in batch["jobs"]]
    assert len(set(begun)) == 1
    check_charged(stack, account, cents=3 * FILM_CENTS)


def test_a_batch_of_one_is_carried_like_any_other(stack: Stack, account: Account) -> None:
    with stack.client(key=account.live_key) as client:
        batch = ended(client, buy(client, IMAGES, pictures(1))["id"])
    assert batch["counts"]["completed"] == 1
    check_charged(stack, account, cents=IMAGE_CENTS)


def test_a_cancelled_batch_gives_back_what_was_not_delivered(stack: Stack, account: Account) -> None:
    requests = [*pictures(2), *pictures(18, prompt="[slow:30] fox")]
    with receiving() as receiver, stack.client(key=account.live_key) as client:
        batch_id = buy(client, IMAGES, requests, webhook_url=receiver.url)["id"]
        until(
            lambda: True if read(client, batch_id)["counts"]["completed"] == 2 else None,
            what="the first two to be delivered",
        )
        answer = client.post(f"/v1/batches/{batch_id}/cancel")
        assert answer.status_code == 200, answer.text
        batch = answer.json()
        again = client.post(f"/v1/batches/{batch_id}/cancel")
        message = until(lambda: next(iter(receiver.messages), None), what="the batch's webhook")
    assert batch["status"] == "cancelled"
    assert batch["counts"] == {
        **{"total": 20, "queued": 0, "processing": 0},
        **{"completed": 2, "failed": 0, "cancelled": 18},
    }
    assert (again.status_code, again.json()) == (200, batch)
    assert json.loads(message.body) == batch
    check_charged(stack, account, cents=2 * IMAGE_CENTS)


def test_a_batch_is_held_whole_or_refused_whole(stack: Stack) -> None:
    account = stack.open_account(balance_cents=39)
    with stack.client(key=account.live_key) as client:
        refused = client.post(IMAGES, json={"requests": pictures(20)})
        assert (refused.status_code, refused.json()["error"]["code"]) == (402, "insufficient_funds")
        assert refused.json()["error"]["required_cents"] == 40
        assert balance(client) == {"balance_cents": 39, "available_cents": 39, "held_cents": 0}
        assert client.get("/v1/jobs").json()["jobs"] == []


def test_a_batch_that_nobody_started_is_started_by_the_sweep(stack: Stack, account: Account) -> None:
    with stack.client(key=account.live_key) as client:
        with misconfigured(stack, "ImagesBatchFunction", "CORENT_BATCH_MACHINE_ARN"):
            bought = buy(client, IMAGES, pictures(2))
        # Not admitted yet, and there all the same.
        first = bought["jobs"][0]["id"]
        assert client.get(f"/v1/jobs/{first}").json()["status"] == "queued"
        make_due(stack, bought["id"])
        stack.invoke("OnSweepTickFunction", {})
        assert ended(client, bought["id"])["counts"]["completed"] == 2
    check_charged(stack, account, cents=2 * IMAGE_CENTS)


def test_an_aborted_batchs_jobs_go_on_and_the_sweep_ends_it(stack: Stack, account: Account) -> None:
    with stack.client(key=account.live_key) as client:
        bought = buy(client, IMAGES, pictures(12, prompt="[slow:3] fox"))
        until(
            lambda: True if read(client, bought["id"])["counts"]["processing"] else None,
            what="the first job to begin",
        )
        stop_execution(stack, bought["id"])
        until(
            lambda: True if read(client, bought["id"])["counts"]["completed"] == 12 else None,
            what="all jobs to be delivered",
        )

        def swept() -> bool | None:
            # Whoever was told of the abort may still be at the batch, and say when to look at it again.
            make_due(stack, bought["id"])
            stack.invoke("OnSweepTickFunction", {})
            return True if read(client, bought["id"])["status"] == "completed" else None

        until(swept, what="the sweep to end the batch")
    check_charged(stack, account, cents=12 * IMAGE_CENTS)


@pytest.mark.parametrize("path", [IMAGES, FILMS])
def test_another_accounts_batch_looks_like_a_missing_one(stack: Stack, account: Account, path: str) -> None:
    with stack.client(key=account.live_key) as client:
        batch_id = buy(client, path, [{"prompt": "a fox"}])["id"]
        ended(client, batch_id)
    other = stack.open_account()
    with stack.client(key=other.live_key) as client:
        for answer in (client.get(f"/v1/batches/{batch_id}"), client.post(f"/v1/batches/{batch_id}/cancel")):
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
