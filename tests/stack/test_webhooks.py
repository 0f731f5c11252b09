"""Webhooks from the running stack to a receiver on this machine: signed, tried again, delivered anew."""

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.stack.conftest import ROOT, Account, Stack
from tests.stack.long_jobs import buy_film, read_job
from tests.stack.webhook_receiver import Message, Receiver, receiving
from tests.waiting import until

SECRET = "canary-secret-of-a-caller-狐"
IMAGES = "/v1/images/generate"
# One try and three retries.
TRIES = 4


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


def buy_image(client: httpx.Client, **fields: Any) -> str:
    answer = client.post(IMAGES, json={"prompt": "a red fox", "preference": "fast", "wait_s": 25, **fields})
    # A job with a webhook is never waited for, whatever `wait_s` says.
    assert (answer.status_code, answer.json()["status"]) == (202, "processing"), answer.text
    job_id: str = answer.json()["id"]
    return job_id


def webhook_once(client: httpx.Client, job_id: str, *, status: str) -> dict[str, Any]:
    """How the job's webhook stands, once it stands so."""

    def look() -> dict[str, Any] | None:
        webhook: dict[str, Any] = read_job(client, job_id)["webhook"]
        return webhook if webhook["status"] == status else None

    return until(look, what=f"the webhook of {job_id} to be {status}")


def tries_of(client: httpx.Client, job_id: str) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/jobs/{job_id}/webhook")
    assert answer.status_code == 200, answer.text
    tries: list[dict[str, Any]] = answer.json()["attempts"]
    return tries


def documented(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """The job's document as it is polled, less what only polls show."""
    job = read_job(client, job_id)
    del job["webhook"]
    return job


def check_signed(message: Message) -> None:
    key = SECRET.encode()
    expected = hmac.digest(key, message.body, hashlib.sha256).hex()
    assert message.headers["x-corent-signature"] == expected
    Webhook(base64.b64encode(key).decode()).verify(message.body, message.headers)


def send_for(stack: Stack, job_id: str) -> None:
    """Run the sender for this job's webhook, as a message in its queue would."""
    event = json.loads((ROOT / "events" / "on_webhook_due.json").read_text())
    event["Records"][0]["body"] = json.dumps({"id": job_id})
    stack.invoke("OnWebhookDueFunction", event)


def make_due(stack: Stack, job_id: str) -> None:
    """Let the time of the next try have come."""
    stack.aws("dynamodb").update_item(
        TableName=stack.tables["jobs"],
        Key={"pk": {"S": f"J#{job_id}"}, "sk": {"S": "OUT#terminal"}},
        UpdateExpression="SET due_ms = :past",
        ConditionExpression="attribute_exists(pk)",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )


# ---- Delivered ---------------------------------------------------------------------------------------


def test_a_completed_image_is_told_once_and_signed(
    stack: Stack, account: Account, receiver: Receiver
) -> None:
    with stack.client(key=account.live_key) as client:
        job_id = buy_image(client, webhook_url=receiver.url, webhook_secret=SECRET)
        assert webhook_once(client, job_id, status="delivered") == {"status": "delivered", "attempts": 1}
        send_for(stack, job_id)  # A message that comes twice.
        (message,) = receiver.messages
        job = documented(client, job_id)
        (entry,) = tries_of(client, job_id)
    assert job["status"] == "completed"
    assert json.loads(message.body) == job
    check_signed(message)
    assert (entry["outcome"], entry["status_class"]) == ("delivered", "2xx")


def test_without_a_secret_a_message_is_not_signed(stack: Stack, account: Account, receiver: Receiver) -> None:
    with stack.client(key=account.live_key) as client:
        webhook_once(client, buy_image(client, webhook_url=receiver.url), status="delivered")
    (message,) = receiver.messages
    assert {"webhook-id", "webhook-timestamp"} <= message.headers.keys()
    assert message.headers.keys().isdisjoint({"webhook-signature", "x-corent-signature"})


def test_a_cancelled_video_is_told_as_cancelled(stack: Stack, account: Account, receiver: Receiver) -> None:
    with stack.client(key=account.live_key) as client:
        job_id = buy_film(
            client, prompt="[slow:60] a red fox", webhook_url=receiver.url, webhook_secret=SECRET
        )
        assert read_job(client, job_id)["webhook"] == {"status": "pending", "attempts": 0}
        assert client.post(f"/v1/jobs/{job_id}/cancel").status_code == 200
        webhook_once(client, job_id, status="delivered")
        (message,) = receiver.messages
        assert json.loads(message.body) == documented(client, job_id)
    assert json.loads(message.body)["status"] == "cancelled"
    check_signed(message)


def test_the_documented_receiver_takes_what_comes(stack: Stack, account: Account, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    script = tmp_path / "receiver.py"
    script.write_text(source, encoding="utf-8")
    with (
        subprocess.Popen(
            [sys.executable, "-W", "error", str(script), "0"],
            env={**os.environ, "WEBHOOK_SECRET": SECRET},
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
        stack.client(key=account.live_key) as client,
    ):
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip().removeprefix("listening on ")
            url = f"http://127.0.0.1:{port}/hooks"
            job_id = buy_image(client, webhook_url=url, webhook_secret=SECRET)
            webhook_once(client, job_id, status="delivered")
            assert process.stdout.readline().strip() == f"handled {job_id} completed"
        finally:
            process.kill()


def test_a_secret_is_in_no_table_and_no_log(stack: Stack, account: Account, receiver: Receiver) -> None:
    with stack.client(key=account.live_key) as client:
        job_id = buy_image(client, webhook_url=receiver.url, webhook_secret=SECRET)
        webhook_once(client, job_id, status="delivered")
    check_signed(receiver.messages[0])
    pages = [
        page
        for name in stack.tables.values()
        for page in stack.aws("dynamodb").get_paginator("scan").paginate(TableName=name)
    ]
    kept = "".join(str(page["Items"]) for page in pages)
    said = "".join(log.read_text(errors="replace") for log in stack.folder.glob("*.log"))
    # What is looked for would be found: the job itself is there.
    assert job_id in kept
    assert job_id in said
    recognised = SECRET.removesuffix("狐")  # However a log writes the rest.
    assert recognised not in kept
    assert recognised not in said


# ---- Tried again -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Story:
    """A receiver that answers 500 until its webhook is given up, and 204 once a redelivery is asked for."""

    messages: list[Message]
    given_up: dict[str, Any]
    tries: list[dict[str, Any]]
    redelivered_status: int
    in_the_end: dict[str, Any]


@pytest.fixture(scope="module")
def story(stack: Stack) -> Story:
    account = stack.open_account()
    with receiving(status=500) as receiver, stack.client(key=account.live_key) as client:
        job_id = buy_image(client, webhook_url=receiver.url, webhook_secret=SECRET)

        def has_failed(times: int) -> None:
            until(lambda: len(tries_of(client, job_id)) == times or None, what=f"try {times} to fail")

        # The first retry is waited for; the pauses before the others are cut short.
        has_failed(2)
        for number in range(3, TRIES + 1):
            make_due(stack, job_id)
            send_for(stack, job_id)
            has_failed(number)
        given_up = read_job(client, job_id)["webhook"]
        tries = tries_of(client, job_id)
        make_due(stack, job_id)
        send_for(stack, job_id)  # Whoever is given up is not tried any more.
        receiver.status = 204
        asked = client.post(f"/v1/jobs/{job_id}/webhook/redeliver")
        in_the_end = webhook_once(client, job_id, status="delivered")
        return Story(
            messages=receiver.messages,
            given_up=given_up,
            tries=tries,
            redelivered_status=asked.status_code,
            in_the_end=in_the_end,
        )


def test_the_first_retry_comes_after_about_ten_seconds(story: Story) -> None:
    first, second = story.messages[:2]
    # The queue hands a message out a moment after its time.
    assert 8 <= second.at_s - first.at_s < 12 + 4


def test_a_retry_is_the_same_message_at_a_new_time(story: Story) -> None:
    first, second = story.messages[:2]
    assert (second.body, second.headers["webhook-id"]) == (first.body, first.headers["webhook-id"])
    assert int(second.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])
    check_signed(second)


def test_after_three_retries_a_webhook_is_given_up(story: Story) -> None:
    assert story.given_up == {"status": "undelivered", "attempts": TRIES}
    assert [(each["outcome"], each["status_class"]) for each in story.tries] == [("rejected", "5xx")] * TRIES


def test_a_redelivery_brings_the_same_event_again(story: Story) -> None:
    assert story.redelivered_status == 202
    assert len(story.messages) == TRIES + 1
    assert len({message.headers["webhook-id"] for message in story.messages}) == 1
    assert len({message.body for message in story.messages}) == 1
    check_signed(story.messages[-1])
    assert story.in_the_end == {"status": "delivered", "attempts": TRIES + 1}
