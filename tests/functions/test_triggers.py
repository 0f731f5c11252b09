"""The functions that answer no caller: carrying on, sweeping, folding."""

import json
from collections.abc import Callable
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
def queued(cloud: Cloud, account: OpenedAccount, clock: FakeClock) -> Callable[..., str]:
    """Buy an image that is to be carried on; its job's id."""

    def buy(**body: Any) -> str:
        job_id: str = cloud.generate(account.live_key, wait_s=0, **body).json["id"]
        return job_id

    return buy


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


# ---- the steps of an execution -------------------------------------------------------------------


def test_a_job_is_carried_to_its_end_once_however_often_it_is_executed(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, queued: Callable[..., str], clock: FakeClock
) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return IMAGE

    upstream("openai", answer)
    job_id = queued()
    for _ in range(3):
        assert cloud.carry(job_id, clock=clock).error is None
    assert len(asked) == 1
    assert job(cloud, account, job_id)["status"] == "completed"
    assert available(cloud, account) == 4_998
    assert len(cloud.stored()) == 1


def test_a_job_that_fails_behind_the_callers_back_gives_the_money_back(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, queued: Callable[..., str], clock: FakeClock
) -> None:
    upstream("bfl", lambda _: DOWN)
    job_id = queued()
    assert available(cloud, account) == 4_998
    cloud.carry(job_id, clock=clock)
    ended = job(cloud, account, job_id)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "tier_unavailable")
    assert available(cloud, account) == 5_000


def test_an_execution_of_a_job_that_is_not_there_ends_at_once(cloud: Cloud, clock: FakeClock) -> None:
    assert cloud.carry(f"job_{ulid(1)}", clock=clock).entered == ["Submit", "Await", "Decide", "Done"]
    assert cloud.stored() == {}


@pytest.mark.parametrize("step", ["generation_submit", "generation_check", "generation_deliver"])
def test_an_event_without_a_job_fails_its_step(cloud: Cloud, step: str) -> None:
    with pytest.raises(KeyError):
        load(step).handler({}, CONTEXT)


# ---- on_execution_ended --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code"),
    [("FAILED", "tier_unavailable"), ("ABORTED", "tier_unavailable"), ("TIMED_OUT", "deadline_exceeded")],
)
def test_a_job_whose_execution_broke_off_gives_its_hold_back_at_once(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Offer,
    queued: Callable[..., str],
    status: str,
    code: str,
) -> None:
    upstream("openai", lambda _: IMAGE)
    job_id = queued()
    event = {"detail": {"name": job_id, "status": status}}
    for _ in range(2):
        load("on_execution_ended").handler(event, CONTEXT)
    ended = job(cloud, account, job_id)
    assert (ended["status"], ended["error"]["code"]) == ("failed", code)
    assert available(cloud, account) == 5_000


def test_a_job_whose_execution_broke_off_after_its_files_were_stored_is_charged(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, queued: Callable[..., str], clock: FakeClock
) -> None:
    upstream("openai", lambda _: IMAGE)
    job_id = queued()
    load("generation_submit").handler({"job_id": job_id}, CONTEXT)
    load("on_execution_ended").handler({"detail": {"name": job_id, "status": "FAILED"}}, CONTEXT)
    assert job(cloud, account, job_id)["status"] == "completed"
    assert available(cloud, account) == 4_998


# ---- on_sweep_tick -------------------------------------------------------------------------------


def test_a_job_whose_worker_died_is_failed_after_its_grace(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, queued: Callable[..., str], clock: FakeClock
) -> None:
    upstream("openai", lambda _: IMAGE)
    ids = [queued() for _ in range(3)]
    cloud.started.clear()
    clock.sleep(SWEPT_AFTER_S - 1)
    load("on_sweep_tick").handler({}, CONTEXT)
    assert {job(cloud, account, job_id)["status"] for job_id in ids} == {"queued"}
    assert sorted(cloud.started) == ids
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
    cloud.carry(job_id, clock=clock)
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
    cloud.carry(job_id, clock=clock)
    assert asked == []
    assert job(cloud, account, job_id)["status"] == "failed"


# ---- on_job_settled ------------------------------------------------------------------------------


def record(image: dict[str, Any] | None, *, number: int = 1) -> dict[str, Any]:
    inner: dict[str, Any] = {"SequenceNumber": str(number), "StreamViewType": "NEW_AND_OLD_IMAGES"}
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
    lambda item: {**item, "route": {"S": "znothing"}},
    lambda item: {
        **item,
        "route": {"S": '{"v":2,"s":1,"p":"fast","w":[1,2,3,4],"k":"best","n":3,"c":"","x":""}'},
    },
]


def test_a_settled_job_feeds_its_offer_and_its_tier(cloud: Cloud, settled: dict[str, Any]) -> None:
    load("on_job_settled").handler({"Records": [record(settled)]}, CONTEXT)
    document = json.loads(health(cloud)["LIVE"])
    (offer_id,) = document["o"]
    assert offer_id.startswith("openai/gpt-image")
    assert (list(document["u"]), list(document["t"])) == (["openai"], ["corent-image-fast"])


@pytest.mark.parametrize("spoil", MALFORMED)
def test_a_malformed_record_is_left_out_and_the_others_count_once(
    cloud: Cloud, settled: dict[str, Any], spoil: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    records = [record(settled), record(spoil(settled), number=2), record(settled, number=3)]
    answer = load("on_job_settled").handler({"Records": records}, CONTEXT)
    assert not (answer or {}).get("batchItemFailures")
    (evidence,) = json.loads(health(cloud)["LIVE"])["o"].values()
    (successes, failures, _at_ms), *_ = evidence
    assert (successes, failures) == (8, 0)


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
