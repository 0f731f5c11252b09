"""Images through the whole system: API Gateway, functions, transactions, the sandbox upstream, storage."""

import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.invariants import violations
from tests.stack.books import read_books
from tests.stack.conftest import Account, Stack
from tests.stack.faults import misconfigured

GENERATE = "/v1/images/generate"
POLLS_MAX = 120


def balance(client: httpx.Client) -> dict[str, int]:
    figures: dict[str, int] = client.get("/v1/account/balance").json()
    return figures


def ended(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """The job once it is settled; a generous number of polls bounds the wait."""
    for _ in range(POLLS_MAX):
        job: dict[str, Any] = client.get(f"/v1/jobs/{job_id}").json()
        if job["status"] in ("completed", "failed"):
            return job
        time.sleep(0.5)
    raise AssertionError(f"{job_id} did not end")


def test_the_first_image_is_real_and_charged_once(stack: Stack) -> None:
    account = stack.open_account()
    with stack.client(key=account.live_key) as client:
        answer = client.post(GENERATE, json={"prompt": "a red fox in the snow", "preference": "fast"})
        assert answer.status_code == 200, answer.text
        (image,) = answer.json()["images"]
        picture = client.get(image["url"])
        assert Image.open(BytesIO(picture.content)).size == (image["width"], image["height"]) == (1024, 1024)
        assert picture.headers["content-type"] == "image/png"
        assert balance(client) == {"balance_cents": 4998, "available_cents": 4998, "held_cents": 0}
    assert violations(**read_books(stack, account)) == []


@pytest.mark.parametrize(("output_format", "kind"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_every_format_comes_as_asked(stack: Stack, output_format: str, kind: str) -> None:
    with stack.client(key=stack.account.live_key) as client:
        body = {"prompt": "a lake", "output_format": output_format, "aspect_ratio": "16:9", "n": 2}
        images = client.post(GENERATE, json=body).json()["images"]
        opened = [Image.open(BytesIO(client.get(image["url"]).content)) for image in images]
    assert [picture.format for picture in opened] == [kind, kind]
    assert all(picture.size == (1344, 768) for picture in opened)


def test_sixty_four_at_once_on_money_for_twenty_sells_exactly_twenty(stack: Stack) -> None:
    account = stack.open_account(balance_cents=40)

    def buy(number: int) -> httpx.Response:
        with stack.client(key=account.live_key) as client:
            body = {"prompt": f"pixel-art boat {number}", "preference": "fast", "style": "pixel-art"}
            return client.post(GENERATE, json=body)

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(buy, range(64)))
    with stack.client(key=account.live_key) as client:
        # Under this load an image may outlive its caller's wait; it is bought all the same.
        waited = [
            ended(client, answer.json()["id"])["status"] for answer in answers if answer.status_code == 202
        ]
        assert waited.count("completed") == len(waited)
        figures = balance(client)
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200) + statuses.count(202), statuses.count(402)) == (20, 44), statuses
    assert figures == {"balance_cents": 0, "available_cents": 0, "held_cents": 0}
    books = read_books(stack, account)
    assert violations(**books) == []
    openings = 2  # One promotion for each wallet.
    assert len(books["entries"]) == openings + 20 * 2


def test_a_hundred_equal_requests_with_one_key_make_one_job_and_one_charge(stack: Stack) -> None:
    account = stack.open_account(balance_cents=100)

    def buy(_: int) -> httpx.Response:
        with stack.client(key=account.live_key) as client:
            for _ in range(POLLS_MAX):
                answer = client.post(
                    GENERATE,
                    json={"prompt": "one fox", "preference": "fast"},
                    headers={"Idempotency-Key": "once"},
                )
                if answer.status_code != 409:
                    return answer
                time.sleep(float(answer.headers["Retry-After"]))
        raise AssertionError("still in progress")

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(buy, range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    with stack.client(key=account.live_key) as client:
        assert balance(client)["balance_cents"] == 98
        assert len(client.get("/v1/jobs").json()["jobs"]) == 1
    assert violations(**read_books(stack, account)) == []


def explained(client: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    request_id = answer.headers["X-Request-Id"]
    explanation: dict[str, Any] = client.get("/v1/routing/explain", params={"request_id": request_id}).json()
    return explanation


def test_failover_serves_at_the_same_price(stack: Stack, account: Account) -> None:
    with stack.client(key=account.test_key) as client:
        answer = client.post(GENERATE, json={"prompt": "[fail-first] a fox", "preference": "fast"})
        assert (answer.status_code, answer.json()["meta"]["cost_cents"]) == (200, 2)
        explanation = explained(client, answer)
        assert balance(client)["balance_cents"] == 9998
    assert explanation["failover_occurred"] is True
    assert [attempt["outcome"] for attempt in explanation["attempts"]] == ["unavailable", "completed"]
    assert explanation["candidates_considered"] == 3


@pytest.mark.parametrize(
    ("script", "status", "code", "attempts"),
    [
        ("[fail]", 503, "tier_unavailable", 3),
        ("[rate-limit]", 503, "tier_unavailable", 3),
        ("[refuse]", 422, "content_policy_violation", 1),
    ],
)
def test_a_scripted_failure_is_said_and_its_hold_released(
    stack: Stack, account: Account, script: str, status: int, code: str, attempts: int
) -> None:
    with stack.client(key=account.test_key) as client:
        answer = client.post(GENERATE, json={"prompt": f"{script} a fox"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert balance(client) == {"balance_cents": 10000, "available_cents": 10000, "held_cents": 0}
        assert len(explained(client, answer)["attempts"]) == attempts
        job_id = answer.headers["X-Request-Id"].replace("req_", "job_")
        assert client.get(f"/v1/jobs/{job_id}").json()["error"]["code"] == code
    assert violations(**read_books(stack, account)) == []


def test_a_slow_image_goes_on_as_a_job(stack: Stack, account: Account) -> None:
    with stack.client(key=account.test_key) as client:
        answer = client.post(GENERATE, json={"prompt": "[slow:6] a fox", "wait_s": 2})
        assert answer.status_code == 202
        assert answer.headers["X-Corent-Hold-Cents"] == "4"
        assert balance(client)["held_cents"] == 4
        job = ended(client, answer.json()["id"])
        assert (job["status"], job["meta"]["cost_cents"]) == ("completed", 4)
        assert len(explained(client, answer)["attempts"]) == 1
        assert balance(client) == {"balance_cents": 9996, "available_cents": 9996, "held_cents": 0}


def test_an_image_nobody_waits_for_is_polled(stack: Stack, account: Account) -> None:
    with stack.client(key=account.test_key) as client:
        answer = client.post(GENERATE, json={"prompt": "a fox", "wait_s": 0})
        assert (answer.status_code, answer.json()["status"]) == (202, "processing")
        assert ended(client, answer.json()["id"])["status"] == "completed"


def test_a_wrong_method_is_405_and_an_unknown_path_404_in_the_one_shape(stack: Stack) -> None:
    with stack.client() as client:
        wrong, unknown = client.get(GENERATE), client.get("/v1/nothing/here")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method_not_allowed")
    assert wrong.headers["Allow"] == "POST"
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")


def test_a_revoked_key_stops_working_at_once(stack: Stack, account: Account) -> None:
    with stack.client(key=account.live_key) as admin:
        made = admin.post("/v1/account/keys", json={"label": "short-lived"}).json()
        with stack.client(key=made["key"]) as client:
            assert client.get("/v1/account/balance").status_code == 200
            assert admin.delete(f"/v1/account/keys/{made['id']}").status_code == 200
            statuses = {client.get("/v1/account/balance").status_code for _ in range(20)}
    assert statuses == {401}


def test_live_results_reach_the_public_status(stack: Stack) -> None:
    with stack.client(key=stack.account.live_key) as client:
        assert client.post(GENERATE, json={"prompt": "a fox", "preference": "quality"}).status_code == 200
        for _ in range(POLLS_MAX):
            status = client.get("/v1/status", headers={"Authorization": ""}).json()
            (tier,) = [each for each in status["tiers"] if each["name"] == "corent-image-studio"]
            if tier["success_rate"] is not None:
                break
            time.sleep(0.5)
    assert (tier["status"], tier["success_rate"], status["stale"]) == ("operational", 1.0, False)


def test_a_sweep_gives_back_the_hold_of_a_worker_that_died(stack: Stack, account: Account) -> None:
    with stack.client(key=account.test_key) as client:
        # No execution carries the job: whoever took the order got no further.
        with misconfigured(stack, "ImagesGenerateFunction", "CORENT_STATE_MACHINE_ARN"):
            job_id = client.post(GENERATE, json={"prompt": "a fox", "wait_s": 0}).json()["id"]
        # As if the job had been forgotten long ago: past its deadline, and overdue in the index of open jobs.
        stack.aws("dynamodb").update_item(
            TableName=stack.tables["jobs"],
            Key={"pk": {"S": f"J#{job_id}"}, "sk": {"S": "JOB"}},
            UpdateExpression="SET open_by_s = :past, #due = :past",
            ExpressionAttributeNames={"#due": "due"},
            ExpressionAttributeValues={":past": {"N": "1"}},
        )
        stack.invoke("OnSweepTickFunction", {})
        job = client.get(f"/v1/jobs/{job_id}").json()
        assert (job["status"], job["error"]["code"]) == ("failed", "deadline_exceeded")
        assert balance(client)["held_cents"] == 0
    assert violations(**read_books(stack, account)) == []
