"""Automatic top-ups and alerts: the real handlers, the Stripe stand-in, and a receiver of webhooks."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from corent.core.errors import TemporarilyUnavailableError
from tests.functions.card_money import Payments, paying
from tests.functions.conftest import CONTEXT, Answer, Cloud, load
from tests.functions.test_images_generate import IMAGE

type Offer = Callable[..., None]
RULES = {"threshold_cents": 500, "amount_cents": 2_000, "monthly_cap_cents": 4_000}
ALERT = {"low_balance_cents": 500, "webhook_url": "https://hooks.example/in", "webhook_secret": "s" * 16}


class Account:
    """One account's requests, and its queue."""

    def __init__(self, payments: Payments) -> None:
        self.payments = payments
        self.cloud = payments.cloud
        self.key = payments.account.live_key

    def topup(self, method: str = "GET", *, key: str | None = None, **changes: Any) -> Answer:
        function = {"GET": "topup_get", "PUT": "topup_set", "DELETE": "topup_delete"}[method]
        body = {**RULES, **changes} if method == "PUT" else None
        return self.cloud.call(function, method, "/v1/account/auto-topup", key=key or self.key, body=body)

    def alert(self, method: str = "GET", *, key: str | None = None, **changes: Any) -> Answer:
        function = {"GET": "alerts_get", "PUT": "alerts_set", "DELETE": "alerts_delete"}[method]
        body = {**ALERT, **changes} if method == "PUT" else None
        return self.cloud.call(function, method, "/v1/account/alerts", key=key or self.key, body=body)

    def save_card(self, cents: int = 500) -> str:
        """Deposit with a card that may be charged again; the customer's id."""
        made = self.cloud.call(
            "account_deposit",
            "POST",
            "/v1/account/deposit",
            key=self.key,
            body={"amount_cents": cents, "save_card": True},
        )
        self.payments.stripe.script(f"sessions/{made.json['session_id']}/pay", action="pay")
        self.payments.tell_all()
        customer = self.payments.stripe.session(made.json["session_id"]).customer
        return str(customer)

    def spend(self, images: int) -> None:
        """Buy images at 4 cents each."""
        for _ in range(images):
            assert self.cloud.generate(self.key, preference="balanced").status == 200

    def work(self) -> list[dict[str, Any]]:
        """Let every queue's function do what waits for it, until nothing does."""
        failures = []
        while self.cloud.messages:
            body = self.cloud.messages.pop(0)
            message = json.loads(body)
            wallet = message["id"].startswith("acct_")
            function = "on_balance_crossed" if wallet else "on_payment_event"
            records = {"Records": [{"messageId": "1", "body": body}]}
            failures += load(function).handler(records, CONTEXT)["batchItemFailures"]
        return failures


@pytest.fixture
def owner(cloud: Cloud, upstream: Offer) -> Iterator[Account]:
    with paying(cloud) as payments:
        upstream("openai", lambda _: IMAGE)
        yield Account(payments)


@pytest.mark.usefixtures("clock")
def test_a_balance_that_falls_below_its_threshold_is_topped_up(owner: Account) -> None:
    owner.save_card()
    answer = owner.topup("PUT")
    assert answer.status == 200, answer.text
    assert answer.json == {
        "enabled": True,
        **RULES,
        "spent_this_month_cents": 0,
        "charging": False,
        "disabled_reason": None,
        "disabled_at": None,
    }
    owner.work()
    assert owner.payments.balance_cents == 500
    owner.spend(1)
    owner.work()
    assert owner.payments.balance_cents == 500 - 4 + 2_000
    kinds = [entry["kind"] for entry in owner.payments.entries]
    assert kinds.count("deposit") == 2
    topped_up = next(entry for entry in owner.payments.entries if entry["amount_cents"] == 2_000)
    assert topped_up["receipt_url"].startswith("http")
    owner.payments.tell_all()
    owner.work()
    assert owner.payments.balance_cents == 500 - 4 + 2_000
    assert owner.topup().json["spent_this_month_cents"] == 2_000
    assert owner.payments.sound()


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [("decline", "card_declined"), ("authentication_required", "authentication_required")],
)
def test_a_charge_that_fails_turns_it_off_and_is_told(owner: Account, behaviour: str, reason: str) -> None:
    customer = owner.save_card()
    owner.alert("PUT")
    owner.payments.stripe.script("cards", customer=customer, behaviour=behaviour)
    owner.topup("PUT", threshold_cents=1_000)
    owner.work()
    after = owner.topup().json
    assert (after["enabled"], after["disabled_reason"], after["charging"]) == (False, reason, False)
    assert after["disabled_at"] is not None
    assert owner.payments.balance_cents == 500
    last = owner.alert().json["last_event_id"]
    told = owner.cloud.call(
        "jobs_webhook_get", "GET", "/v1/jobs/{id}/webhook", key=owner.key, path={"id": last}
    )
    assert (told.status, told.json["attempts"]) == (200, [])
    owner.payments.tell_all()
    owner.work()
    assert len(owner.payments.stripe.client.v1.payment_intents.list().data) == 2


@pytest.mark.usefixtures("clock")
def test_it_can_be_turned_off(owner: Account) -> None:
    owner.save_card()
    owner.topup("PUT")
    after = owner.topup("DELETE")
    assert (after.status, after.json["enabled"], after.json["disabled_reason"]) == (200, False, "by_owner")
    owner.spend(1)
    owner.work()
    assert owner.payments.balance_cents == 500 - 4


def test_before_any_rules_all_is_null(owner: Account) -> None:
    for method in ("GET", "DELETE"):
        answer = owner.topup(method)
        assert (answer.status, answer.json["enabled"], answer.json["amount_cents"]) == (200, False, None)


def test_rules_need_a_saved_card(owner: Account) -> None:
    answer = owner.topup("PUT")
    assert (answer.status, answer.json["error"]["code"]) == (409, "no_saved_card")


def test_a_test_key_has_no_top_ups(owner: Account) -> None:
    answer = owner.topup("PUT", key=owner.payments.account.test_key)
    assert (answer.status, answer.json["error"]["code"]) == (403, "live_key_required")


@pytest.mark.parametrize(
    "changes",
    [
        *({name: value} for name in RULES for value in (0, -1, "500", 500.5, None, True, 10**12)),
        {"threshold_cents": 99},
        {"amount_cents": 499},
        {"monthly_cap_cents": 1_999},
    ],
    ids=str,
)
def test_a_broken_rule_is_named(owner: Account, changes: dict[str, Any]) -> None:
    owner.save_card()
    (name,) = changes
    answer = owner.topup("PUT", **changes)
    assert (answer.status, answer.json["error"]["code"]) == (422, f"invalid_{name}")


# ---- alerts -----------------------------------------------------------------------------------------


def notices(owner: Account) -> list[dict[str, Any]]:
    items = owner.cloud.client("dynamodb").scan(TableName="jobs")["Items"]
    return [item for item in items if item["sk"]["S"] == "EVENT"]


@pytest.mark.usefixtures("clock")
def test_a_low_balance_is_owed_one_webhook_a_crossing(owner: Account) -> None:
    owner.save_card()
    assert owner.alert("PUT").json == {
        "low_balance_cents": 500,
        "webhook_url": ALERT["webhook_url"],
        "signed": True,
        "last_event_id": None,
    }
    owner.work()
    assert notices(owner) == []
    owner.spend(1)
    owner.work()
    owner.spend(2)
    owner.work()
    (notice,) = notices(owner)
    assert json.loads(notice["data"]["S"])["threshold_cents"] == 500
    assert owner.alert().json["last_event_id"] == notice["pk"]["S"].removeprefix("V#")


def test_the_secret_of_an_alert_is_never_shown(owner: Account) -> None:
    answers = [owner.alert("PUT"), owner.alert()]
    assert all(ALERT["webhook_secret"] not in answer.text for answer in answers)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"low_balance_cents": 0}, "invalid_low_balance_cents"),
        ({"low_balance_cents": "5"}, "invalid_low_balance_cents"),
        ({"webhook_url": "http://hooks.example"}, "invalid_webhook_url"),
        ({"webhook_url": "https://10.0.0.1/"}, "invalid_webhook_url"),
        ({"webhook_url": "ftp://hooks.example"}, "invalid_webhook_url"),
        ({"webhook_secret": "short"}, "invalid_webhook_secret"),
        ({"email": "a@b.example"}, "unknown_field"),
    ],
    ids=str,
)
def test_a_broken_alert_is_named(owner: Account, changes: dict[str, Any], code: str) -> None:
    answer = owner.alert("PUT", **changes)
    assert (answer.status, answer.json["error"]["code"]) == (422, code)
    assert owner.alert().json["webhook_url"] is None


def test_an_alert_can_be_removed(owner: Account) -> None:
    owner.alert("PUT")
    for method in ("DELETE", "DELETE", "GET"):
        assert owner.alert(method).json["webhook_url"] is None


def test_another_accounts_notice_looks_like_a_missing_one(owner: Account) -> None:
    from corent.wiring.operator import open_account

    owner.alert("PUT", low_balance_cents=1_000)
    owner.work()
    (notice,) = notices(owner)
    other = open_account(balance_cents=0).live_key
    for function, method, path in (
        ("jobs_webhook_get", "GET", "/v1/jobs/{id}/webhook"),
        ("jobs_webhook_redeliver", "POST", "/v1/jobs/{id}/webhook/redeliver"),
    ):
        ids = {"id": notice["pk"]["S"].removeprefix("V#")}
        missing = {"id": "evt_01M81Z0000SAMPXE0000000000"}
        answers = [owner.cloud.call(function, method, path, key=other, path=each) for each in (ids, missing)]
        assert {answer.status for answer in answers} == {404}
        mine = owner.cloud.call(function, method, path, key=owner.key, path=ids)
        assert mine.status in (200, 202)


@pytest.mark.usefixtures("clock")
def test_a_queue_that_is_down_keeps_no_purchase_from_its_answer(
    owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    from corent.adapters.sqs import SqsCrossings

    def down(_self: SqsCrossings, _wallet_id: str) -> None:
        raise TemporarilyUnavailableError("down")

    owner.save_card()
    owner.alert("PUT", low_balance_cents=499)
    owner.work()
    with monkeypatch.context() as patch:
        patch.setattr(SqsCrossings, "__call__", down)
        owner.spend(1)
    assert notices(owner) == []
    owner.spend(1)
    owner.work()
    assert len(notices(owner)) == 1


@pytest.mark.usefixtures("clock")
def test_a_balance_above_its_thresholds_sends_no_message(owner: Account) -> None:
    owner.save_card(5_000)
    owner.topup("PUT")
    owner.alert("PUT")
    owner.work()
    owner.spend(2)
    assert owner.cloud.messages == []
