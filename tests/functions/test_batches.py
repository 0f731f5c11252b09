"""Batches at the handlers: what is asked, what is answered, what it costs."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from corent.core.ids import is_id
from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock
from tests.films import film
from tests.functions.conftest import CONTEXT, Answer, Cloud, load
from tests.functions.test_images_generate import IMAGE
from tests.functions.upstreams import Films, serving_files

type Offer = Callable[..., None]
IMAGES, FILMS = "/v1/images/batch", "/v1/videos/batch"
HOOK = "https://hooks.example/in"
REFUSED = "[refused]"


def buy(cloud: Cloud, key: str, *requests: dict[str, Any], path: str = IMAGES, **fields: Any) -> Answer:
    headers = fields.pop("headers", None)
    function = "images_batch" if path == IMAGES else "videos_batch"
    return cloud.call(
        function, "POST", path, key=key, body={"requests": list(requests), **fields}, headers=headers
    )


def read(cloud: Cloud, key: str, batch_id: str) -> Answer:
    return cloud.call("batches_get", "GET", "/v1/batches/{id}", key=key, path={"id": batch_id})


def cancel(cloud: Cloud, key: str, batch_id: str) -> Answer:
    return cloud.call("batches_cancel", "POST", "/v1/batches/{id}/cancel", key=key, path={"id": batch_id})


def balance(cloud: Cloud, key: str) -> dict[str, int]:
    cents: dict[str, int] = cloud.call("account_balance", "GET", "/v1/account/balance", key=key).json
    return cents


def money(answer: Answer) -> dict[str, str]:
    return {name: answer.headers[f"X-Corent-{name}-Cents"] for name in ("Cost", "Hold", "Balance")}


def foxes(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [{"prompt": f"fox {number}", "preference": "fast", **fields} for number in range(count)]


@pytest.fixture
def painter(upstream: Offer) -> None:
    """An upstream that refuses what says so."""

    def paint(request: httpx.Request) -> httpx.Response:
        if REFUSED not in request.content.decode():
            return IMAGE
        error = {"code": "moderation_blocked", "type": "image_generation_user_error", "message": "no"}
        return httpx.Response(400, json={"error": error})

    upstream("openai", paint)


# ---- Asked -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("painter")
def test_a_batch_is_accepted_held_and_started_once(cloud: Cloud, account: OpenedAccount) -> None:
    answer = buy(cloud, account.live_key, *foxes(3))
    assert answer.status == 202
    batch = answer.json
    assert is_id(batch["id"], prefix="batch")
    assert answer.headers["X-Request-Id"] == f"req_{batch['id'].removeprefix('batch_')}"
    counts = {"queued": 3, "processing": 0, "completed": 0, "failed": 0, "cancelled": 0}
    assert batch["counts"] == {"total": 3, **counts}
    assert (batch["status"], batch["quote_cents"]) == ("processing", 6)
    assert [job["index"] for job in batch["jobs"]] == [0, 1, 2]
    assert all(is_id(job["id"], prefix="job") for job in batch["jobs"])
    assert money(answer) == {"Cost": "0", "Hold": "6", "Balance": "5000"}
    assert cloud.started == [batch["id"]]
    assert balance(cloud, account.live_key)["held_cents"] == 6


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "missing_field", "requests"),
        ({"requests": []}, "invalid_requests", "requests"),
        ({"requests": foxes(101)}, "invalid_requests", "requests"),
        ({"requests": {"prompt": "a fox"}}, "invalid_requests", "requests"),
        ({"requests": ["a fox"]}, "invalid_requests", "requests[0]"),
        ({"requests": [{}]}, "missing_field", "requests[0].prompt"),
        ({"requests": [*foxes(7), {"prompt": "a", "aspect_ratio": "5:7"}]}, "invalid_aspect_ratio", None),
        ({"requests": foxes(1, webhook_url=HOOK)}, "unknown_field", "requests[0].webhook_url"),
        ({"requests": foxes(1, webhook_secret="s" * 16)}, "unknown_field", "requests[0].webhook_secret"),
        ({"requests": foxes(1, metadata={"a": 1})}, "invalid_metadata", "requests[0].metadata.a"),
        ({"requests": foxes(1), "n": 2}, "unknown_field", "n"),
        ({"requests": foxes(1), "webhook_secret": "s" * 16}, "invalid_webhook_secret", "webhook_secret"),
        ({"requests": foxes(1), "webhook_url": "https://127.0.0.1/"}, "invalid_webhook_url", "webhook_url"),
        (
            {"requests": foxes(2, image_url="https://169.254.169.254/a.png")},
            "invalid_image_url",
            "requests[0].image_url",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
@pytest.mark.usefixtures("painter")
def test_a_bad_batch_is_refused_whole_and_the_fault_is_named(
    cloud: Cloud, account: OpenedAccount, body: dict[str, Any], code: str, param: str | None
) -> None:
    answer = cloud.call("images_batch", "POST", IMAGES, key=account.live_key, body=body)
    error = answer.json["error"]
    assert (answer.status, error["code"]) == (422, code)
    assert error["param"] == (param or "requests[7].aspect_ratio")
    assert cloud.started == []
    assert balance(cloud, account.live_key)["held_cents"] == 0


@pytest.mark.usefixtures("painter")
def test_a_batch_beyond_its_budget_or_an_items_is_refused(cloud: Cloud, account: OpenedAccount) -> None:
    whole = buy(cloud, account.live_key, *foxes(3), max_cost_cents=5)
    assert (whole.status, whole.json["error"]["code"]) == (402, "max_cost_exceeded")
    assert (whole.json["error"]["param"], whole.json["error"]["required_cents"]) == ("max_cost_cents", 6)
    item = buy(cloud, account.live_key, *foxes(1), *foxes(1, n=2, max_cost_cents=3))
    assert (item.status, item.json["error"]["param"]) == (402, "requests[1].max_cost_cents")
    assert cloud.started == []


@pytest.mark.usefixtures("painter")
def test_a_batch_above_the_balance_is_refused_whole(cloud: Cloud) -> None:
    from corent.wiring.operator import open_account

    key = open_account(balance_cents=5).live_key
    cloud.sent.clear()
    answer = buy(cloud, key, *foxes(3))
    error = answer.json["error"]
    assert (answer.status, error["code"], error["required_cents"]) == (402, "insufficient_funds", 6)
    # Nothing was staged either.
    assert {operation for operation, _ in cloud.sent} == {"UpdateItem", "GetItem", "GetSecretValue"}
    assert balance(cloud, key) == {"balance_cents": 5, "available_cents": 5, "held_cents": 0}


@pytest.mark.usefixtures("painter")
def test_a_fourth_batch_in_work_is_refused(cloud: Cloud, account: OpenedAccount) -> None:
    assert [buy(cloud, account.live_key, *foxes(1)).status for _ in range(3)] == [202, 202, 202]
    answer = buy(cloud, account.live_key, *foxes(1))
    assert (answer.status, answer.json["error"]["code"]) == (429, "too_many_open_jobs")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.usefixtures("painter")
def test_a_test_key_buys_batches_from_its_own_wallet(
    cloud: Cloud, account: OpenedAccount, upstream: Offer
) -> None:
    upstream("sandbox", lambda _: IMAGE)
    assert buy(cloud, account.test_key, *foxes(2)).status == 202
    assert balance(cloud, account.test_key)["held_cents"] == 4
    assert balance(cloud, account.live_key)["held_cents"] == 0


@pytest.mark.usefixtures("painter")
def test_the_same_key_and_body_buy_one_batch(cloud: Cloud, account: OpenedAccount) -> None:
    headers = {"Idempotency-Key": "once"}
    first = buy(cloud, account.live_key, *foxes(2), headers=headers)
    again = buy(cloud, account.live_key, *foxes(2), headers=headers)
    assert (again.status, again.text) == (202, first.text)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert money(again) == money(first)
    other = buy(cloud, account.live_key, *foxes(3), headers=headers)
    elsewhere = cloud.generate(account.live_key, headers=headers)
    for refused in (other, elsewhere):
        assert (refused.status, refused.json["error"]["code"]) == (422, "idempotency_key_reused")
    assert (cloud.started, balance(cloud, account.live_key)["held_cents"]) == ([first.json["id"]], 4)


@pytest.mark.usefixtures("painter")
def test_a_limited_keys_batch_counts_whole_and_what_failed_comes_back(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock
) -> None:
    body = {"label": "k", "mode": "live", "scopes": ["generate"], "limit_cents": 6}
    key = cloud.call("keys_create", "POST", "/v1/account/keys", key=account.live_key, body=body).json["key"]
    batch_id = buy(cloud, key, *foxes(2), {"prompt": REFUSED, "preference": "fast"}).json["id"]
    over = buy(cloud, key, *foxes(1))
    assert (over.status, over.json["error"]["code"]) == (402, "key_limit_reached")
    assert cloud.carry_batch(batch_id, clock=clock).error is None
    assert [buy(cloud, key, *foxes(1)).status, buy(cloud, key, *foxes(1)).status] == [202, 402]


# ---- Carried and read --------------------------------------------------------------------------------


@pytest.mark.usefixtures("painter")
def test_a_batchs_results_are_read_in_order_and_before_the_end(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock
) -> None:
    requests = [*foxes(1), {"prompt": REFUSED, "preference": "fast"}, *foxes(1, metadata={"order": "7"})]
    batch_id = buy(cloud, account.live_key, *requests).json["id"]
    begun = load("batch_begin").handler({"batch_id": batch_id}, CONTEXT)
    cloud.carry(begun["job_ids"][0], clock=clock)
    half = read(cloud, account.live_key, batch_id).json
    assert (half["status"], half["completed_at"], half["cost_cents"]) == ("processing", None, 2)
    assert [entry["job"]["status"] for entry in half["jobs"]] == ["completed", "queued", "queued"]
    assert cloud.carry_batch(batch_id, clock=clock).error is None
    done = read(cloud, account.live_key, batch_id).json
    assert (done["status"], done["quote_cents"], done["cost_cents"]) == ("completed", 6, 4)
    assert done["completed_at"] is not None
    counts = {"queued": 0, "processing": 0, "completed": 2, "failed": 1, "cancelled": 0}
    assert done["counts"] == {"total": 3, **counts}
    failed = done["jobs"][1]["job"]
    assert failed["error"]["code"] == "content_policy_violation"
    assert done["jobs"][2]["job"]["metadata"] == {"order": "7"}
    assert balance(cloud, account.live_key) == {
        "balance_cents": 4996,
        "available_cents": 4996,
        "held_cents": 0,
    }


@pytest.mark.usefixtures("painter")
def test_a_batchs_jobs_are_jobs_like_any_other(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock
) -> None:
    bought = buy(cloud, account.live_key, *foxes(2)).json
    first, second = (job["id"] for job in bought["jobs"])

    def job(job_id: str) -> Any:
        path = {"id": job_id}
        return cloud.call("jobs_get", "GET", "/v1/jobs/{id}", key=account.live_key, path=path).json

    # From the answer on, whether its execution has begun or not.
    assert job(first)["status"] == "queued"
    path = {"id": second}
    stopped = cloud.call("jobs_cancel", "POST", "/v1/jobs/{id}/cancel", key=account.live_key, path=path)
    assert (stopped.status, stopped.json["status"]) == (200, "cancelled")
    assert cloud.carry_batch(bought["id"], clock=clock).error is None
    document = job(first)
    assert (document.pop("webhook"), document["status"]) == ({"status": "none", "attempts": 0}, "completed")
    batch = read(cloud, account.live_key, bought["id"]).json
    assert batch["jobs"][0]["job"] == document
    listed = cloud.call("jobs_list", "GET", "/v1/jobs", key=account.live_key).json["jobs"]
    assert [each["id"] for each in listed] == [second, first]
    explained = cloud.call(
        "routing_explain", "GET", "/v1/routing/explain", key=account.live_key, query={"request_id": first}
    )
    assert (explained.status, explained.json["quote_cents"]) == (200, 2)


@pytest.mark.usefixtures("painter")
def test_a_batch_shows_in_usage_and_ledger(cloud: Cloud, account: OpenedAccount, clock: FakeClock) -> None:
    batch_id = buy(cloud, account.live_key, *foxes(2)).json["id"]
    cloud.carry_batch(batch_id, clock=clock)
    usage = cloud.call("account_usage", "GET", "/v1/account/usage", key=account.live_key).json
    assert (usage["total_jobs"], usage["total_spent_cents"], len(usage["recent_jobs"])) == (2, 4, 2)
    entries = cloud.call("account_ledger", "GET", "/v1/account/ledger", key=account.live_key).json["entries"]
    shown = [(entry["kind"], entry["amount_cents"], entry["batch_id"]) for entry in entries]
    assert shown == [
        ("capture", 2, None),
        ("capture", 2, None),
        ("hold", 4, batch_id),
        ("promo", 5000, None),
    ]


@pytest.mark.usefixtures("clock")
def test_a_batch_of_videos_has_the_documented_fields(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock
) -> None:
    with serving_files() as files:
        upstream("sandbox", Films(files, film()))
        requests = [{"prompt": "a fox runs"}, {"prompt": "a heron flies", "preference": "balanced"}]
        bought = buy(cloud, account.live_key, *requests, path=FILMS)
        assert (bought.status, bought.json["quote_cents"]) == (202, 126)
        assert cloud.carry_batch(bought.json["id"], clock=clock).error is None
    batch = read(cloud, account.live_key, bought.json["id"]).json
    assert [entry["job"]["kind"] for entry in batch["jobs"]] == ["video", "video"]
    assert batch["jobs"][1]["job"]["videos"][0]["duration_s"] == 5
    assert batch["cost_cents"] == 126


@pytest.mark.usefixtures("painter")
def test_the_webhook_of_a_batch_is_owed_once_and_says_what_a_poll_says(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock
) -> None:
    batch_id = buy(
        cloud, account.live_key, *foxes(2), webhook_url=HOOK, webhook_secret="a secret of sixteen"
    ).json["id"]
    cloud.carry_batch(batch_id, clock=clock)
    outbox = {"pk": {"S": f"B#{batch_id}"}, "sk": {"S": "OUT#terminal"}}
    item = cloud.client("dynamodb").get_item(TableName="jobs", Key=outbox)["Item"]
    assert (item["status"], item["tries"]) == ({"S": "pending"}, {"N": "0"})
    stored = cloud.client("dynamodb").scan(TableName="jobs")["Items"]
    assert [i["pk"]["S"] for i in stored if i["sk"]["S"] == "OUT#terminal"] == [f"B#{batch_id}"]
    assert "a secret of sixteen" not in json.dumps(stored)

    from corent.usecases.webhook_messages import WebhookMessages
    from corent.wiring import money as wired_money
    from corent.wiring.batches import batches
    from corent.wiring.notices import notices

    messages = WebhookMessages(
        jobs=wired_money.jobs(),
        batches=batches(),
        notices=notices(),
        public_base_url="https://api.corent.example",
    )
    message = messages.read(batch_id)
    assert message is not None
    assert json.loads(message.body) == read(cloud, account.live_key, batch_id).json


# ---- Cancelled ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("painter")
def test_a_cancelled_batch_says_so_and_gives_the_rest_back(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock
) -> None:
    batch_id = buy(cloud, account.live_key, *foxes(3)).json["id"]
    begun = load("batch_begin").handler({"batch_id": batch_id}, CONTEXT)
    cloud.carry(begun["job_ids"][0], clock=clock)
    answer = cancel(cloud, account.live_key, batch_id)
    assert (answer.status, answer.json["status"], answer.json["cost_cents"]) == (200, "cancelled", 2)
    statuses = [entry["job"]["status"] for entry in answer.json["jobs"]]
    assert statuses == ["completed", "cancelled", "cancelled"]
    assert balance(cloud, account.live_key)["available_cents"] == 4998
    assert cancel(cloud, account.live_key, batch_id).json == answer.json


@pytest.mark.usefixtures("painter")
def test_a_completed_batch_cannot_be_cancelled(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock
) -> None:
    batch_id = buy(cloud, account.live_key, *foxes(1)).json["id"]
    cloud.carry_batch(batch_id, clock=clock)
    answer = cancel(cloud, account.live_key, batch_id)
    assert (answer.status, answer.json["error"]["code"]) == (409, "job_not_cancellable")


@pytest.mark.usefixtures("painter")
def test_another_accounts_batch_is_a_missing_one(cloud: Cloud, account: OpenedAccount) -> None:
    from corent.wiring.operator import open_account

    batch_id = buy(cloud, account.live_key, *foxes(1)).json["id"]
    other = open_account(balance_cents=100).live_key
    for key in (other, account.test_key):
        for answer in (read(cloud, key, batch_id), cancel(cloud, key, batch_id)):
            assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("batch_id", ["batch_1", "job_01M81Z0000SAMPXE0000000000", "B#batch_x"])
def test_a_malformed_id_is_a_missing_batch(cloud: Cloud, account: OpenedAccount, batch_id: str) -> None:
    assert read(cloud, account.live_key, batch_id).status == 404


@pytest.mark.usefixtures("painter")
def test_a_batchs_webhook_has_a_log_and_is_redelivered_like_a_jobs(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock
) -> None:
    batch_id = buy(cloud, account.live_key, *foxes(1), webhook_url=HOOK).json["id"]
    request = {"key": account.live_key, "path": {"id": batch_id}}
    log = ("jobs_webhook_get", "GET", "/v1/jobs/{id}/webhook")
    again = ("jobs_webhook_redeliver", "POST", "/v1/jobs/{id}/webhook/redeliver")
    assert cloud.call(*log, **request).json == {"status": "pending", "attempts": []}
    assert cloud.call(*again, **request).status == 404
    cloud.carry_batch(batch_id, clock=clock)
    key = {"pk": {"S": f"B#{batch_id}"}, "sk": {"S": "OUT#terminal"}}
    cloud.client("dynamodb").update_item(
        TableName="jobs",
        Key=key,
        UpdateExpression="SET #s = :u",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":u": {"S": "undelivered"}},
    )
    assert cloud.call(*log, **request).json["status"] == "undelivered"
    assert (cloud.call(*again, **request).status, cloud.messages) == (202, [json.dumps({"id": batch_id})])
    other = {**request, "key": account.test_key}
    assert [cloud.call(*route, **other).status for route in (log, again)] == [404, 404]
