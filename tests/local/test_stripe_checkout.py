"""Checkout Sessions of the stand-in, through the real library: made, then paid, expired or still to come."""

import time
from typing import Any

import pytest
import stripe

from tests.stripe_stand_in import StandIn, stand_in

DAY_S = 24 * 3600
HALF_AN_HOUR_S = 30 * 60


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time_s = time.time()

    def __call__(self) -> float:
        return self.time_s


def test_a_new_session_is_open_and_unpaid_for_a_day(stripe_api: StandIn) -> None:
    session = stripe_api.new_session(amount_cents=1_234)
    assert (session.object, session.livemode, session.mode) == ("checkout.session", False, "payment")
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert (session.amount_total, session.currency) == (1_234, "usd")
    assert session.expires_at - session.created == DAY_S
    assert session.id.startswith("cs_test_")


def test_a_session_shows_what_it_was_made_with(stripe_api: StandIn) -> None:
    session = stripe_api.new_session(
        metadata={"account_id": "acct_1", "left_out": ""}, client_reference_id="acct_1"
    )
    found = stripe_api.session(session.id)
    assert found.metadata is not None
    assert found.metadata.to_dict() == {"account_id": "acct_1"}
    assert (found.client_reference_id, found.url) == ("acct_1", session.url)


def test_the_amount_is_the_sum_of_the_lines(stripe_api: StandIn) -> None:
    lines = [
        {
            "price_data": {"currency": "USD", "unit_amount": cents, "product_data": {"name": "Balance"}},
            "quantity": quantity,
        }
        for cents, quantity in ((500, 2), (250, 1))
    ]
    session = stripe_api.new_session(line_items=lines, expand=["line_items"])
    assert (session.amount_total, session.currency) == (1_250, "usd")
    assert session.line_items is not None
    assert [line.amount_total for line in session.line_items.data] == [1_000, 250]


@pytest.mark.parametrize("after_s", [HALF_AN_HOUR_S, DAY_S])
def test_a_session_may_last_from_half_an_hour_to_a_day(stripe_api: StandIn, after_s: int) -> None:
    expires_at = int(time.time()) + after_s
    assert stripe_api.new_session(expires_at=expires_at).expires_at == expires_at


def test_a_card_payment_completes_the_session_and_its_intent(stripe_api: StandIn) -> None:
    made = stripe_api.new_session(payment_intent_data={"metadata": {"account_id": "acct_1"}})
    stripe_api.script(f"sessions/{made.id}/pay")
    session = stripe_api.session(made.id)
    assert (session.status, session.payment_status, session.url) == ("complete", "paid", None)
    intent = stripe_api.client.v1.payment_intents.retrieve(
        str(session.payment_intent), {"expand": ["latest_charge"]}
    )
    assert (intent.status, intent.amount, intent.amount_received) == ("succeeded", 1_000, 1_000)
    assert intent.metadata.to_dict() == {"account_id": "acct_1"}
    charge: Any = intent.latest_charge
    assert (charge.status, charge.paid, charge.amount_captured) == ("succeeded", True, 1_000)
    assert charge.metadata.to_dict() == {"account_id": "acct_1"}


def test_an_intent_names_its_charge_unless_asked_to_show_it(stripe_api: StandIn) -> None:
    session = stripe_api.paid_session()
    intent = stripe_api.client.v1.payment_intents.retrieve(str(session.payment_intent))
    charge = stripe_api.client.v1.charges.retrieve(str(intent.latest_charge))
    assert charge.payment_intent == intent.id


def test_a_session_is_found_by_its_intent(stripe_api: StandIn) -> None:
    stripe_api.paid_session()
    wanted = stripe_api.paid_session()
    found = stripe_api.client.v1.checkout.sessions.list({"payment_intent": str(wanted.payment_intent)})
    assert [each.id for each in found.data] == [wanted.id]


def test_a_charge_has_a_receipt_that_can_be_opened(stripe_api: StandIn) -> None:
    session = stripe_api.paid_session()
    intent = stripe_api.client.v1.payment_intents.retrieve(
        str(session.payment_intent), {"expand": ["latest_charge"]}
    )
    charge: Any = intent.latest_charge
    page = stripe_api.http.get(charge.receipt_url)
    assert page.status_code == 200
    assert "$10.00" in page.text


def test_a_bank_payment_completes_the_session_unpaid(stripe_api: StandIn) -> None:
    made = stripe_api.new_session()
    stripe_api.script(f"sessions/{made.id}/pay", action="pay_later")
    session = stripe_api.session(made.id)
    assert (session.status, session.payment_status) == ("complete", "unpaid")
    intent = stripe_api.client.v1.payment_intents.retrieve(str(session.payment_intent))
    assert intent.status == "processing"
    assert stripe_api.event_types() == ["payment_intent.created", "checkout.session.completed"]


@pytest.mark.parametrize(
    ("succeeds", "payment_status", "intent_status", "types"),
    [
        (
            True,
            "paid",
            "succeeded",
            ["charge.succeeded", "payment_intent.succeeded", "checkout.session.async_payment_succeeded"],
        ),
        (
            False,
            "unpaid",
            "requires_payment_method",
            ["charge.failed", "payment_intent.payment_failed", "checkout.session.async_payment_failed"],
        ),
    ],
)
def test_a_bank_payment_settles_once(
    stripe_api: StandIn, succeeds: bool, payment_status: str, intent_status: str, types: list[str]
) -> None:
    made = stripe_api.new_session()
    stripe_api.script(f"sessions/{made.id}/pay", action="pay_later")
    stripe_api.script("settle", session=made.id, succeeds=succeeds)
    stripe_api.script("settle", answers=400, session=made.id, succeeds=not succeeds)
    session = stripe_api.session(made.id)
    assert (session.status, session.payment_status) == ("complete", payment_status)
    intent = stripe_api.client.v1.payment_intents.retrieve(str(session.payment_intent))
    assert intent.status == intent_status
    assert stripe_api.event_types()[2:] == types


def test_a_declined_card_leaves_the_session_open(stripe_api: StandIn) -> None:
    made = stripe_api.new_session()
    stripe_api.script(f"sessions/{made.id}/pay", action="fail")
    session = stripe_api.session(made.id)
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    stripe_api.script(f"sessions/{made.id}/pay")
    assert stripe_api.event_types() == [
        *("payment_intent.created", "charge.failed", "payment_intent.payment_failed"),
        *("charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"),
    ]


def test_an_expired_session_cannot_be_paid(stripe_api: StandIn) -> None:
    made = stripe_api.new_session()
    expired = stripe_api.client.v1.checkout.sessions.expire(made.id)
    assert (expired.status, expired.payment_status, expired.url) == ("expired", "unpaid", None)
    stripe_api.script(f"sessions/{made.id}/pay", answers=400)
    assert stripe_api.event_types() == ["checkout.session.expired"]


def test_a_session_expires_when_its_time_is_over() -> None:
    clock = Clock()
    with stand_in(now_s=clock) as stripe_api:
        made = stripe_api.new_session()
        clock.time_s += DAY_S - 1
        assert stripe_api.session(made.id).status == "open"
        clock.time_s += 1
        assert stripe_api.session(made.id).status == "expired"
        assert stripe_api.event_types() == ["checkout.session.expired"]


def test_a_paid_session_does_not_expire(stripe_api: StandIn) -> None:
    session = stripe_api.paid_session()
    with pytest.raises(stripe.InvalidRequestError):
        stripe_api.client.v1.checkout.sessions.expire(session.id)
    assert stripe_api.session(session.id).status == "complete"


def test_a_session_can_be_tampered_with(stripe_api: StandIn) -> None:
    made = stripe_api.new_session()
    stripe_api.script(f"sessions/{made.id}", amount_total=999_999, currency="eur")
    session = stripe_api.session(made.id)
    assert (session.amount_total, session.currency) == (999_999, "eur")
    assert stripe_api.event_types() == []
