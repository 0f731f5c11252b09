"""The functions that answer no caller: carrying on, sweeping, folding."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock, ulid
from tests.functions.conftest import CONTEXT, Cloud, load
from tests.functions.test_images_generate import DOWN, IMAGE

type Offer = Callable[..., None]
SWEPT_AFTER_S = 240 + 120


@pytest.fixture
def queued(
    cloud: Cloud, account: OpenedAccount, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> Callable[..., str]:
    """Buy an image that is to be carried on; its job's id."""
    from corent.adapters.invocations import Invocations

    monkeypatch.setattr(Invocations, "__call__", lambda *_: None)

    def buy(**body: Any) -> str:
        job_id: str = cloud.generate(account.live_key, wait_s=0, **body).json["id"]
        return job_id

    return buy


def carry(job_id: str, *, worker: str = "r") -> None:
    context = SimpleNamespace(**{**vars(CONTEXT), "aws_request_id": worker})
    load("on_image_overdue").handler({"job_id": job_id}, context)


def job(cloud: Cloud, account: OpenedAccount, job_id: str) -> dict[str, Any]:
    document: dict[str, Any] = cloud.call(
        "jobs_get", "GET", "/v1/jobs/{id}", key=account.live_key, path={"id": job_id}
    ).json
    return document


def available(cloud: Cloud, account: OpenedAccount) -> int:
    cents: int = cloud.call("account_balance", "GET", "/v1/account/balance", key=account.live_key).json[
        "available_cents"
    ]
    return cents


# ---- on_image_overdue ----------------------------------------------------------------------------


def test_a_job_is_carried_to_its_end_once_however_often_it_is_invoked(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, queued: Callable[..., str]
) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return IMAGE

    upstream("openai", answer)
    job_id = queued()
    for worker in ("r", "r", "s"):
        carry(job_id, worker=worker)
    assert len(asked) == 1
    assert job(cloud, account, job_id)["status"] == "completed"
    assert available(cloud, account) == 4_998
    assert len(cloud.stored()) == 1


def test_a_job_that_fails_behind_the_callers_back_gives_the_money_back(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, queued: Callable[..., str]
) -> None:
    upstream("bfl", lambda _: DOWN)
    job_id = queued()
    assert available(cloud, account) == 4_998
    carry(job_id)
    ended = job(cloud, account, job_id)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "tier_unavailable")
    assert available(cloud, account) == 5_000


def test_another_workers_lease_is_respected(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, queued: Callable[..., str], clock: FakeClock
) -> None:
    from corent.wiring.money import jobs

    upstream("openai", lambda _: IMAGE)
    job_id = queued()
    now_ms = clock.now_ms()
    assert jobs().claim(job_id, worker="first", now_ms=now_ms, until_ms=now_ms + 1000)
    carry(job_id, worker="second")
    assert job(cloud, account, job_id)["status"] == "queued"
    clock.sleep(1)
    carry(job_id, worker="second")
    assert job(cloud, account, job_id)["status"] == "completed"


def test_a_job_that_is_not_there_is_nothing_to_do(cloud: Cloud) -> None:
    carry(f"job_{ulid(1)}")
    assert cloud.stored() == {}


def test_an_event_without_a_job_is_given_back_to_the_queue(cloud: Cloud) -> None:
    with pytest.raises(KeyError):
        load("on_image_overdue").handler({}, CONTEXT)


# ---- on_sweep_tick -------------------------------------------------------------------------------


def test_a_job_whose_worker_died_is_failed_after_its_grace(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, queued: Callable[..., str], clock: FakeClock
) -> None:
    upstream("openai", lambda _: IMAGE)
    ids = [queued() for _ in range(3)]
    clock.sleep(SWEPT_AFTER_S - 1)
    load("on_sweep_tick").handler({}, CONTEXT)
    assert {job(cloud, account, job_id)["status"] for job_id in ids} == {"queued"}
    clock.sleep(2)
    load("on_sweep_tick").handler({}, CONTEXT)
    ended = [job(cloud, account, job_id) for job_id in ids]
    assert {each["status"] for each in ended} == {"failed"}
    assert {each["error"]["code"] for each in ended} == {"deadline_exceeded"}
    assert available(cloud, account) == 5_000


def test_a_settled_job_is_not_swept(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, queued: Callable[..., str], clock: FakeClock
) -> None:
    upstream("openai", lambda _: IMAGE)
    job_id = queued()
    carry(job_id)
    clock.sleep(SWEPT_AFTER_S + 1)
    cloud.sent.clear()
    load("on_sweep_tick").handler({}, CONTEXT)
    assert {operation for operation, _ in cloud.sent} == {"Query"}
    assert job(cloud, account, job_id)["status"] == "completed"


def test_a_swept_job_is_not_carried_on(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, queued: Callable[..., str], clock: FakeClock
) -> None:
    asked: list[httpx.Request] = []
    upstream("openai", lambda request: asked.append(request) or IMAGE)
    job_id = queued()
    clock.sleep(SWEPT_AFTER_S + 1)
    load("on_sweep_tick").handler({}, CONTEXT)
    carry(job_id)
    assert asked == []
    assert job(cloud, account, job_id)["status"] == "failed"


# ---- on_job_settled ------------------------------------------------------------------------------


def record(image: dict[str, Any] | None, *, number: int = 1) -> dict[str, Any]:
    inner: dict[str, Any] = {"SequenceNumber": str(number), "StreamViewType": "NEW_IMAGE"}
    if image is not None:
        inner |= {"NewImage": image, "Keys": {name: image[name] for name in ("pk", "sk") if name in image}}
    return {"eventID": str(number), "eventName": "MODIFY", "eventSource": "aws:dynamodb", "dynamodb": inner}


def health(cloud: Cloud) -> dict[str, str]:
    return {
        item["sk"]["S"]: item["doc"]["S"]
        for item in cloud.client("dynamodb").scan(TableName="health")["Items"]
    }


@pytest.fixture
def settled(cloud: Cloud, account: OpenedAccount, upstream: Offer) -> dict[str, Any]:
    """The stored item of a completed job."""
    upstream("openai", lambda _: IMAGE)
    cloud.generate(account.live_key)
    (item,) = cloud.client("dynamodb").scan(TableName="jobs")["Items"]
    return dict(item)


MALFORMED: list[Callable[[dict[str, Any]], dict[str, Any]]] = [
    lambda item: {name: value for name, value in item.items() if name != "state"},
    lambda item: {**item, "state": {"S": "exploded"}},
    lambda item: {**item, "ask": {"S": "{"}},
    lambda item: {**item, "attempts": {"S": "[[0]]"}},
    lambda item: {**item, "hold_micros": {"N": "1.5"}},
    lambda item: {**item, "made": {"S": "soon"}},
    lambda item: {**item, "route": {"S": "{"}},
    lambda item: {**item, "route": {"S": '{"s":1,"p":"fast","w":[1,2,3,4],"c":"","x":""}'}},
]


def test_a_settled_job_feeds_its_offer_and_its_tier(cloud: Cloud, settled: dict[str, Any]) -> None:
    load("on_job_settled").handler({"Records": [record(settled)]}, CONTEXT)
    documents = health(cloud)
    assert documents["OFFERS"].startswith('{"openai/gpt-image')
    assert '"corent-image-fast":[[1,' in documents["TIERS"]


@pytest.mark.parametrize("spoil", MALFORMED)
def test_a_malformed_record_is_left_out_and_the_others_count_once(
    cloud: Cloud, settled: dict[str, Any], spoil: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    records = [record(settled), record(spoil(settled), number=2), record(settled, number=3)]
    answer = load("on_job_settled").handler({"Records": records}, CONTEXT)
    assert not (answer or {}).get("batchItemFailures")
    assert health(cloud)["OFFERS"].count("[1,") == 2


def test_records_of_other_items_are_passed_over(cloud: Cloud, settled: dict[str, Any]) -> None:
    claim = {"pk": {"S": "I#acct#key"}, "sk": {"S": "IDEM"}, "job": {"S": "job_1"}}
    load("on_job_settled").handler({"Records": [record(claim), record(None, number=2)]}, CONTEXT)
    assert health(cloud) == {}


def test_a_job_still_open_says_nothing_about_health(
    cloud: Cloud, upstream: Offer, queued: Callable[..., str]
) -> None:
    upstream("openai", lambda _: IMAGE)
    queued()
    (item,) = cloud.client("dynamodb").scan(TableName="jobs")["Items"]
    load("on_job_settled").handler({"Records": [record(item)]}, CONTEXT)
    assert health(cloud) == {}


def test_a_store_that_is_down_gives_the_batch_back(
    cloud: Cloud, settled: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from corent.adapters.dynamo.health import DynamoHealth
    from corent.core.errors import TemporarilyUnavailableError

    def down(*_: Any) -> None:
        raise TemporarilyUnavailableError("x")

    monkeypatch.setattr(DynamoHealth, "update", down)
    with pytest.raises(TemporarilyUnavailableError):
        load("on_job_settled").handler({"Records": [record(settled)]}, CONTEXT)
