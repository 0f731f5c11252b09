"""Money comes in and goes back: the real handlers against the Stripe stand-in, with the real library."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import stripe

from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock
from tests.functions.card_money import PATH, Payments, paying
from tests.functions.conftest import CONTEXT, Cloud, load


@pytest.fixture
def payments(cloud: Cloud) -> Iterator[Payments]:
    with paying(cloud) as made:
        yield made


# ---- the page ---------------------------------------------------------------------------------------


def test_a_deposit_answers_a_page_to_pay_on(payments: Payments) -> None:
    answer = payments.deposit()
    assert answer.status == 200
    assert set(answer.json) == {"checkout_url", "session_id", "expires_at"}
    assert answer.json["checkout_url"].startswith(payments.stripe.running.base_url)
    session = payments.stripe.session(answer.json["session_id"])
    assert (session.amount_total, session.currency) == (1_000, "usd")
    assert session.metadata is not None
    assert session.metadata.to_dict() == {"corent_account": payments.account.account_id}
    assert payments.balance_cents == 0


@pytest.mark.parametrize("cents", [500, 1_000_000])
def test_the_smallest_and_the_largest_amount_are_taken(payments: Payments, cents: int) -> None:
    assert payments.deposit(cents).status == 200


@pytest.mark.parametrize(
    "cents",
    [499, 1_000_001, 0, -1_000, 10**30, "1000", 1000.0, 1000.5, None, True, [1000], {"a": 1}],
    ids=str,
)
def test_another_amount_is_refused_with_its_name(payments: Payments, cents: Any) -> None:
    answer = payments.deposit(cents)
    assert answer.status == 422
    assert (answer.json["error"]["code"], answer.json["error"]["param"]) == (
        "invalid_amount_cents",
        "amount_cents",
    )


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_an_amount_that_is_no_number_is_refused(payments: Payments, number: str) -> None:
    raw = f'{{"amount_cents": {number}}}'
    answer = payments.cloud.call("account_deposit", "POST", PATH, key=payments.account.live_key, raw=raw)
    assert answer.status in (400, 422)
    assert payments.stripe.client.v1.checkout.sessions.list().data == []


@pytest.mark.parametrize("extra", ["currency", "account_id", "price", "success_url"])
def test_nothing_else_can_be_set(payments: Payments, extra: str) -> None:
    body = {"amount_cents": 1_000, extra: "x"}
    answer = payments.cloud.call("account_deposit", "POST", PATH, key=payments.account.live_key, body=body)
    assert (answer.status, answer.json["error"]["code"]) == (422, "unknown_field")


def test_a_test_key_is_told_that_it_needs_no_deposit(payments: Payments) -> None:
    answer = payments.deposit(key=payments.account.test_key)
    assert (answer.status, answer.json["error"]["code"]) == (403, "live_key_required")


def test_a_frozen_account_may_not_deposit(payments: Payments) -> None:
    from corent.wiring.payment_ledger import payment_ledger

    payment_ledger().freeze(payments.account.account_id)
    answer = payments.deposit()
    assert (answer.status, answer.json["error"]["code"]) == (403, "account_frozen")


def test_the_same_key_gives_the_same_page(payments: Payments) -> None:
    first, second = (payments.deposit(Idempotency_Key="once") for _ in range(2))
    assert first.json == second.json
    assert ("Idempotency-Replayed" in first.headers, second.headers["Idempotency-Replayed"]) == (
        False,
        "true",
    )
    assert len(payments.stripe.client.v1.checkout.sessions.list().data) == 1


def test_the_same_key_for_another_amount_is_refused(payments: Payments) -> None:
    payments.deposit(Idempotency_Key="once")
    answer = payments.deposit(1_001, Idempotency_Key="once")
    assert (answer.status, answer.json["error"]["code"]) == (422, "idempotency_key_reused")


def test_a_key_that_made_a_deposit_makes_no_image(payments: Payments, upstream: Callable[..., None]) -> None:
    upstream("openai", lambda _: httpx.Response(500))
    payments.deposit(Idempotency_Key="once")
    answer = payments.cloud.generate(payments.account.live_key, headers={"Idempotency-Key": "once"})
    assert (answer.status, answer.json["error"]["code"]) == (422, "idempotency_key_reused")


def test_an_eleventh_deposit_in_an_hour_is_limited(payments: Payments, clock: FakeClock) -> None:
    answers = [payments.deposit() for _ in range(11)]
    assert [answer.status for answer in answers] == [200] * 10 + [429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers[:10]] == [
        str(left) for left in range(9, -1, -1)
    ]
    last = answers[-1]
    assert (last.headers["RateLimit-Limit"], last.headers["RateLimit-Remaining"]) == ("10", "0")
    assert last.headers["Retry-After"] == last.headers["RateLimit-Reset"] == "3600"
    assert last.json["error"]["code"] == "rate_limited"
    clock.sleep(3600)
    assert payments.deposit().status == 200


def test_without_an_account_at_the_processor_deposits_are_not_available(
    cloud: Cloud, account: OpenedAccount
) -> None:
    answer = cloud.call("account_deposit", "POST", PATH, key=account.live_key, body={"amount_cents": 1_000})
    assert (answer.status, answer.json["error"]["code"]) == (503, "temporarily_unavailable")


def test_a_key_that_the_processor_refuses_is_our_fault(payments: Payments) -> None:
    payments.cloud.client("secretsmanager").put_secret_value(
        SecretId="corent/stripe",
        SecretString=json.dumps(
            {"api_key": "sk_test_wrong", "webhook_secret": "w", "base_url": payments.stripe.running.base_url}
        ),
    )
    answer = payments.deposit()
    assert (answer.status, answer.json["error"]["code"]) == (500, "internal")


@pytest.mark.parametrize("address", ["http://127.0.0.1.example", "https://127.0.0.1", "http://10.0.0.1"])
def test_a_stand_in_elsewhere_than_on_loopback_is_not_used(payments: Payments, address: str) -> None:
    payments.cloud.client("secretsmanager").put_secret_value(
        SecretId="corent/stripe",
        SecretString=json.dumps({"api_key": "sk", "webhook_secret": "w", "base_url": address}),
    )
    assert payments.deposit().status == 503


# ---- events -----------------------------------------------------------------------------------------


def test_a_paid_page_is_credited_once_its_event_came(payments: Payments) -> None:
    payments.paid()
    assert payments.balance_cents == 0
    payments.tell_all()
    assert payments.balance_cents == 1_000
    (entry,) = payments.entries
    assert (entry["kind"], entry["amount_cents"], entry["available_change_cents"]) == (
        "deposit",
        1_000,
        1_000,
    )
    assert entry["receipt_url"].startswith("http")
    assert payments.sound()


def test_an_event_that_comes_again_credits_nothing_more(payments: Payments) -> None:
    payments.paid()
    received = payments.received
    for _ in range(3):
        assert payments.tell(received).status == 200
        payments.work()
    assert payments.balance_cents == 1_000
    assert len(payments.entries) == 1


def test_a_page_that_is_left_or_declined_credits_nothing(payments: Payments) -> None:
    for action in ("leave", "fail"):
        session_id = payments.deposit().json["session_id"]
        payments.stripe.script(f"sessions/{session_id}/pay", action=action)
    payments.tell_all()
    assert payments.entries == []


def test_a_payment_that_settles_later_is_credited_later(payments: Payments) -> None:
    session_id = payments.deposit().json["session_id"]
    payments.stripe.script(f"sessions/{session_id}/pay", action="pay_later")
    payments.tell_all()
    assert payments.balance_cents == 0
    payments.stripe.script("settle", session=session_id, succeeds=True)
    payments.tell_all()
    assert payments.balance_cents == 1_000


def test_a_payment_that_fails_later_credits_nothing(payments: Payments) -> None:
    session_id = payments.deposit().json["session_id"]
    payments.stripe.script(f"sessions/{session_id}/pay", action="pay_later")
    payments.stripe.script("settle", session=session_id, succeeds=False)
    payments.tell_all()
    assert payments.entries == []


def test_refunds_disputes_and_reinstatements_move_the_balance(payments: Payments) -> None:
    session = payments.paid()
    payments.stripe.script("refunds", session=session, amount_cents=300)
    payments.tell_all()
    assert payments.balance_cents == 700
    dispute = payments.stripe.script("disputes", session=session, amount_cents=500)
    payments.tell_all()
    assert payments.balance_cents == 200
    assert payments.deposit().status == 403
    payments.stripe.script(f"disputes/{dispute['id']}", status="won")
    payments.tell_all()
    assert payments.balance_cents == 700
    assert [entry["kind"] for entry in payments.entries] == ["reinstate", "dispute", "refund", "deposit"]
    assert [entry["available_change_cents"] for entry in payments.entries] == [500, -500, -300, 1_000]
    assert payments.sound()


def test_a_refund_that_fails_is_put_back(payments: Payments) -> None:
    session = payments.paid()
    refund = payments.stripe.script("refunds", session=session, amount_cents=300, status="pending")
    payments.tell_all()
    assert payments.balance_cents == 700
    payments.stripe.script(f"refunds/{refund['id']}", status="failed")
    payments.tell_all()
    assert payments.balance_cents == 1_000
    assert payments.entries[0]["kind"] == "adjust"
    assert payments.sound()


@pytest.mark.parametrize(
    "change", [{"amount_total": 999}, {"amount_total": 100_000}, {"currency": "eur"}], ids=str
)
def test_a_session_of_another_amount_or_currency_credits_nothing(
    payments: Payments, change: dict[str, Any]
) -> None:
    session = payments.paid()
    payments.stripe.script(f"sessions/{session}", **change)
    received = payments.received
    payments.tell(received)
    assert payments.work() == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert payments.entries == []


def test_another_sellers_session_in_the_same_account_is_left_alone(payments: Payments) -> None:
    payments.stripe.paid_session()
    payments.tell_all()
    assert payments.entries == []


# ---- what is no event of ours -------------------------------------------------------------------------


def test_a_tampered_event_is_refused_and_reads_nothing(payments: Payments) -> None:
    payments.paid()
    received = payments.received
    payments.cloud.sent.clear()
    body = received.body.replace(b'"livemode"', b'"livemodf"', 1)
    answer = payments.tell(received, body=body)
    assert (answer.status, answer.json["error"]["code"]) == (400, "invalid_event")
    assert [operation for operation, _ in payments.cloud.sent if operation != "GetSecretValue"] == []


def test_a_re_encoded_event_is_refused(payments: Payments) -> None:
    payments.paid()
    received = payments.received
    body = json.dumps(json.loads(received.body), indent=1).encode()
    assert payments.tell(received, body=body).status == 400


def test_an_event_in_base64_is_judged_by_its_own_bytes(payments: Payments) -> None:
    payments.paid()
    received = payments.received
    assert payments.tell(received, is_base64=True).status == 200
    payments.work()
    assert payments.balance_cents == 1_000


def test_broken_base64_is_refused(payments: Payments) -> None:
    payments.paid()
    received = payments.received
    event = payments.cloud.event("POST", "/v1/stripe/events", raw="x", headers=received.headers)
    event |= {"body": "=!=", "isBase64Encoded": True}
    assert load("stripe_events").handler(event, CONTEXT)["statusCode"] == 400


def signed(payments: Payments, body: bytes, *, at_s: float, secret: str | None = None) -> dict[str, str]:
    header = stripe.WebhookSignature.generate_signature_header(
        body.decode(), secret or payments.stripe.running.webhook_secret, timestamp=int(at_s)
    )
    return {"Stripe-Signature": header}


@pytest.mark.parametrize(("age_s", "status"), [(0, 200), (290, 200), (310, 400), (-290, 200), (-310, 400)])
def test_an_event_is_good_for_five_minutes(payments: Payments, age_s: int, status: int) -> None:
    payments.paid()
    received = payments.received
    headers = signed(payments, received.body, at_s=time.time() - age_s)
    assert payments.tell(received, headers=headers).status == status


def test_an_event_with_another_secret_is_refused(payments: Payments) -> None:
    payments.paid()
    received = payments.received
    headers = signed(payments, received.body, at_s=time.time(), secret="whsec_other")
    assert payments.tell(received, headers=headers).status == 400


@pytest.mark.parametrize("header", ["", "t=", "v1=00", "t=1,v1=", "t=x,v1=00", "é", "t=99999999999999,v1=0"])
def test_a_malformed_signature_is_refused(payments: Payments, header: str) -> None:
    payments.paid()
    assert payments.tell(payments.received, headers={"Stripe-Signature": header}).status == 400


def test_an_event_without_a_signature_is_refused(payments: Payments) -> None:
    payments.paid()
    assert payments.tell(payments.received, headers={}).status == 400


def test_an_event_of_real_money_is_refused_on_a_stage_without(payments: Payments) -> None:
    payments.paid()
    received = payments.received
    body = json.dumps({**received.event, "livemode": True}).encode()
    answer = payments.tell(received, body=body, headers=signed(payments, body, at_s=time.time()))
    assert (answer.status, answer.json["error"]["code"]) == (400, "invalid_event")


def test_a_test_event_is_refused_on_a_live_stage(payments: Payments, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.functions.conftest import clear_wiring

    payments.paid()
    received = payments.received
    monkeypatch.setenv("CORENT_STRIPE_MODE", "live")
    clear_wiring()
    assert payments.tell(received).status == 400
    payments.cloud.messages.append(json.dumps({"id": _intent(payments), "cause": "evt_1"}))
    assert payments.work()["batchItemFailures"]
    assert payments.entries == []


def _intent(payments: Payments) -> str:
    (intent,) = payments.stripe.client.v1.payment_intents.list().data
    return intent.id


def test_a_thousand_bad_signatures_read_nothing(payments: Payments) -> None:
    payments.paid()
    received = payments.received
    payments.tell(received)
    payments.cloud.sent.clear()
    headers = {"Stripe-Signature": "t=1,v1=00"}
    answers = {payments.tell(received, headers=headers).status for _ in range(1_000)}
    assert answers == {400}
    assert payments.cloud.sent == []


def test_a_body_over_the_limit_is_refused(payments: Payments) -> None:
    payments.paid()
    answer = payments.tell(payments.received, body=b" " * (256 * 1024 + 1))
    assert answer.status == 413


def test_a_message_that_fails_keeps_no_other_from_being_looked_at(payments: Payments) -> None:
    payments.paid()
    good = payments.received
    payments.tell(good)
    payments.cloud.messages.insert(0, "no json")
    payments.cloud.messages.insert(1, json.dumps({"id": "pi_1"}))
    failed = payments.work()["batchItemFailures"]
    assert [each["itemIdentifier"] for each in failed] == ["0", "1"]
    assert payments.balance_cents == 1_000


# ---- the checks ---------------------------------------------------------------------------------------


def check(span_s: int = 10_800) -> dict[str, Any]:
    report: dict[str, Any] = load("on_payments_check_tick").handler(
        {"span_s": span_s, "grace_s": -5}, CONTEXT
    )
    return report


def test_a_deposit_whose_event_was_lost_is_found_by_the_check(payments: Payments) -> None:
    payments.paid()
    report = check()
    assert list(report["found"].values()) == [[payments.entries[0]["id"]]]
    assert payments.balance_cents == 1_000
    assert check()["found"] == {}


def test_the_check_counts_what_it_found_for_the_alarm(
    payments: Payments, capsys: pytest.CaptureFixture[str]
) -> None:
    payments.paid()
    check()
    counted = {}
    for line in capsys.readouterr().out.splitlines():
        document = json.loads(line)
        for metrics in document.get("_aws", {}).get("CloudWatchMetrics", []):
            assert metrics["Namespace"] == "Corent"
            counted |= {each["Name"]: document[each["Name"]] for each in metrics["Metrics"]}
    assert {name: value[0] for name, value in counted.items()} == {
        "PaymentsChecked": 1,
        "PaymentsFoundByCheck": 1,
        "PaymentsFailing": 0,
        "ReconciliationIncomplete": 0,
        "ClawBackShortfalls": 0,
    }


def accounts_check(wallets: str = "all") -> dict[str, Any]:
    report: dict[str, Any] = load("on_accounts_check_tick").handler({"wallets": wallets}, CONTEXT)
    return report


@pytest.mark.parametrize("wallets", ["all", "moved"])
def test_the_account_check_finds_nothing_in_good_books(payments: Payments, wallets: str) -> None:
    payments.paid()
    payments.tell_all()
    report = accounts_check(wallets)
    assert (report["checked"], report["differences"], report["complete"]) == (2, {}, True)
    assert json.dumps(report)


def test_a_planted_cent_is_found_and_freezes_the_account(payments: Payments) -> None:
    payments.paid()
    payments.tell_all()
    payments.cloud.client("dynamodb").update_item(
        TableName="balances",
        Key={"pk": {"S": f"A#{payments.account.account_id}"}, "sk": {"S": "BAL"}},
        UpdateExpression="SET available = available + :c, credits = credits + :c",
        ExpressionAttributeValues={":c": {"N": "10000"}},
    )
    report = accounts_check()
    assert list(report["differences"]) == [payments.account.account_id]
    assert len(report["trial_differences"]) == 1
    assert payments.deposit().json["error"]["code"] == "account_frozen"


# ---- an operator's corrections --------------------------------------------------------------------------


def correct(payments: Payments, act: str, **fields: Any) -> Any:
    event = {
        "act": act,
        "operator": "op",
        "ticket": "T-1",
        "account_id": payments.account.account_id,
        **fields,
    }
    return load("operator_correct").handler(event, CONTEXT)


def test_an_operator_lets_an_account_spend_again(payments: Payments) -> None:
    session = payments.paid()
    payments.stripe.script("disputes", session=session, status="warning_needs_response")
    payments.tell_all()
    assert payments.deposit().status == 403
    correct(payments, "unfreeze")
    assert payments.deposit().status == 200


def test_an_operator_adjusts_a_balance_once_a_ticket(payments: Payments) -> None:
    move = {"amount_cents": 250, "counterpart": "promotion", "direction": "into_wallet"}
    assert correct(payments, "adjust", **move) == {
        "entry": "adjust#T-1",
        "amount_micros": 2_500_000,
        "is_new": True,
    }
    assert correct(payments, "adjust", **move)["is_new"] is False
    assert payments.balance_cents == 250
    assert payments.sound()


@pytest.mark.parametrize(
    "fields",
    [
        {"act": "give"},
        {"amount_cents": 0, "counterpart": "promotion", "direction": "into_wallet"},
        {"amount_cents": 1, "counterpart": "customer", "direction": "into_wallet"},
        {"amount_cents": 1, "counterpart": "promotion", "direction": "sideways"},
        {"amount_cents": 1.5, "counterpart": "promotion", "direction": "into_wallet"},
        {"amount_cents": 1, "counterpart": "promotion", "direction": "into_wallet", "account_id": "acct_1"},
        {"amount_cents": 1, "counterpart": "promotion", "direction": "into_wallet", "extra": 1},
        {"amount_cents": 1, "counterpart": "promotion", "direction": "into_wallet", "ticket": "T 1"},
    ],
    ids=str,
)
def test_a_malformed_correction_moves_nothing(payments: Payments, fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        correct(payments, **{"act": "adjust", **fields})
    assert payments.entries == []
