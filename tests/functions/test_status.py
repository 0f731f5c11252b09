"""GET /v1/status: what anyone may know of each tier, folded from live results."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock
from tests.functions.conftest import CONTEXT, Cloud, load
from tests.functions.test_images_generate import DOWN, IMAGE
from tests.functions.test_leaks import fold_all

type Offer = Callable[..., None]


def status(cloud: Cloud) -> dict[str, Any]:
    body: dict[str, Any] = cloud.call("status_get", "GET", "/v1/status").json
    return body


def tier(cloud: Cloud, name: str = "corent-image-fast") -> dict[str, Any]:
    (found,) = [each for each in status(cloud)["tiers"] if each["name"] == name]
    return found


def test_before_anything_was_measured_it_is_operational_and_stale(cloud: Cloud) -> None:
    body = status(cloud)
    assert {name: value for name, value in body.items() if name != "tiers"} == {
        "updated_at": None,
        "stale": True,
        "incidents": [],
    }
    assert {each["name"] for each in body["tiers"]} == {
        *(f"corent-image-{name}" for name in ("fast", "economy", "standard", "studio")),
        *(f"corent-video-{name}" for name in ("fast", "economy", "premium", "cinematic")),
    }
    for each in body["tiers"]:
        assert each == {
            "name": each["name"],
            "status": "operational",
            "latency_ms_p50": None,
            "latency_ms_p95": None,
            "success_rate": None,
            "uptime_90d": None,
            "uptime_by_day": [],
        }


def test_it_is_cacheable_open_to_all_and_one_read(cloud: Cloud) -> None:
    cloud.sent.clear()
    answer = cloud.call("status_get", "GET", "/v1/status")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "public, max-age=15"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert [(operation, parameters["TableName"]) for operation, parameters in cloud.sent] == [
        ("GetItem", "health")
    ]


def test_results_show_with_the_next_look_and_grow_stale(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock
) -> None:
    def answer(request: Any) -> Any:
        clock.sleep(2)
        return IMAGE if request.method == "POST" else httpx.Response(200, json={})

    upstream("openai", answer)
    for _ in range(3):
        cloud.generate(account.live_key)
    fold_all(cloud)
    cloud.invoke("on_probe_tick", {})
    measured = tier(cloud)
    assert (measured["status"], measured["success_rate"], measured["uptime_90d"]) == ("operational", 1.0, 1.0)
    assert (measured["latency_ms_p50"], measured["latency_ms_p95"]) == (2000, 2000)
    assert tier(cloud, "corent-image-studio")["success_rate"] is None
    assert status(cloud)["stale"] is False
    clock.sleep(3_600)
    assert status(cloud)["stale"] is True


def test_a_tier_that_fails_is_an_outage_after_two_minutes_and_over_after_five(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Offer,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A budget grows through the day: from some hour on, the first minute would have a generation fail.
    monkeypatch.setenv("CORENT_PROBE_DAILY_BUDGET_CENTS", "0")
    up: list[bool] = []
    upstream("bfl", lambda _: httpx.Response(200, json={}) if up else DOWN)

    def minute() -> str:
        cloud.invoke("on_probe_tick", {})
        clock.sleep(60)
        level: str = tier(cloud)["status"]
        return level

    assert minute() == "operational"
    for _ in range(6):
        cloud.generate(account.live_key)
    fold_all(cloud)
    assert [minute(), minute()] == ["operational", "outage"]
    (incident,) = [each for each in status(cloud)["incidents"] if each["tier"] == "corent-image-fast"]
    assert (incident["status"], incident["closed_at"]) == ("outage", None)


def test_refusals_and_test_keys_do_not_count(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock
) -> None:
    upstream("openai", lambda _: httpx.Response(400, json={"error": {"code": "moderation_blocked"}}))
    cloud.generate(account.live_key)
    upstream("sandbox", lambda _: DOWN)
    cloud.generate(account.test_key)
    fold_all(cloud)
    cloud.invoke("on_probe_tick", {})
    assert tier(cloud)["success_rate"] is None


def test_an_unknown_health_document_is_no_leak(cloud: Cloud) -> None:
    cloud.client("dynamodb").put_item(
        TableName="health",
        Item={"pk": {"S": "HEALTH"}, "sk": {"S": "STATUS"}, "doc": {"S": "{"}, "ver": {"N": "1"}},
    )
    answer = cloud.call("status_get", "GET", "/v1/status")
    assert (answer.status, answer.json["error"]["code"]) == (500, "internal")


@pytest.mark.parametrize("records", [[], [{"dynamodb": {"SequenceNumber": "1"}, "eventName": "REMOVE"}]])
def test_events_without_jobs_change_nothing(cloud: Cloud, records: list[Any]) -> None:
    load("on_job_settled").handler({"Records": records}, CONTEXT)
    assert status(cloud)["updated_at"] is None


def test_when_all_breakers_are_open_the_least_bad_is_tried_once_and_the_answer_says_when_to_come_back(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock
) -> None:
    asked: list[str] = []

    def down(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return DOWN

    upstream("bfl", down)
    for _ in range(5):
        cloud.generate(account.live_key)
        fold_all(cloud)
    clock.sleep(6)
    asked.clear()
    answer = cloud.generate(account.live_key)
    assert (answer.status, answer.json["error"]["code"]) == (503, "tier_unavailable")
    assert len(asked) == 1
    assert 5 < int(answer.headers["Retry-After"]) <= 300
    explained = cloud.call(
        "routing_explain",
        "GET",
        "/v1/routing/explain",
        key=account.live_key,
        query={"request_id": answer.headers["X-Request-Id"]},
    ).json
    assert (explained["choice"], len(explained["attempts"])) == ("last_resort", 1)


def test_with_the_health_table_down_requests_are_still_served(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from corent.adapters.dynamo.health import DynamoHealth
    from corent.core.errors import TemporarilyUnavailableError

    def down(*_: Any, **__: Any) -> None:
        raise TemporarilyUnavailableError("down")

    for method in ("read", "claim_trial"):
        monkeypatch.setattr(DynamoHealth, method, down)
    upstream("openai", lambda _: IMAGE)
    assert cloud.generate(account.live_key).status == 200
