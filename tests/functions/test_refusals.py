"""Content refusals: 422, uncharged, no mark on any health; with `failover` one other upstream is asked."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock
from tests.functions.conftest import Answer, Cloud
from tests.functions.test_images_generate import DOWN, IMAGE
from tests.functions.test_leaks import fold_all

type Offer = Callable[..., None]
OWN_PORT = 10
REFUSED = httpx.Response(400, json={"error": {"code": "moderation_blocked"}})


def outcomes(cloud: Cloud, account: OpenedAccount, answer: Answer) -> list[str]:
    explained = cloud.call(
        "routing_explain",
        "GET",
        "/v1/routing/explain",
        key=account.live_key,
        query={"request_id": answer.headers["X-Request-Id"]},
    ).json
    return [attempt["outcome"] for attempt in explained["attempts"]]


def available(cloud: Cloud, account: OpenedAccount) -> int:
    balance = cloud.call("account_balance", "GET", "/v1/account/balance", key=account.live_key).json
    cents: int = balance["available_cents"]
    return cents


@pytest.fixture
def two(upstream: Offer) -> Callable[[httpx.Response], list[str]]:
    """OpenAI refuses the content; a server of our own answers as it is told. Who was asked, in order."""

    def offer(second: httpx.Response) -> list[str]:
        asked: list[str] = []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append("selfhosted" if request.url.port == OWN_PORT else "openai")
            return second if asked[-1] == "selfhosted" else REFUSED

        upstream("openai", answer)
        upstream("selfhosted", answer, base_url=f"http://127.0.0.1:{OWN_PORT}/v1")
        return asked

    return offer


@pytest.mark.parametrize("asked_for", [{}, {"on_refusal": "fail"}])
def test_a_refusal_is_422_uncharged_and_the_end(
    cloud: Cloud,
    account: OpenedAccount,
    two: Callable[[httpx.Response], list[str]],
    asked_for: dict[str, str],
) -> None:
    asked = two(IMAGE)
    answer = cloud.generate(account.live_key, **asked_for)
    assert (answer.status, answer.json["error"]["code"]) == (422, "content_policy_violation")
    assert asked == ["openai"]
    assert available(cloud, account) == 5_000


def test_with_failover_one_other_upstream_is_asked_and_may_deliver(
    cloud: Cloud, account: OpenedAccount, two: Callable[[httpx.Response], list[str]], clock: FakeClock
) -> None:
    asked = two(IMAGE)
    answer = cloud.generate(account.live_key, on_refusal="failover", wait_s=0)
    assert answer.status == 202
    assert cloud.carry(answer.json["id"], clock=clock).error is None
    assert asked == ["openai", "selfhosted"]
    assert outcomes(cloud, account, answer) == ["refused", "completed"]
    assert available(cloud, account) == 4_998


@pytest.mark.parametrize(
    "second", [DOWN, httpx.Response(400, json={"error": {"code": "moderation_blocked"}})]
)
def test_what_the_other_one_could_not_deliver_either_was_refused(
    cloud: Cloud,
    account: OpenedAccount,
    two: Callable[[httpx.Response], list[str]],
    clock: FakeClock,
    second: httpx.Response,
) -> None:
    asked = two(second)
    answer = cloud.generate(account.live_key, on_refusal="failover", wait_s=0)
    cloud.carry(answer.json["id"], clock=clock)
    job = cloud.call(
        "jobs_get", "GET", "/v1/jobs/{id}", key=account.live_key, path={"id": answer.json["id"]}
    ).json
    assert (job["status"], job["error"]["code"]) == ("failed", "content_policy_violation")
    assert asked == ["openai", "selfhosted"]
    assert available(cloud, account) == 5_000


def test_refusals_leave_everybodys_health_alone(
    cloud: Cloud, account: OpenedAccount, two: Callable[[httpx.Response], list[str]]
) -> None:
    two(IMAGE)
    for _ in range(10):
        cloud.generate(account.live_key)
    fold_all(cloud)
    (stored,) = cloud.client("dynamodb").scan(TableName="health")["Items"]
    document: dict[str, Any] = json.loads(stored["doc"]["S"])
    # The first two columns of evidence: counts, and the breaker's calls.
    assert [(known[0][:2], known[1][0]) for known in document["o"].values()] == [([0, 0], "")]


@pytest.mark.parametrize("value", ["retry", "", True])
def test_only_the_two_ways_are_taken(cloud: Cloud, account: OpenedAccount, value: object) -> None:
    answer = cloud.generate(account.live_key, on_refusal=value)
    assert (answer.status, answer.json["error"]["code"]) == (422, "invalid_on_refusal")
