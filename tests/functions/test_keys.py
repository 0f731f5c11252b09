"""The key endpoints: a secret shown once, its limits kept, and its end."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from corent.core.clock import rfc3339
from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock
from tests.functions.conftest import Answer, Cloud
from tests.functions.test_images_generate import DOWN, IMAGE

type Offer = Callable[..., None]
SECRET = re.compile(r"co_(live|test)_[0-9A-Za-z]{38}")


def make(cloud: Cloud, account: OpenedAccount, **body: Any) -> Answer:
    return cloud.call(
        "keys_create", "POST", "/v1/account/keys", key=account.live_key, body={"label": "robot", **body}
    )


def listed(cloud: Cloud, account: OpenedAccount) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = cloud.call(
        "keys_list", "GET", "/v1/account/keys", key=account.live_key
    ).json["keys"]
    return keys


def revoke(cloud: Cloud, account: OpenedAccount, key_id: str) -> Answer:
    return cloud.call(
        "keys_revoke", "DELETE", "/v1/account/keys/{id}", key=account.live_key, path={"id": key_id}
    )


def test_a_new_key_has_the_documented_fields(cloud: Cloud, account: OpenedAccount) -> None:
    answer = make(cloud, account)
    assert answer.status == 201
    key = answer.json
    assert SECRET.fullmatch(key["key"])
    assert re.fullmatch(r"key_[0-9A-HJKMNP-TV-Z]{26}", key["id"])
    assert {
        name: key[name] for name in ("label", "mode", "scopes", "status", "limit_cents", "expires_at")
    } == {
        "label": "robot",
        "mode": "live",
        "scopes": ["generate", "read", "billing"],
        "status": "active",
        "limit_cents": None,
        "expires_at": None,
    }
    assert (key["prefix"], key["last4"]) == ("co_live_", key["key"][-4:])


@pytest.mark.parametrize("mode", ["live", "test"])
def test_a_new_key_works_at_once_in_its_mode(cloud: Cloud, account: OpenedAccount, mode: str) -> None:
    key = make(cloud, account, mode=mode).json["key"]
    assert key.startswith(f"co_{mode}_")
    balance = cloud.call("account_balance", "GET", "/v1/account/balance", key=key).json["balance_cents"]
    assert balance == {"live": 5_000, "test": 10_000}[mode]


def test_the_list_shows_every_key_newest_first_and_no_secret(cloud: Cloud, account: OpenedAccount) -> None:
    made = make(cloud, account, scopes=["read"], limit_cents=5).json
    answer = cloud.call("keys_list", "GET", "/v1/account/keys", key=account.live_key)
    assert SECRET.search(answer.text) is None
    keys = answer.json["keys"]
    assert len(keys) == 3
    assert [key["id"] for key in keys] == sorted((key["id"] for key in keys), reverse=True)
    del made["key"]
    assert made in keys


def test_no_table_holds_a_secret(cloud: Cloud, account: OpenedAccount) -> None:
    secrets = {account.live_key, account.test_key, make(cloud, account).json["key"]}
    client = cloud.client("dynamodb")
    dump = str([client.scan(TableName=name)["Items"] for name in ("keys", "jobs", "balances", "health")])
    assert len(dump) > 1000
    assert not [secret for secret in secrets if secret in dump or secret[8:40] in dump]


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"label": ""}, "invalid_label", "label"),
        ({"label": "x" * 101}, "invalid_label", "label"),
        ({"label": None}, "invalid_label", "label"),
        ({"mode": "prod"}, "invalid_mode", "mode"),
        ({"scopes": ["admin"]}, "invalid_scopes", "scopes[0]"),
        ({"scopes": ["read", "admin"]}, "invalid_scopes", "scopes[1]"),
        ({"scopes": []}, "invalid_scopes", "scopes"),
        ({"scopes": "read"}, "invalid_scopes", "scopes"),
        ({"limit_cents": 0}, "invalid_limit_cents", "limit_cents"),
        ({"limit_cents": 1.5}, "invalid_limit_cents", "limit_cents"),
        ({"limit_cents": 100_000_001}, "invalid_limit_cents", "limit_cents"),
        ({"expires_at": "soon"}, "invalid_expires_at", "expires_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "invalid_expires_at", "expires_at"),
        ({"account_id": "acct_2"}, "unknown_field", "account_id"),
        ({"key": "co_live_x"}, "unknown_field", "key"),
        ({"status": "active"}, "unknown_field", "status"),
    ],
)
def test_a_broken_rule_is_named_and_no_key_is_made(
    cloud: Cloud, account: OpenedAccount, change: dict[str, Any], code: str, param: str
) -> None:
    answer = make(cloud, account, **change)
    assert (answer.status, answer.json["error"]["code"], answer.json["error"]["param"]) == (422, code, param)
    assert len(listed(cloud, account)) == 2


@pytest.mark.parametrize("change", [{"label": "x" * 100}, {"limit_cents": 1}, {"limit_cents": 100_000_000}])
def test_the_limits_own_ends_are_allowed(
    cloud: Cloud, account: OpenedAccount, change: dict[str, Any]
) -> None:
    answer = make(cloud, account, **change)
    assert answer.status == 201
    assert {name: answer.json[name] for name in change} == change


def test_a_missing_label_is_said_so(cloud: Cloud, account: OpenedAccount) -> None:
    answer = cloud.call("keys_create", "POST", "/v1/account/keys", key=account.live_key, body={})
    assert (answer.status, answer.json["error"]["code"], answer.json["error"]["param"]) == (
        422,
        "missing_field",
        "label",
    )


def test_a_scope_named_twice_is_held_once(cloud: Cloud, account: OpenedAccount) -> None:
    assert make(cloud, account, scopes=["read", "read"]).json["scopes"] == ["read"]


@pytest.mark.usefixtures("clock")
def test_a_keys_limit_is_kept_to_the_cent(cloud: Cloud, account: OpenedAccount, upstream: Offer) -> None:
    upstream("openai", lambda _: IMAGE)
    key = make(cloud, account, limit_cents=5).json["key"]
    answers = [cloud.generate(key) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 402]
    error = answers[2].json["error"]
    assert (error["code"], error["type"]) == ("key_limit_reached", "insufficient_funds_error")
    assert (error["limit_cents"], error["spent_cents"]) == (5, 4)
    assert cloud.generate(account.live_key).status == 200


@pytest.mark.usefixtures("clock")
def test_a_price_above_the_whole_limit_is_refused_at_once(
    cloud: Cloud, account: OpenedAccount, upstream: Offer
) -> None:
    upstream("openai", lambda _: IMAGE)
    key = make(cloud, account, limit_cents=1).json["key"]
    assert cloud.generate(key).json["error"]["code"] == "key_limit_reached"


def test_a_failed_job_gives_its_limit_back(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock
) -> None:
    replies = iter([DOWN] * 10)
    upstream("bfl", lambda _: next(replies))
    key = make(cloud, account, limit_cents=2).json["key"]
    assert cloud.generate(key).status == 503
    again = cloud.generate(key)
    assert (again.status, again.json["error"]["code"]) == (503, "tier_unavailable")


def test_a_limit_begins_anew_with_the_month(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock
) -> None:
    upstream("openai", lambda _: IMAGE)
    key = make(cloud, account, limit_cents=2).json["key"]
    assert cloud.generate(key).status == 200
    assert cloud.generate(key).status == 402
    clock.sleep(32 * 86_400)
    assert cloud.generate(key).status == 200


def test_a_key_ends_at_its_time(cloud: Cloud, account: OpenedAccount, clock: FakeClock) -> None:
    expires_at = rfc3339((clock.now_ms() // 1000 + 60) * 1000)
    made = make(cloud, account, expires_at=expires_at).json
    assert made["expires_at"] == expires_at
    clock.sleep(59)
    assert cloud.call("jobs_list", "GET", "/v1/jobs", key=made["key"]).status == 200
    clock.sleep(1)
    assert cloud.call("jobs_list", "GET", "/v1/jobs", key=made["key"]).status == 401


def test_a_revoked_key_stays_in_the_list_as_such(cloud: Cloud, account: OpenedAccount) -> None:
    key_id = make(cloud, account).json["id"]
    answer = revoke(cloud, account, key_id)
    assert (answer.status, answer.json) == (200, {"id": key_id, "status": "revoked"})
    states = {key["id"]: key["status"] for key in listed(cloud, account)}
    assert states.pop(key_id) == "revoked"
    assert set(states.values()) == {"active"}


def test_revoking_twice_says_the_same(cloud: Cloud, account: OpenedAccount) -> None:
    key_id = make(cloud, account).json["id"]
    assert revoke(cloud, account, key_id).text == revoke(cloud, account, key_id).text


def test_a_key_made_through_the_api_makes_no_keys(cloud: Cloud, account: OpenedAccount) -> None:
    key = make(cloud, account).json["key"]
    answer = cloud.call("keys_create", "POST", "/v1/account/keys", key=key, body={"label": "more"})
    assert (answer.status, answer.json["error"]["code"]) == (403, "missing_scope")
