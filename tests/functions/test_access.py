"""Who may call what: keys, scopes, rates and other people's objects, through every handler."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from corent.accounts.keys import Mode, Scope, new_secret
from corent.core.errors import TemporarilyUnavailableError
from corent.edge.routes import PUBLIC_ROUTES, ROUTES
from corent.usecases.manage_keys import NewKey
from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock, ulid
from tests.functions.conftest import Answer, Cloud
from tests.functions.test_images_generate import IMAGE

type Offer = Callable[..., None]

FUNCTIONS = {
    ("POST", "/v1/images/generate"): "images_generate",
    ("POST", "/v1/videos/generate"): "videos_generate",
    ("POST", "/v1/images/batch"): "images_batch",
    ("POST", "/v1/videos/batch"): "videos_batch",
    ("GET", "/v1/batches/{id}"): "batches_get",
    ("POST", "/v1/batches/{id}/cancel"): "batches_cancel",
    ("GET", "/v1/jobs/{id}"): "jobs_get",
    ("POST", "/v1/jobs/{id}/cancel"): "jobs_cancel",
    ("GET", "/v1/jobs/{id}/stream"): "jobs_stream",
    ("POST", "/v1/jobs/{id}/stream-token"): "jobs_stream_token",
    ("GET", "/v1/jobs/{id}/webhook"): "jobs_webhook_get",
    ("POST", "/v1/jobs/{id}/webhook/redeliver"): "jobs_webhook_redeliver",
    ("GET", "/v1/jobs"): "jobs_list",
    ("GET", "/v1/account/balance"): "account_balance",
    ("GET", "/v1/account/usage"): "account_usage",
    ("GET", "/v1/account/ledger"): "account_ledger",
    ("POST", "/v1/account/deposit"): "account_deposit",
    ("GET", "/v1/account/auto-topup"): "topup_get",
    ("PUT", "/v1/account/auto-topup"): "topup_set",
    ("DELETE", "/v1/account/auto-topup"): "topup_delete",
    ("GET", "/v1/account/alerts"): "alerts_get",
    ("PUT", "/v1/account/alerts"): "alerts_set",
    ("DELETE", "/v1/account/alerts"): "alerts_delete",
    ("POST", "/v1/account/keys"): "keys_create",
    ("GET", "/v1/account/keys"): "keys_list",
    ("DELETE", "/v1/account/keys/{id}"): "keys_revoke",
    ("POST", "/v1/quote"): "quote",
    ("POST", "/v1/images/generations"): "images_generations",
    ("GET", "/v1/models"): "models_list",
    ("GET", "/v1/models/{id}"): "models_get",
    ("GET", "/v1/routing/explain"): "routing_explain",
}
every_protected_route = pytest.mark.parametrize(
    ("method", "resource"), FUNCTIONS, ids=[f"{method} {path}" for method, path in FUNCTIONS]
)


def send(cloud: Cloud, method: str, resource: str, **request: Any) -> Answer:
    """A request to that route whose key, if good, would decide nothing else about the answer."""
    if "{id}" in resource:
        request = {"path": {"id": f"job_{ulid(1)}"}, **request}
    if resource == "/v1/routing/explain":
        request = {"query": {"request_id": f"req_{ulid(1)}"}, **request}
    return cloud.call(FUNCTIONS[method, resource], method, resource, **request)


def grant(account_id: str, *scopes: Scope, mode: Mode = Mode.LIVE, expires_at_s: int | None = None) -> str:
    """A new key's secret."""
    from corent.wiring.accounts import manage_keys

    new = NewKey(label="k", mode=mode, scopes=scopes, limit_micros=None, expires_at_s=expires_at_s)
    return manage_keys().grant(account_id, new)[1]


def without_request_id(answer: Answer) -> str:
    """The body with its request id, which the header repeats, taken out."""
    request_id = answer.headers["X-Request-Id"]
    assert request_id in answer.text
    return answer.text.replace(request_id, "")


def test_every_route_is_tried_or_public() -> None:
    routes = {(method, path) for path, methods in ROUTES.items() for method in methods}
    assert set(FUNCTIONS) == routes - PUBLIC_ROUTES


@every_protected_route
def test_without_a_key_it_is_401_before_anything_is_looked_at(
    cloud: Cloud, method: str, resource: str
) -> None:
    for raw in (None, "{", '{"unknown": 1}'):
        answer = send(cloud, method, resource, raw=raw, query={"limit": "many"})
        assert (answer.status, answer.json["error"]["code"]) == (401, "invalid_api_key")
        assert answer.headers["Content-Type"] == "application/json"


def test_the_401_is_the_same_whatever_is_wrong_with_the_key(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock
) -> None:
    good = account.live_key
    wrong_checksum = good[:-1] + ("A" if good[-1] != "A" else "B")
    expired = grant(account.account_id, Scope.READ, expires_at_s=clock.now_ms() // 1000 + 60)
    clock.sleep(60)
    revoked = grant(account.account_id, Scope.READ)
    key_id = next(
        key["id"]
        for key in cloud.call("keys_list", "GET", "/v1/account/keys", key=good).json["keys"]
        if key["last4"] == revoked[-4:]
    )
    cloud.call("keys_revoke", "DELETE", "/v1/account/keys/{id}", key=good, path={"id": key_id})
    headers: list[dict[str, str]] = [
        {},
        {"Authorization": ""},
        {"Authorization": good},
        {"Authorization": f"Basic {good}"},
        *(
            {"Authorization": f"Bearer {key}"}
            for key in ("nonsense", good[:-1], wrong_checksum, new_secret(Mode.LIVE), revoked, expired)
        ),
    ]
    answers = [cloud.call("account_balance", "GET", "/v1/account/balance", headers=each) for each in headers]
    assert {answer.status for answer in answers} == {401}
    assert len({without_request_id(answer) for answer in answers}) == 1
    assert len({frozenset(answer.headers) for answer in answers}) == 1


def test_a_key_that_cannot_be_one_is_not_looked_up(cloud: Cloud, account: OpenedAccount) -> None:
    cloud.sent.clear()
    for key in ("nonsense", account.live_key[:-1], account.live_key + "x", account.live_key[:-6] + "000000"):
        cloud.call("account_balance", "GET", "/v1/account/balance", key=key)
    assert all(parameters["Key"]["pk"]["S"].startswith("F#") for _, parameters in cloud.sent)


ALLOWED = {
    Scope.GENERATE: {
        "images_generate",
        "videos_generate",
        "jobs_get",
        "jobs_list",
        "images_batch",
        "videos_batch",
        "quote",
        "batches_get",
        "batches_cancel",
        "jobs_cancel",
        "jobs_webhook_get",
        "jobs_webhook_redeliver",
        "jobs_stream",
        "jobs_stream_token",
        "routing_explain",
        "images_generations",
        "models_list",
        "models_get",
    },
    Scope.READ: {
        "models_list",
        "models_get",
        "batches_get",
        "jobs_get",
        "jobs_webhook_get",
        "jobs_stream",
        "jobs_stream_token",
        "jobs_list",
        "routing_explain",
        "account_balance",
        "account_usage",
        "account_ledger",
        "topup_get",
        "alerts_get",
    },
    Scope.BILLING: {
        "account_balance",
        "account_usage",
        "account_ledger",
        "account_deposit",
        "topup_get",
        "topup_set",
        "topup_delete",
        "alerts_get",
        "alerts_set",
        "alerts_delete",
    },
    Scope.ADMIN: {"keys_create", "keys_list", "keys_revoke"},
}


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.usefixtures("clock")
def test_a_scope_opens_its_own_routes_and_no_other(
    cloud: Cloud, account: OpenedAccount, scope: Scope
) -> None:
    key = grant(account.account_id, scope)
    answers = {
        name: send(cloud, method, resource, key=key, body={} if method in ("POST", "PUT") else None)
        for (method, resource), name in FUNCTIONS.items()
    }
    refused = {name for name, answer in answers.items() if answer.status == 403}
    assert refused == set(FUNCTIONS.values()) - ALLOWED[scope]
    assert {answers[name].json["error"]["code"] for name in refused} == {"missing_scope"}
    assert {answers[name].json["error"]["type"] for name in refused} == {"permission_error"}


def test_the_twenty_first_generation_at_once_is_429(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock
) -> None:
    upstream("openai", lambda _: IMAGE)
    answers = [cloud.generate(account.live_key, max_cost_cents=0) for _ in range(21)]
    assert [answer.status for answer in answers] == [402] * 20 + [429]
    limited = answers[-1]
    error = limited.json["error"]
    assert (error["type"], error["code"], error["retryable"]) == ("rate_limit_error", "rate_limited", True)
    assert limited.headers["Retry-After"] == "1"
    assert limited.headers["RateLimit-Limit"] == "60"
    assert limited.headers["RateLimit-Remaining"] == "0"
    assert limited.headers["RateLimit-Reset"] == "20"
    assert limited.headers["X-Request-Id"] == error["request_id"]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers[:20]] == [
        str(left) for left in range(19, -1, -1)
    ]
    clock.sleep(1)
    assert cloud.generate(account.live_key).status == 200


def test_reads_have_a_limit_of_their_own(cloud: Cloud, account: OpenedAccount, clock: FakeClock) -> None:
    answers = [
        cloud.call("account_balance", "GET", "/v1/account/balance", key=account.live_key) for _ in range(101)
    ]
    assert [answer.status for answer in answers] == [200] * 100 + [429]
    assert answers[-1].headers["RateLimit-Limit"] == "600"
    assert cloud.generate(account.live_key, max_cost_cents=0).status == 402
    clock.sleep(0.1)
    assert cloud.call("account_balance", "GET", "/v1/account/balance", key=account.live_key).status == 200


def test_an_address_that_failed_too_often_is_429_and_its_good_keys_still_work(
    cloud: Cloud, account: OpenedAccount, clock: FakeClock
) -> None:
    clock.time_ms -= clock.time_ms % 60_000  # The start of a minute.
    unknown = new_secret(Mode.LIVE)

    def ask(key: str, *, address: str = "203.0.113.9") -> Answer:
        return cloud.call("account_balance", "GET", "/v1/account/balance", key=key, address=address)

    assert [ask(unknown).status for _ in range(20)] == [401] * 20
    limited = ask(unknown)
    assert (limited.status, limited.json["error"]["code"]) == (429, "rate_limited")
    assert limited.headers["Retry-After"] == "60"
    assert ask("nonsense").status == 429
    assert ask(account.live_key).status == 200
    assert ask(unknown, address="203.0.113.10").status == 401
    clock.sleep(60)
    assert ask(unknown).status == 401


def test_a_revoked_key_is_refused_at_once_in_a_warm_environment(cloud: Cloud, account: OpenedAccount) -> None:
    made = cloud.call("keys_create", "POST", "/v1/account/keys", key=account.live_key, body={"label": "k"})
    key, path = made.json["key"], {"id": made.json["id"]}
    for _ in range(3):
        assert cloud.call("jobs_list", "GET", "/v1/jobs", key=key).status == 200
    cloud.call("keys_revoke", "DELETE", "/v1/account/keys/{id}", key=account.live_key, path=path)
    for _ in range(3):
        assert cloud.call("jobs_list", "GET", "/v1/jobs", key=key).status == 401


# ---- objects of others ---------------------------------------------------------------------------

BY_ID: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/v1/jobs/{id}", {"path": {"id": "job"}}),
    ("GET", "/v1/routing/explain", {"query": {"request_id": "job"}}),
    ("GET", "/v1/routing/explain", {"query": {"request_id": "req"}}),
    ("DELETE", "/v1/account/keys/{id}", {"path": {"id": "key"}}),
]


def ask_for(cloud: Cloud, key: str, place: tuple[str, str, dict[str, Any]], ids: dict[str, str]) -> Answer:
    method, resource, request = place
    filled = {
        part: {name: ids[prefix] for name, prefix in fields.items()} for part, fields in request.items()
    }
    return send(cloud, method, resource, key=key, **filled)


@pytest.fixture
def mine(cloud: Cloud, account: OpenedAccount, upstream: Offer) -> dict[str, str]:
    """Ids of the account's own objects, by prefix."""
    upstream("openai", lambda _: IMAGE)
    job_id = cloud.generate(account.live_key).json["id"]
    keys = cloud.call("keys_list", "GET", "/v1/account/keys", key=account.live_key).json["keys"]
    test_key = next(key["id"] for key in keys if key["mode"] == "test")
    return {"job": job_id, "req": job_id.replace("job_", "req_"), "key": test_key}


@pytest.mark.parametrize("place", BY_ID, ids=str)
def test_another_accounts_object_looks_exactly_like_a_missing_one(
    cloud: Cloud, account: OpenedAccount, mine: dict[str, str], place: tuple[str, str, dict[str, Any]]
) -> None:
    from corent.wiring.operator import open_account

    other = open_account(balance_cents=100)
    missing = {prefix: f"{prefix}_{ulid(999)}" for prefix in mine}
    foreign = ask_for(cloud, other.live_key, place, mine)
    absent = ask_for(cloud, other.live_key, place, missing)
    assert (foreign.status, foreign.json["error"]["code"]) == (404, "not_found")
    assert without_request_id(foreign) == without_request_id(absent)
    assert set(foreign.headers) == set(absent.headers)
    assert ask_for(cloud, account.live_key, place, mine).status == 200


@pytest.mark.parametrize("place", BY_ID, ids=str)
@pytest.mark.parametrize(
    "malformed",
    ["1", "job_", "JOB_" + ulid(1), ulid(1), f"key_{ulid(1)[:-1]}", f"job_{ulid(1)}x", "%00", "ü", "a b"],
)
def test_a_malformed_id_is_404(
    cloud: Cloud, account: OpenedAccount, place: tuple[str, str, dict[str, Any]], malformed: str
) -> None:
    answer = ask_for(cloud, account.live_key, place, dict.fromkeys(("job", "req", "key"), malformed))
    assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")


def test_an_id_of_another_kind_is_404(cloud: Cloud, account: OpenedAccount, mine: dict[str, str]) -> None:
    for place, ids in (
        (BY_ID[0], {"job": mine["req"]}),
        (BY_ID[1], {"job": mine["key"]}),
        (BY_ID[3], {"key": mine["job"]}),
    ):
        assert ask_for(cloud, account.live_key, place, ids).status == 404


@pytest.mark.usefixtures("clock")
def test_live_and_test_keys_of_one_account_do_not_see_each_others_jobs_and_money(
    cloud: Cloud, account: OpenedAccount, mine: dict[str, str]
) -> None:
    for place in BY_ID[:3]:
        assert ask_for(cloud, account.test_key, place, mine).status == 404
    assert cloud.call("jobs_list", "GET", "/v1/jobs", key=account.test_key).json["jobs"] == []
    usage = cloud.call("account_usage", "GET", "/v1/account/usage", key=account.test_key).json
    assert (usage["total_spent_cents"], usage["total_jobs"], usage["recent_jobs"]) == (0, 0, [])
    balances = [
        cloud.call("account_balance", "GET", "/v1/account/balance", key=key).json["balance_cents"]
        for key in (account.live_key, account.test_key)
    ]
    assert balances == [4998, 10_000]
    kinds = [
        [
            entry["kind"]
            for entry in cloud.call("account_ledger", "GET", "/v1/account/ledger", key=key).json["entries"]
        ]
        for key in (account.live_key, account.test_key)
    ]
    assert kinds == [["capture", "hold", "promo"], ["promo"]]


# ---- the store behind the keys -------------------------------------------------------------------


@every_protected_route
@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (TemporarilyUnavailableError("x"), 503, "temporarily_unavailable"),
        (
            ClientError({"Error": {"Code": "AccessDeniedException", "Message": "secret arn"}}, "UpdateItem"),
            500,
            "internal",
        ),
    ],
    ids=["down", "forbidden"],
)
def test_without_the_key_store_the_answer_still_has_the_one_shape(
    cloud: Cloud,
    account: OpenedAccount,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    resource: str,
    fault: Exception,
    status: int,
    code: str,
) -> None:
    from corent.adapters.dynamo.keys import DynamoKeys

    def fail(*_: Any, **__: Any) -> Any:
        raise fault

    monkeypatch.setattr(DynamoKeys, "admit", fail)
    answer = send(cloud, method, resource, key=account.live_key)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert answer.json["error"]["request_id"] == answer.headers["X-Request-Id"]
    assert "secret" not in answer.text
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_a_public_route_needs_no_key_and_no_key_store(cloud: Cloud) -> None:
    cloud.sent.clear()
    assert cloud.call("status_get", "GET", "/v1/status").status == 200
    assert cloud.call("openapi_get", "GET", "/openapi.json").status == 200
    assert [operation for operation, _ in cloud.sent] == ["GetItem"]


def test_a_frozen_account_reads_and_does_not_buy(
    cloud: Cloud, account: OpenedAccount, upstream: Offer
) -> None:
    from corent.wiring.money import ledger

    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return IMAGE

    upstream("openai", answer)
    ledger()._store.freeze(account.account_id, cause="test")
    refused = cloud.generate(account.live_key)
    assert (refused.status, refused.json["error"]["code"]) == (403, "account_frozen")
    assert asked == []
    assert cloud.call("account_balance", "GET", "/v1/account/balance", key=account.live_key).status == 200


def test_an_errors_body_has_exactly_the_documented_members(cloud: Cloud) -> None:
    answer = cloud.call("jobs_list", "GET", "/v1/jobs")
    assert list(json.loads(answer.text)) == ["error"]
    assert list(answer.json["error"]) == ["type", "code", "message", "param", "request_id", "retryable"]
