"""POST /v1/images/generate through its handler: the contract's answers, headers and refusals."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from corent.usecases.open_account import OpenedAccount
from tests.functions.conftest import Cloud
from tests.pictures import png

IMAGE = httpx.Response(200, json={"created": 1, "data": [{"b64_json": base64.b64encode(png()).decode()}]})
DOWN = httpx.Response(503, json={"error": {"message": "down"}})

type Offer = Callable[..., None]


@pytest.fixture
def serving(upstream: Offer) -> None:
    upstream("openai", lambda _: IMAGE)


@pytest.mark.usefixtures("serving")
def test_an_image_is_answered_stored_and_charged(cloud: Cloud, account: OpenedAccount) -> None:
    answer = cloud.generate(account.live_key)
    assert answer.status == 200
    body = answer.json
    assert re.fullmatch(r"job_[0-9A-HJKMNP-TV-Z]{26}", body["id"])
    assert body["status"] == "completed"
    assert body["meta"]["model"] == "corent-image-fast"
    assert body["meta"]["cost_cents"] == 2
    assert isinstance(body["meta"]["duration_ms"], int)
    (image,) = body["images"]
    assert image["width"] == image["height"] == 64
    assert set(cloud.stored()) == {image["url"].removeprefix("https://api.corent.example/")}
    assert answer.headers["X-Corent-Cost-Cents"] == "2"
    assert answer.headers["X-Corent-Hold-Cents"] == "0"
    assert answer.headers["X-Corent-Balance-Cents"] == "4998"
    assert answer.headers["X-Request-Id"] == body["id"].replace("job_", "req_")


@pytest.mark.usefixtures("serving")
def test_every_answer_shows_the_rate_limit(cloud: Cloud, account: OpenedAccount) -> None:
    answer = cloud.generate(account.live_key)
    assert answer.headers["RateLimit-Limit"] == "60"
    assert answer.headers["RateLimit-Remaining"] == "19"
    assert answer.headers["RateLimit-Reset"] == "1"


def test_a_job_that_fails_everywhere_is_503_and_costs_nothing(
    cloud: Cloud, account: OpenedAccount, upstream: Offer
) -> None:
    upstream("bfl", lambda _: DOWN)
    answer = cloud.generate(account.live_key)
    assert (answer.status, answer.json["error"]["code"]) == (503, "tier_unavailable")
    assert answer.json["error"]["retryable"] is True
    assert answer.headers["Retry-After"]
    assert answer.headers["X-Corent-Balance-Cents"] == "5000"
    job_id = answer.headers["X-Request-Id"].replace("req_", "job_")
    job = cloud.call("jobs_get", "GET", "/v1/jobs/{id}", key=account.live_key, path={"id": job_id}).json
    assert (job["status"], job["error"]["code"], job["meta"]["cost_cents"]) == (
        "failed",
        "tier_unavailable",
        0,
    )


def test_a_refusal_is_422_after_one_attempt(cloud: Cloud, account: OpenedAccount, upstream: Offer) -> None:
    asked: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(400, json={"error": {"code": "moderation_blocked", "message": "no"}})

    upstream("openai", refuse)
    answer = cloud.generate(account.live_key)
    error = answer.json["error"]
    assert (answer.status, error["code"], error["type"]) == (
        422,
        "content_policy_violation",
        "content_policy_error",
    )
    assert len(asked) == 1


@pytest.mark.usefixtures("serving")
def test_an_unready_image_is_202_and_handed_on(cloud: Cloud, account: OpenedAccount) -> None:
    answer = cloud.generate(account.live_key, wait_s=0)
    assert answer.status == 202
    assert answer.json == {
        "id": cloud.started[0],
        "status": "processing",
        "meta": {"model": "corent-image-fast"},
    }
    assert answer.headers["X-Corent-Cost-Cents"] == "0"
    assert answer.headers["X-Corent-Hold-Cents"] == "2"
    assert answer.headers["X-Corent-Balance-Cents"] == "5000"


@pytest.mark.usefixtures("serving")
def test_the_same_key_and_body_give_the_same_answer_and_one_charge(
    cloud: Cloud, account: OpenedAccount
) -> None:
    first = cloud.generate(account.live_key, headers={"Idempotency-Key": "once"})
    again = cloud.generate(account.live_key, headers={"Idempotency-Key": "once"})
    assert (again.status, again.json) == (200, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["X-Corent-Balance-Cents"] == "4998"


@pytest.mark.usefixtures("serving")
def test_the_same_key_with_another_body_is_refused(cloud: Cloud, account: OpenedAccount) -> None:
    cloud.generate(account.live_key, headers={"Idempotency-Key": "once"})
    again = cloud.generate(account.live_key, prompt="a cat", headers={"Idempotency-Key": "once"})
    assert (again.status, again.json["error"]["code"]) == (422, "idempotency_key_reused")


@pytest.mark.usefixtures("serving")
def test_the_same_key_of_a_failed_request_replays_its_error(
    cloud: Cloud, account: OpenedAccount, upstream: Offer
) -> None:
    upstream("bfl", lambda _: DOWN)
    first = cloud.generate(account.live_key, headers={"Idempotency-Key": "once"})
    again = cloud.generate(account.live_key, headers={"Idempotency-Key": "once"})
    assert first.status == 503
    assert (again.status, again.json) == (503, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"prompt": ""}, "invalid_prompt", "prompt"),
        ({"prompt": "   "}, "invalid_prompt", "prompt"),
        ({"prompt": "x" * 4001}, "invalid_prompt", "prompt"),
        ({"prompt": 7}, "invalid_prompt", "prompt"),
        ({"prompt": None}, "invalid_prompt", "prompt"),
        ({"preference": "best"}, "invalid_preference", "preference"),
        ({"style": "cubist"}, "invalid_style", "style"),
        ({"aspect_ratio": "5:4"}, "invalid_aspect_ratio", "aspect_ratio"),
        ({"n": 0}, "invalid_n", "n"),
        ({"n": 5}, "invalid_n", "n"),
        ({"n": "2"}, "invalid_n", "n"),
        ({"n": True}, "invalid_n", "n"),
        ({"seed": -1}, "invalid_seed", "seed"),
        ({"seed": 2**31}, "invalid_seed", "seed"),
        ({"negative_prompt": "x" * 2001}, "invalid_negative_prompt", "negative_prompt"),
        ({"output_format": "gif"}, "invalid_output_format", "output_format"),
        ({"wait_s": 26}, "invalid_wait_s", "wait_s"),
        ({"wait_s": -1}, "invalid_wait_s", "wait_s"),
        ({"max_cost_cents": -1}, "invalid_max_cost_cents", "max_cost_cents"),
        ({"metadata": {str(i): "v" for i in range(17)}}, "invalid_metadata", "metadata"),
        ({"metadata": {"a": 1}}, "invalid_metadata", "metadata.a"),
        ({"image_url": "http://pictures.example/a.png"}, "invalid_image_url", "image_url"),
        ({"image_url": "https://127.0.0.1/a.png"}, "invalid_image_url", "image_url"),
        ({"webhook_url": "ftp://hooks.example/x"}, "invalid_webhook_url", "webhook_url"),
        ({"webhook_url": "http://hooks.example/x"}, "invalid_webhook_url", "webhook_url"),
        ({"webhook_url": "https://127.0.0.1/x"}, "invalid_webhook_url", "webhook_url"),
        ({"webhook_secret": "s" * 16}, "invalid_webhook_secret", "webhook_secret"),
        (
            {"webhook_url": "https://a.example/x", "webhook_secret": "s" * 15},
            "invalid_webhook_secret",
            "webhook_secret",
        ),
        ({"account_id": "acct_2"}, "unknown_field", "account_id"),
        ({"price": 0}, "unknown_field", "price"),
        ({"provider": "x"}, "unknown_field", "provider"),
    ],
)
@pytest.mark.usefixtures("serving")
def test_a_broken_rule_is_named_and_nothing_is_held(
    cloud: Cloud, account: OpenedAccount, change: dict[str, Any], code: str, param: str
) -> None:
    answer = cloud.generate(account.live_key, **change)
    error = answer.json["error"]
    assert (answer.status, error["code"], error["param"]) == (422, code, param)
    assert error["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["X-Corent-Balance-Cents"] == "5000"
    assert not [operation for operation, _ in cloud.sent[-3:] if operation == "TransactWriteItems"]


def test_a_missing_prompt_is_said_so(cloud: Cloud, account: OpenedAccount) -> None:
    answer = cloud.call("images_generate", "POST", "/v1/images/generate", key=account.live_key, body={})
    assert (answer.status, answer.json["error"]["code"], answer.json["error"]["param"]) == (
        422,
        "missing_field",
        "prompt",
    )


@pytest.mark.parametrize(
    "raw", ["", "{", "[1,", '{"prompt": NaN}', "\ufeff{}", "nul", '{"a":1}}', "[" * 100_000]
)
def test_a_body_that_is_not_json_is_400(cloud: Cloud, account: OpenedAccount, raw: str) -> None:
    answer = cloud.call("images_generate", "POST", "/v1/images/generate", key=account.live_key, raw=raw)
    assert (answer.status, answer.json["error"]["code"]) == (400, "malformed_json")


@pytest.mark.parametrize("raw", ["[]", "null", "7", '"text"', "true"])
def test_a_body_that_is_no_object_is_422(cloud: Cloud, account: OpenedAccount, raw: str) -> None:
    answer = cloud.call("images_generate", "POST", "/v1/images/generate", key=account.live_key, raw=raw)
    assert (answer.status, answer.json["error"]["type"]) == (422, "invalid_request_error")


@pytest.mark.parametrize(("size", "status"), [(1024 * 1024, 422), (1024 * 1024 + 1, 413)])
def test_a_body_may_have_one_mebibyte(cloud: Cloud, account: OpenedAccount, size: int, status: int) -> None:
    frame = len(json.dumps({"prompt": ""}))
    raw = json.dumps({"prompt": "x" * (size - frame)})
    answer = cloud.call("images_generate", "POST", "/v1/images/generate", key=account.live_key, raw=raw)
    assert answer.status == status


@pytest.mark.usefixtures("serving")
def test_a_base64_body_is_read(cloud: Cloud, account: OpenedAccount) -> None:
    body = {"prompt": "käfer", "preference": "fast"}
    answer = cloud.call(
        "images_generate", "POST", "/v1/images/generate", key=account.live_key, body=body, is_base64=True
    )
    assert answer.status == 200


@pytest.mark.usefixtures("serving")
def test_a_price_above_max_cost_is_402(cloud: Cloud, account: OpenedAccount) -> None:
    answer = cloud.generate(account.live_key, n=2, max_cost_cents=3)
    assert (answer.status, answer.json["error"]["code"]) == (402, "max_cost_exceeded")


@pytest.mark.usefixtures("serving")
def test_too_little_money_is_402_with_the_figures(cloud: Cloud) -> None:
    from corent.wiring.operator import open_account

    poor = open_account(balance_cents=1)
    answer = cloud.generate(poor.live_key)
    error = answer.json["error"]
    assert (answer.status, error["code"]) == (402, "insufficient_funds")
    assert (error["required_cents"], error["available_cents"]) == (2, 1)


@pytest.mark.parametrize("key", ["", "x" * 256, "ümlaut", "a\tb"])
@pytest.mark.usefixtures("serving")
def test_an_unusable_idempotency_key_is_refused(cloud: Cloud, account: OpenedAccount, key: str) -> None:
    answer = cloud.generate(account.live_key, headers={"Idempotency-Key": key})
    assert (answer.status, answer.json["error"]["code"]) == (422, "invalid_idempotency_key")


def test_a_bug_inside_is_500_without_internals(
    cloud: Cloud, account: OpenedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    from corent.wiring import images

    def broken() -> Any:
        raise RuntimeError("secret internals")

    monkeypatch.setattr(images, "generate", broken)
    answer = cloud.generate(account.live_key)
    assert (answer.status, answer.json["error"]["code"]) == (500, "internal")
    assert "secret" not in answer.text


def test_a_misspelt_secret_never_hands_a_paying_caller_to_the_sandbox(
    cloud: Cloud, account: OpenedAccount, upstream: Offer
) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return DOWN

    upstream("sandbox", answer)
    upstream("bfl", answer, api_key="")
    assert cloud.generate(account.live_key).json["error"]["code"] == "tier_unavailable"
    assert asked == []


def test_an_upstream_that_knows_our_role_is_bought_from_without_a_key(
    cloud: Cloud, account: OpenedAccount, upstream: Offer
) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        image = base64.b64encode(png()).decode()
        return httpx.Response(200, json={"seeds": [1], "finish_reasons": [None], "images": [image]})

    upstream("bedrock", answer, api_key="", region="us-west-2")
    made = cloud.generate(account.live_key, preference="balanced", wait_s=25)
    assert made.status == 200
    (request,) = asked
    assert "Credential=testing/" in request.headers["authorization"]
    assert "/us-west-2/bedrock/aws4_request" in request.headers["authorization"]


@pytest.mark.parametrize("secret", ["{}", '{"daily_cap_cents": 500}', "not JSON"])
def test_an_empty_or_misspelt_secret_is_not_used_even_where_no_key_is_needed(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, secret: str
) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return DOWN

    cloud.client("secretsmanager").create_secret(Name="corent/providers/bedrock", SecretString=secret)
    upstream("sandbox", answer)
    made = cloud.generate(account.live_key, preference="balanced")
    assert made.json["error"]["code"] == "tier_unavailable"
    assert asked == []
