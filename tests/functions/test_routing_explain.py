"""GET /v1/routing/explain: the stored decision in a caller's words, and the same on every asking."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock, ulid
from tests.functions.conftest import Answer, Cloud
from tests.functions.test_images_generate import DOWN, IMAGE
from tests.functions.upstreams import LIVE_PROVIDERS

type Offer = Callable[..., None]


def explain(cloud: Cloud, key: str, request_id: str | None) -> Answer:
    query = {"request_id": request_id} if request_id is not None else None
    return cloud.call("routing_explain", "GET", "/v1/routing/explain", key=key, query=query)


def request_of(answer: Answer) -> str:
    return answer.headers["X-Request-Id"]


def test_a_delivered_request_is_explained_in_the_documented_fields(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        clock.sleep(1.25)
        return IMAGE

    upstream("openai", answer)
    body = explain(cloud, account.live_key, request_of(cloud.generate(account.live_key))).json
    assert set(body) == {
        "model",
        "reasoning",
        "choice",
        "candidates_considered",
        "failover_occurred",
        "candidates",
        "excluded",
        "attempts",
        "quote_cents",
        "weights",
    }
    assert (body["model"], body["quote_cents"], body["failover_occurred"]) == ("corent-image-fast", 2, False)
    assert body["attempts"] == [{"candidate": "A", "outcome": "completed", "duration_ms": 1250}]
    assert body["reasoning"]
    assert sum(body["weights"].values()) == pytest.approx(1)
    assert set(body["weights"]) == {"cost", "latency", "reliability", "quality"}


def test_either_id_leads_to_the_same_explanation(
    cloud: Cloud, account: OpenedAccount, upstream: Offer
) -> None:
    upstream("openai", lambda _: IMAGE)
    request_id = request_of(cloud.generate(account.live_key))
    by_request = explain(cloud, account.live_key, request_id)
    by_job = explain(cloud, account.live_key, request_id.replace("req_", "job_"))
    assert by_request.text == by_job.text == explain(cloud, account.live_key, request_id).text


def test_candidates_and_excluded_are_letters_without_gaps(
    cloud: Cloud, account: OpenedAccount, upstream: Offer
) -> None:
    for provider in LIVE_PROVIDERS:
        upstream(provider, lambda _: httpx.Response(400, json={"error": {"code": "moderation_blocked"}}))
    made = cloud.generate(account.live_key, preference="balanced")
    body = explain(cloud, account.live_key, request_of(made)).json
    names = [each["name"] for each in (*body["candidates"], *body["excluded"])]
    assert names == list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")[: len(names)]
    assert body["candidates_considered"] == len(names) == 18
    assert {each["reason"] for each in body["excluded"]} == {"not_capable", "outranked"}
    for candidate in body["candidates"]:
        assert set(candidate) == {
            "name",
            "score",
            "cost",
            "latency",
            "reliability",
            "quality",
            "health",
        }
        assert all(0 <= candidate[part] <= 1 for part in ("score", "cost", "latency", "reliability"))
        assert candidate["health"] == "operational"


def test_the_best_score_stands_first_but_for_ties(
    cloud: Cloud, account: OpenedAccount, upstream: Offer
) -> None:
    for provider in LIVE_PROVIDERS:
        upstream(provider, lambda _: httpx.Response(400, json={"error": {"code": "moderation_blocked"}}))
    made = cloud.generate(account.live_key, preference="balanced")
    body = explain(cloud, account.live_key, request_of(made)).json
    scores = [each["score"] for each in body["candidates"]]
    # Offers closer than 0.008 share the traffic, and one request in fifty explores.
    assert body["choice"] in ("best", "exploration")
    assert max(scores) <= scores[0] + (0.008 if body["choice"] == "best" else 0.15)


def test_a_failover_is_told_attempt_by_attempt(cloud: Cloud, account: OpenedAccount, upstream: Offer) -> None:
    upstream("bfl", lambda _: DOWN)
    made = cloud.generate(account.live_key, preference="balanced")
    assert made.status == 503
    body = explain(cloud, account.live_key, request_of(made)).json
    assert body["failover_occurred"] is True
    assert [attempt["candidate"] for attempt in body["attempts"]] == ["A", "B", "C"]
    assert {attempt["outcome"] for attempt in body["attempts"]} == {"unavailable"}


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (httpx.Response(429), "rate_limited"),
        (httpx.Response(402), "quota"),
        (httpx.Response(401), "auth"),
        (httpx.Response(200, json={}), "bad_reply"),
    ],
)
def test_an_outcome_is_said_in_our_words(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, reply: httpx.Response, outcome: str
) -> None:
    upstream("bfl", lambda _: reply)
    body = explain(cloud, account.live_key, request_of(cloud.generate(account.live_key))).json
    assert {attempt["outcome"] for attempt in body["attempts"]} == {outcome}


@pytest.mark.parametrize("preference", ["fast", "cheap", "balanced", "quality"])
def test_the_weights_are_those_of_the_preference(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, preference: str
) -> None:
    upstream("sandbox", lambda _: DOWN)
    made = cloud.generate(account.test_key, preference=preference)
    weights: dict[str, Any] = explain(cloud, account.test_key, request_of(made)).json["weights"]
    heaviest = {"fast": "latency", "cheap": "cost", "balanced": "reliability", "quality": "quality"}
    assert max(weights, key=lambda part: weights[part]) == heaviest[preference]


def test_a_request_that_made_no_job_is_404(cloud: Cloud, account: OpenedAccount) -> None:
    refused = cloud.generate(account.live_key, prompt="")
    assert refused.status == 422
    assert explain(cloud, account.live_key, request_of(refused)).status == 404


def test_without_an_id_it_says_which_field_is_missing(cloud: Cloud, account: OpenedAccount) -> None:
    answer = explain(cloud, account.live_key, None)
    assert (answer.status, answer.json["error"]["code"], answer.json["error"]["param"]) == (
        422,
        "missing_field",
        "request_id",
    )


@pytest.mark.parametrize("request_id", ["", f"key_{ulid(1)}", f"req_{ulid(1)}"])
def test_an_id_that_leads_nowhere_is_404(cloud: Cloud, account: OpenedAccount, request_id: str) -> None:
    assert explain(cloud, account.live_key, request_id).status == 404


# ---- operators -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preference", ["fast", "cheap", "balanced", "quality"])
def test_an_operator_sees_names_and_every_route_replays_byte_for_byte(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, preference: str
) -> None:
    for provider in LIVE_PROVIDERS:
        upstream(provider, lambda _: DOWN)
    made = cloud.generate(account.live_key, preference=preference)
    report = cloud.invoke("operator_explain", {"job_id": request_of(made)})
    assert report["same"] is True
    assert report["stored"] == report["replayed"]
    assert [attempt["offer"] for attempt in report["attempts"]] == [
        candidate["offer"] for candidate in report["candidates"][: len(report["attempts"])]
    ]
    assert len(report["candidates"]) > 1


def test_an_operator_who_asks_for_a_job_there_is_not_is_told(cloud: Cloud) -> None:
    from corent.core.errors import NotFoundError

    for job_id in (f"job_{ulid(1)}", "job_1", ""):
        with pytest.raises(NotFoundError):
            cloud.invoke("operator_explain", {"job_id": job_id})
