"""Webhooks over the handlers: owed in the ending write, sent for, delivered, shown, delivered again."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aws_lambda_powertools.logging import Logger

from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock
from tests.functions.conftest import CONTEXT, Answer, Cloud, load
from tests.functions.test_images_generate import DOWN, IMAGE
from tests.functions.upstreams import Files, serving_files

type Offer = Callable[..., None]
SECRET = "canary-secret-0123456789"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Files]:
    """A server on loopback that answers 200 to a post to `/hook` and 404 to others."""
    with serving_files() as served:
        served.put("hook", b"ok")
        yield served


@pytest.fixture
def told(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock, receiver: Files, loopback: None
) -> Callable[..., str]:
    """Buy an image whose end is to be told, and carry it there; its job's id."""

    def buy(path: str = "hook", **body: Any) -> str:
        upstream("openai", body.pop("answer", lambda _: IMAGE))
        url = f"{receiver.address}/{path}"
        answer = cloud.generate(account.live_key, webhook_url=url, webhook_secret=SECRET, **body)
        assert answer.status == 202
        job_id: str = answer.json["id"]
        assert cloud.carry(job_id, clock=clock).error is None
        return job_id

    return buy


@pytest.fixture
def loopback(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """The local stage was told that callers may name this machine."""
    monkeypatch.setenv("CORENT_ALLOW_LOOPBACK", "1")


def outbox(cloud: Cloud, job_id: str) -> dict[str, Any]:
    key = {"pk": {"S": f"J#{job_id}"}, "sk": {"S": "OUT#terminal"}}
    item: dict[str, Any] = cloud.client("dynamodb").get_item(TableName="jobs", Key=key).get("Item", {})
    return item


def due(cloud: Cloud, *messages: str) -> Any:
    records = [{"messageId": str(number), "body": body} for number, body in enumerate(messages)]
    return load("on_webhook_due").handler({"Records": records}, CONTEXT)


def job(cloud: Cloud, key: str, job_id: str) -> dict[str, Any]:
    document: dict[str, Any] = cloud.call(
        "jobs_get", "GET", "/v1/jobs/{id}", key=key, path={"id": job_id}
    ).json
    return document


def delivery(cloud: Cloud, key: str, job_id: str) -> Answer:
    return cloud.call("jobs_webhook_get", "GET", "/v1/jobs/{id}/webhook", key=key, path={"id": job_id})


def redeliver(cloud: Cloud, key: str, job_id: str) -> Answer:
    return cloud.call(
        "jobs_webhook_redeliver", "POST", "/v1/jobs/{id}/webhook/redeliver", key=key, path={"id": job_id}
    )


def message(job_id: str) -> str:
    return json.dumps({"id": job_id})


@pytest.mark.parametrize("answer", [lambda _: IMAGE, lambda _: DOWN])
def test_a_webhook_is_owed_in_the_write_that_ends_the_job(
    cloud: Cloud, account: OpenedAccount, told: Callable[..., str], answer: Callable[..., Any]
) -> None:
    job_id = told(answer=answer)
    assert outbox(cloud, job_id)["status"] == {"S": "pending"}
    (end,) = [p for o, p in cloud.sent if o == "TransactWriteItems" and "OUT#terminal" in json.dumps(p)]
    assert len(end["TransactItems"]) == 4
    assert job(cloud, account.live_key, job_id)["webhook"] == {"status": "pending", "attempts": 0}


def test_a_new_outbox_item_sends_for_its_delivery(cloud: Cloud, told: Callable[..., str]) -> None:
    job_id = told()
    keys = {"pk": {"S": f"J#{job_id}"}, "sk": {"S": "OUT#terminal"}}
    others = {"pk": {"S": f"J#{job_id}"}, "sk": {"S": "JOB"}}
    records = [
        {"eventName": "INSERT", "dynamodb": {"Keys": keys}},
        {"eventName": "MODIFY", "dynamodb": {"Keys": keys}},
        {"eventName": "INSERT", "dynamodb": {"Keys": others}},
    ]
    load("on_webhook_owed").handler({"Records": records}, CONTEXT)
    assert cloud.messages == [message(job_id)]


def test_a_delivered_webhook_is_shown_with_its_one_try(
    cloud: Cloud, account: OpenedAccount, told: Callable[..., str]
) -> None:
    job_id = told()
    assert due(cloud, message(job_id)) == {"batchItemFailures": []}
    log = delivery(cloud, account.live_key, job_id).json
    assert (log["status"], len(log["attempts"])) == ("delivered", 1)
    assert set(log["attempts"][0]) == {"at", "outcome", "status_class", "duration_ms"}
    assert (log["attempts"][0]["outcome"], log["attempts"][0]["status_class"]) == ("delivered", "2xx")
    assert job(cloud, account.live_key, job_id)["webhook"] == {"status": "delivered", "attempts": 1}
    (listed,) = cloud.call("jobs_list", "GET", "/v1/jobs", key=account.live_key).json["jobs"]
    assert listed["webhook"] == {"status": "delivered", "attempts": 1}


def test_a_rejected_webhook_is_tried_again_later(
    cloud: Cloud, account: OpenedAccount, told: Callable[..., str], clock: FakeClock
) -> None:
    job_id = told("nothing-here")
    for tries, status in ((1, "pending"), (2, "pending"), (3, "pending"), (4, "undelivered")):
        due(cloud, message(job_id))
        log = delivery(cloud, account.live_key, job_id).json
        assert (log["status"], len(log["attempts"])) == (status, tries)
        clock.sleep(800)
    assert {each["outcome"] for each in log["attempts"]} == {"rejected"}
    assert {each["status_class"] for each in log["attempts"]} == {"4xx"}


def test_an_undelivered_webhook_is_delivered_again_on_request(
    cloud: Cloud, account: OpenedAccount, told: Callable[..., str], receiver: Files, clock: FakeClock
) -> None:
    job_id = told("late")
    for _ in range(4):
        due(cloud, message(job_id))
        clock.sleep(800)
    receiver.put("late", b"ok")
    cloud.messages.clear()
    answer = redeliver(cloud, account.live_key, job_id)
    assert (answer.status, answer.json["status"], len(answer.json["attempts"])) == (202, "pending", 4)
    assert cloud.messages == [message(job_id)]
    due(cloud, message(job_id))
    assert delivery(cloud, account.live_key, job_id).json["status"] == "delivered"


def test_a_job_without_a_webhook_has_none_to_show_or_repeat(
    cloud: Cloud, account: OpenedAccount, upstream: Offer
) -> None:
    upstream("openai", lambda _: IMAGE)
    job_id = cloud.generate(account.live_key).json["id"]
    assert delivery(cloud, account.live_key, job_id).json == {"status": "none", "attempts": []}
    assert redeliver(cloud, account.live_key, job_id).status == 404


def test_somebody_elses_webhook_is_not_there(
    cloud: Cloud, account: OpenedAccount, told: Callable[..., str]
) -> None:
    from corent.wiring.operator import open_account

    job_id = told()
    stranger = open_account(balance_cents=100)
    assert delivery(cloud, stranger.live_key, job_id).status == 404
    assert redeliver(cloud, stranger.live_key, job_id).status == 404


def test_a_bad_message_is_given_back_and_the_good_ones_are_done(
    cloud: Cloud, account: OpenedAccount, told: Callable[..., str]
) -> None:
    job_id = told()
    answer = due(cloud, "{", message(job_id), "{}", "null")
    assert answer == {"batchItemFailures": [{"itemIdentifier": each} for each in ("0", "2", "3")]}
    assert delivery(cloud, account.live_key, job_id).json["status"] == "delivered"


def test_a_lost_message_is_sent_for_by_the_sweep(
    cloud: Cloud, told: Callable[..., str], clock: FakeClock
) -> None:
    job_id = told()
    clock.sleep(120)
    load("on_sweep_tick").handler({}, CONTEXT)
    assert cloud.messages == [message(job_id)]


def test_the_secret_is_stored_sealed_and_logged_nowhere(
    cloud: Cloud, account: OpenedAccount, told: Callable[..., str]
) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = Logger(service="corent")
    logger.addHandler(handler)
    try:
        job_id = told()
        due(cloud, message(job_id))
    finally:
        logger.removeHandler(handler)
    assert "handled" in stream.getvalue()
    tables = [cloud.client("dynamodb").scan(TableName=name) for name in ("jobs", "keys", "balances")]
    seen = json.dumps(tables) + stream.getvalue() + delivery(cloud, account.live_key, job_id).text
    assert SECRET not in seen
