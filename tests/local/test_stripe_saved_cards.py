"""Cards that a session saved, and payments with them while their owner is away."""

from typing import Any

import pytest
import stripe

from tests.stripe_stand_in import StandIn

SAVES: dict[str, Any] = {"payment_intent_data": {"setup_future_usage": "off_session"}}


def _saved(stripe_api: StandIn) -> tuple[str, str]:
    """Return a customer and the card that a payment saved on it."""
    session = stripe_api.paid_session(**SAVES)
    customer = str(session.customer)
    (card,) = stripe_api.client.v1.customers.payment_methods.list(customer, {"type": "card"}).data
    return customer, card.id


def _charge(stripe_api: StandIn, saved: tuple[str, str], **more: Any) -> stripe.PaymentIntent:
    params: Any = {
        "amount": 2_000,
        "currency": "usd",
        "customer": saved[0],
        "payment_method": saved[1],
        "confirm": True,
        "off_session": True,
        **more,
    }
    return stripe_api.client.v1.payment_intents.create(params)


def test_a_session_that_saves_makes_a_customer_with_a_card(stripe_api: StandIn) -> None:
    customer, card = _saved(stripe_api)
    method = stripe_api.client.v1.payment_methods.retrieve(card)
    assert (method.type, method.customer) == ("card", customer)
    assert method.card is not None
    assert method.card.last4 == "4242"


def test_a_session_saves_on_the_customer_it_was_made_for(stripe_api: StandIn) -> None:
    customer = stripe_api.client.v1.customers.create({"email": "a@b.example", "metadata": {"a": "1"}})
    session = stripe_api.paid_session(customer=customer.id, **SAVES)
    assert session.customer == customer.id
    assert stripe_api.client.v1.customers.retrieve(customer.id).to_dict() == customer.to_dict()
    assert len(stripe_api.client.v1.customers.payment_methods.list(customer.id).data) == 1


def test_a_session_that_always_makes_a_customer_saves_no_card(stripe_api: StandIn) -> None:
    session = stripe_api.paid_session(customer_creation="always")
    assert session.customer is not None
    assert stripe_api.client.v1.customers.payment_methods.list(str(session.customer)).data == []


def test_a_session_of_a_guest_makes_no_customer(stripe_api: StandIn) -> None:
    assert stripe_api.paid_session().customer is None


def test_a_declined_card_is_not_saved(stripe_api: StandIn) -> None:
    customer = stripe_api.client.v1.customers.create({"name": "Ada"}).id
    session = stripe_api.new_session(customer=customer, **SAVES)
    stripe_api.script(f"sessions/{session.id}/pay", action="fail")
    assert stripe_api.client.v1.customers.payment_methods.list(customer).data == []


def test_a_saved_card_pays(stripe_api: StandIn) -> None:
    customer, card = _saved(stripe_api)
    intent = _charge(stripe_api, (customer, card), metadata={"account_id": "acct_1"})
    assert (intent.status, intent.amount_received, intent.customer) == ("succeeded", 2_000, customer)
    assert intent.metadata.to_dict() == {"account_id": "acct_1"}
    assert stripe_api.event_types()[4:] == [
        *("payment_intent.created", "charge.succeeded", "payment_intent.succeeded"),
    ]


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [("decline", "card_declined"), ("authentication_required", "authentication_required")],
)
def test_a_saved_card_fails_as_scripted(stripe_api: StandIn, behaviour: str, code: str) -> None:
    customer, card = _saved(stripe_api)
    stripe_api.script("cards", customer=customer, behaviour=behaviour)
    with pytest.raises(stripe.CardError) as caught:
        _charge(stripe_api, (customer, card))
    assert (caught.value.http_status, caught.value.code) == (402, code)
    assert caught.value.error is not None
    intent: Any = caught.value.error.payment_intent
    assert intent.status == "requires_payment_method"
    found = stripe_api.client.v1.payment_intents.retrieve(intent.id)
    assert (found.status, found.amount_received) == ("requires_payment_method", 0)
    assert found.last_payment_error is not None
    assert found.last_payment_error.code == code
    assert stripe_api.event_types()[4:] == [
        *("payment_intent.created", "charge.failed", "payment_intent.payment_failed"),
    ]


def test_a_card_may_be_scripted_to_work_again(stripe_api: StandIn) -> None:
    customer, card = _saved(stripe_api)
    stripe_api.script("cards", customer=customer, behaviour="decline")
    stripe_api.script("cards", customer=customer, behaviour="succeed")
    assert _charge(stripe_api, (customer, card)).status == "succeeded"


@pytest.mark.parametrize(
    ("changed", "code", "param"),
    [
        ({"amount": 49}, "amount_too_small", "amount"),
        ({"amount": 100_000_000}, "amount_too_large", "amount"),
        ({"amount": "ten"}, "parameter_invalid_integer", "amount"),
        ({"currency": "xxx"}, None, "currency"),
        ({"confirm": False}, None, "confirm"),
        ({"off_session": False}, None, "off_session"),
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"customer": "cus_none"}, "resource_missing", "customer"),
        ({"payment_method": "pm_none"}, "resource_missing", "payment_method"),
    ],
)
def test_a_payment_is_refused(
    stripe_api: StandIn, changed: dict[str, Any], code: str | None, param: str
) -> None:
    customer, card = _saved(stripe_api)
    before = stripe_api.event_types()
    with pytest.raises(stripe.InvalidRequestError) as caught:
        _charge(stripe_api, (customer, card), **changed)
    assert (caught.value.http_status, caught.value.code, caught.value.param) == (400, code, param)
    assert stripe_api.event_types() == before


def test_a_card_of_somebody_else_does_not_pay(stripe_api: StandIn) -> None:
    customer, _ = _saved(stripe_api)
    _, card = _saved(stripe_api)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        _charge(stripe_api, (customer, card))
    assert caught.value.param == "payment_method"


def test_intents_are_listed_by_customer(stripe_api: StandIn) -> None:
    customer, card = _saved(stripe_api)
    _saved(stripe_api)
    latest = _charge(stripe_api, (customer, card))
    found = stripe_api.client.v1.payment_intents.list({"customer": customer}).data
    assert len(found) == 2
    assert found[0].id == latest.id
