"""What upstreams may cost a day: whoever has cost as much is not bought from until tomorrow."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock
from tests.functions.conftest import Answer, Cloud, clear_wiring
from tests.functions.test_images_generate import IMAGE
from tests.functions.test_leaks import fold_all

type Offer = Callable[..., None]


def buy(cloud: Cloud, account: OpenedAccount, clock: FakeClock) -> Answer:
    """An image, whose cost is known to all a little later."""
    answer = cloud.generate(account.live_key, preference="balanced")
    fold_all(cloud)
    clock.sleep(6)
    return answer


@pytest.fixture
def total(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set what all upstreams together may cost a day, in cents."""

    def cap(cents: int) -> None:
        monkeypatch.setenv("CORENT_UPSTREAM_DAILY_CAP_CENTS", str(cents))
        clear_wiring()

    return cap


def test_nothing_is_bought_once_the_total_is_spent_until_the_next_day(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, total: Callable[[int], None], clock: FakeClock
) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return IMAGE

    total(1)
    upstream("openai", answer)
    assert buy(cloud, account, clock).status == 200
    refused = buy(cloud, account, clock)
    assert (refused.status, refused.json["error"]["code"]) == (503, "tier_unavailable")
    assert "Retry-After" in refused.headers
    assert len(asked) == 1
    balance = cloud.call("account_balance", "GET", "/v1/account/balance", key=account.live_key).json
    assert (balance["balance_cents"], balance["held_cents"]) == (4_996, 0)
    clock.sleep(86_400)
    assert buy(cloud, account, clock).status == 200


def test_another_upstream_serves_once_one_is_spent_up(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock
) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return IMAGE

    upstream("openai", answer, daily_cap_cents="1")
    upstream("selfhosted", answer, base_url="http://127.0.0.1:9/v1")
    _spend(cloud, {"openai": 10_000}, clock)
    answered = buy(cloud, account, clock)
    explained = cloud.call(
        "routing_explain",
        "GET",
        "/v1/routing/explain",
        key=account.live_key,
        query={"request_id": answered.headers["X-Request-Id"]},
    ).json
    # It is too slow to be waited for, and it takes the job.
    assert (answered.status, len(explained["candidates"])) == (202, 1)
    assert {each["reason"] for each in explained["excluded"]} >= {"daily_cap"}


@pytest.mark.parametrize("cap", ["", "ten", "1.5", "-1", "٣"])
def test_a_cap_that_is_no_number_buys_nothing(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, cap: str, clock: FakeClock
) -> None:
    upstream("openai", lambda _: IMAGE, daily_cap_cents=cap)
    assert buy(cloud, account, clock).status == 503


def _spend(cloud: Cloud, micros: dict[str, int], clock: FakeClock) -> None:
    """Let upstreams have cost that much today."""
    from corent.core.clock import day_of

    document: dict[str, Any] = {"d": day_of(clock.now_ms()), "s": micros}
    cloud.client("dynamodb").put_item(
        TableName="health",
        Item={
            "pk": {"S": "HEALTH"},
            "sk": {"S": "LIVE"},
            "doc": {"S": json.dumps(document)},
            "ver": {"N": "1"},
        },
    )
