"""Refunds of the stand-in: by the API, by script, failing late; and the charge that they give back."""

import pytest
import stripe

from tests.stripe_stand_in import StandIn


def _charge(stripe_api: StandIn, session: stripe.checkout.Session) -> stripe.Charge:
    intent = stripe_api.client.v1.payment_intents.retrieve(str(session.payment_intent))
    return stripe_api.client.v1.charges.retrieve(str(intent.latest_charge))


def test_a_refund_without_an_amount_gives_back_what_is_left(stripe_api: StandIn) -> None:
    session = stripe_api.paid_session()
    stripe_api.client.v1.refunds.create({"payment_intent": str(session.payment_intent), "amount": 300})
    refund = stripe_api.client.v1.refunds.create({"charge": _charge(stripe_api, session).id})
    assert (refund.amount, refund.currency, refund.status) == (700, "usd", "succeeded")
    charge = _charge(stripe_api, session)
    assert (charge.amount_refunded, charge.refunded) == (1_000, True)


def test_a_refund_shows_what_it_was_made_with(stripe_api: StandIn) -> None:
    session = stripe_api.paid_session()
    made = stripe_api.client.v1.refunds.create(
        {
            "payment_intent": str(session.payment_intent),
            "amount": 1,
            "reason": "requested_by_customer",
            "metadata": {"ticket": "7"},
        }
    )
    found = stripe_api.client.v1.refunds.retrieve(made.id)
    assert found.to_dict() == made.to_dict()
    assert (found.reason, found.payment_intent) == ("requested_by_customer", session.payment_intent)


def test_a_part_refunded_charge_is_not_refunded(stripe_api: StandIn) -> None:
    session = stripe_api.paid_session()
    stripe_api.script("refunds", session=session.id, amount_cents=999)
    charge = _charge(stripe_api, session)
    assert (charge.amount_refunded, charge.refunded) == (999, False)


def test_more_than_is_left_is_not_refunded(stripe_api: StandIn) -> None:
    session = stripe_api.paid_session()
    stripe_api.script("refunds", session=session.id, amount_cents=600)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_api.client.v1.refunds.create({"payment_intent": str(session.payment_intent), "amount": 401})
    assert caught.value.param == "amount"
    stripe_api.script("refunds", answers=400, session=session.id, amount_cents=401)
    assert _charge(stripe_api, session).amount_refunded == 600


def test_a_charge_is_not_refunded_twice(stripe_api: StandIn) -> None:
    session = stripe_api.paid_session()
    stripe_api.client.v1.refunds.create({"payment_intent": str(session.payment_intent)})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_api.client.v1.refunds.create({"payment_intent": str(session.payment_intent)})
    assert caught.value.code == "charge_already_refunded"


def test_an_intent_that_was_not_paid_is_not_refunded(stripe_api: StandIn) -> None:
    made = stripe_api.new_session()
    stripe_api.script(f"sessions/{made.id}/pay", action="pay_later")
    intent = str(stripe_api.session(made.id).payment_intent)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_api.client.v1.refunds.create({"payment_intent": intent})
    assert caught.value.code == "payment_intent_unexpected_state"


def test_the_api_does_not_refund_a_disputed_charge(stripe_api: StandIn) -> None:
    session = stripe_api.paid_session()
    stripe_api.script("disputes", session=session.id)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_api.client.v1.refunds.create({"payment_intent": str(session.payment_intent)})
    assert caught.value.code == "charge_disputed"


def test_the_api_refunds_a_charge_whose_dispute_was_won(stripe_api: StandIn) -> None:
    session = stripe_api.paid_session()
    stripe_api.script("disputes", session=session.id, status="won")
    refund = stripe_api.client.v1.refunds.create({"payment_intent": str(session.payment_intent)})
    assert refund.status == "succeeded"


@pytest.mark.parametrize("both", [{}, {"charge": "ch_a", "payment_intent": "pi_a"}])
def test_a_refund_names_one_payment(stripe_api: StandIn, both: dict[str, str]) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_api.client.v1.refunds.create(both)  # type: ignore[arg-type]  # Any text fits.
    assert (caught.value.http_status, caught.value.param) == (400, "charge")


def test_a_pending_refund_may_succeed_and_then_fail(stripe_api: StandIn) -> None:
    session = stripe_api.paid_session()
    made = stripe_api.script("refunds", session=session.id, amount_cents=400, status="pending")
    assert (made["status"], _charge(stripe_api, session).amount_refunded) == ("pending", 400)
    assert stripe_api.script(f"refunds/{made['id']}", status="succeeded")["status"] == "succeeded"
    failed = stripe_api.script(f"refunds/{made['id']}", status="failed")
    assert (failed["status"], failed["failure_reason"]) == ("failed", "unknown")
    assert _charge(stripe_api, session).amount_refunded == 0


def test_a_failed_refund_stays_failed(stripe_api: StandIn) -> None:
    session = stripe_api.paid_session()
    made = stripe_api.script("refunds", session=session.id, amount_cents=400, status="failed")
    stripe_api.script(f"refunds/{made['id']}", answers=400, status="succeeded")
    assert _charge(stripe_api, session).amount_refunded == 0


def test_refunds_tell_of_every_change(stripe_api: StandIn) -> None:
    session = stripe_api.paid_session()
    made = stripe_api.script("refunds", session=session.id, amount_cents=400, status="pending")
    stripe_api.script(f"refunds/{made['id']}", status="succeeded")
    stripe_api.script(f"refunds/{made['id']}", status="failed")
    assert stripe_api.event_types()[4:] == [
        *("refund.created", "charge.refunded", "refund.updated", "refund.updated", "refund.failed"),
    ]


def test_refunds_are_listed_by_payment(stripe_api: StandIn) -> None:
    first, second = stripe_api.paid_session(), stripe_api.paid_session()
    wanted = stripe_api.script("refunds", session=first.id, amount_cents=100)
    stripe_api.script("refunds", session=second.id, amount_cents=100)
    by_intent = stripe_api.client.v1.refunds.list({"payment_intent": str(first.payment_intent)})
    by_charge = stripe_api.client.v1.refunds.list({"charge": _charge(stripe_api, first).id})
    assert [each.id for each in by_intent.data] == [each.id for each in by_charge.data] == [wanted["id"]]
