"""Events of the stand-in and their delivery: signed, again after a failure, lost, held, twice, reordered."""

import pytest
import stripe

from tests.stripe_stand_in import QUICK_WAITS_S, Received, StandIn, stand_in
from tests.waiting import until

PAID = [
    *("payment_intent.created", "charge.succeeded"),
    *("payment_intent.succeeded", "checkout.session.completed"),
]


def _checked(stripe_api: StandIn, received: Received) -> stripe.Event:
    event: stripe.Event = stripe.Webhook.construct_event(
        received.body, received.headers["stripe-signature"], stripe_api.running.webhook_secret
    )
    return event


def test_events_come_in_the_order_they_were_made(stripe_api: StandIn) -> None:
    stripe_api.paid_session()
    stripe_api.all_delivered()
    assert stripe_api.receiver.types == stripe_api.event_types() == PAID


def test_the_library_takes_the_signature_of_every_event(stripe_api: StandIn) -> None:
    stripe_api.paid_session()
    stripe_api.all_delivered()
    listed = stripe_api.client.v1.events.list().data[::-1]
    delivered = [_checked(stripe_api, each) for each in stripe_api.receiver.received]
    assert [each.id for each in delivered] == [each.id for each in listed]
    assert [each.data.object for each in delivered] == [each.data.object for each in listed]


def test_an_event_is_signed_with_this_secret_only(stripe_api: StandIn) -> None:
    stripe_api.paid_session()
    stripe_api.all_delivered()
    received = stripe_api.receiver.received[0]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(received.body, received.headers["stripe-signature"], "whsec_other")


def test_an_event_shows_its_object_as_it_was(stripe_api: StandIn) -> None:
    made = stripe_api.new_session()
    stripe_api.script(f"sessions/{made.id}/pay", action="pay_later")
    stripe_api.script("settle", session=made.id)
    events = stripe_api.client.v1.events.list({"type": "checkout.session.*"}).data
    assert [(each.type, each.data.object["payment_status"]) for each in events[::-1]] == [
        ("checkout.session.completed", "unpaid"),
        ("checkout.session.async_payment_succeeded", "paid"),
    ]


def test_an_event_that_failed_comes_again_with_a_time_of_its_own() -> None:
    times = iter(range(1_800_000_000, 1_900_000_000))
    with stand_in(now_s=lambda: float(next(times))) as stripe_api:
        stripe_api.receiver.answers = [500, 302, 200]
        made = stripe_api.new_session()
        stripe_api.client.v1.checkout.sessions.expire(made.id)
        stripe_api.all_delivered()
        (delivery,) = stripe_api.deliveries["data"]
        signatures = [each.headers["stripe-signature"] for each in stripe_api.receiver.received]
        bodies = {each.body for each in stripe_api.receiver.received}
    assert [each["status"] for each in delivery["attempts"]] == [500, 302, 200]
    assert delivery["state"] == "delivered"
    assert len(set(signatures)) == 3
    assert len(bodies) == 1


def test_an_event_that_fails_holds_up_no_other(stripe_api: StandIn) -> None:
    stripe_api.receiver.answers = [500, 200]
    stripe_api.paid_session()
    stripe_api.all_delivered()
    assert stripe_api.receiver.types == [*PAID, PAID[0]]


def test_an_event_that_fails_for_good_is_given_up(stripe_api: StandIn) -> None:
    stripe_api.receiver.answers = [500]
    made = stripe_api.new_session()
    stripe_api.client.v1.checkout.sessions.expire(made.id)
    stripe_api.all_delivered()
    (delivery,) = stripe_api.deliveries["data"]
    assert (delivery["state"], len(delivery["attempts"])) == ("given_up", len(QUICK_WAITS_S) + 1)
    (event,) = stripe_api.client.v1.events.list().data
    assert event.pending_webhooks == 1


def test_nobody_there_is_a_failure_too() -> None:
    with stand_in(events_url="http://127.0.0.1:9/") as stripe_api:
        made = stripe_api.new_session()
        stripe_api.client.v1.checkout.sessions.expire(made.id)
        stripe_api.all_delivered()
        (delivery,) = stripe_api.deliveries["data"]
    assert {each["status"] for each in delivery["attempts"]} == {None}
    assert delivery["attempts"][0]["error"].startswith("ConnectError")


def test_a_delivered_event_is_no_longer_pending(stripe_api: StandIn) -> None:
    stripe_api.paid_session()
    stripe_api.all_delivered()
    assert {each.pending_webhooks for each in stripe_api.client.v1.events.list().data} == {0}


def test_a_lost_event_is_listed_and_never_comes(stripe_api: StandIn) -> None:
    stripe_api.script("events", mode="lose")
    stripe_api.paid_session()
    stripe_api.script("events", mode="deliver")
    made = stripe_api.new_session()
    stripe_api.client.v1.checkout.sessions.expire(made.id)
    stripe_api.all_delivered()
    assert stripe_api.event_types() == [*PAID, "checkout.session.expired"]
    assert stripe_api.receiver.types == ["checkout.session.expired"]


def test_a_lost_event_comes_when_it_is_sent_again(stripe_api: StandIn) -> None:
    stripe_api.script("events", mode="lose")
    stripe_api.paid_session()
    event = stripe_api.client.v1.events.list({"type": "checkout.session.completed"}).data[0]
    stripe_api.script(f"events/{event.id}/resend")
    stripe_api.script(f"events/{event.id}/resend")
    stripe_api.all_delivered()
    assert [each.event["id"] for each in stripe_api.receiver.received] == [event.id, event.id]


def test_held_events_come_when_they_are_let_go(stripe_api: StandIn) -> None:
    stripe_api.script("events", mode="hold")
    stripe_api.paid_session()
    assert stripe_api.receiver.types == []
    assert len(stripe_api.script("events/flush")["events"]) == 4
    stripe_api.all_delivered()
    assert stripe_api.receiver.types == PAID
    assert stripe_api.script("events/flush")["events"] == []


def test_held_events_come_in_the_order_that_is_said(stripe_api: StandIn) -> None:
    stripe_api.script("events", mode="hold")
    stripe_api.paid_session()
    order = ["checkout.session.completed", "payment_intent.created"]
    stripe_api.script("events/flush", types=order)
    stripe_api.all_delivered()
    assert stripe_api.receiver.types == order
    stripe_api.script("events/flush", order="reversed")
    stripe_api.all_delivered()
    assert stripe_api.receiver.types == [*order, "payment_intent.succeeded", "charge.succeeded"]


def test_events_come_as_often_as_is_said(stripe_api: StandIn) -> None:
    stripe_api.script("events", duplicates=2)
    made = stripe_api.new_session()
    stripe_api.client.v1.checkout.sessions.expire(made.id)
    stripe_api.all_delivered()
    assert stripe_api.receiver.types == ["checkout.session.expired"] * 3
    assert len({each.event["id"] for each in stripe_api.receiver.received}) == 1


def test_the_events_of_an_action_come_backwards(stripe_api: StandIn) -> None:
    stripe_api.script("events", order="reversed")
    stripe_api.paid_session()
    stripe_api.all_delivered()
    assert stripe_api.receiver.types == PAID[::-1]


def test_a_seed_shuffles_the_same_way_each_time(stripe_api: StandIn) -> None:
    orders = []
    for seed in (1, 1, 2, 3, 4, 5):
        stripe_api.receiver.received.clear()
        stripe_api.script("events", order="shuffled", seed=seed, duplicates=1)
        stripe_api.paid_session()
        stripe_api.all_delivered()
        orders.append(tuple(stripe_api.receiver.types))
    assert orders[0] == orders[1]
    assert len(set(orders)) > 1
    assert {tuple(sorted(order)) for order in orders} == {tuple(sorted(PAID * 2))}


def test_without_an_address_events_are_only_listed() -> None:
    with stand_in(events_url=None) as stripe_api:
        stripe_api.paid_session()
        assert stripe_api.event_types() == PAID
        assert {each["state"] for each in stripe_api.deliveries["data"]} == {"lost"}


def test_a_receiver_may_ask_the_api_while_an_event_is_delivered(stripe_api: StandIn) -> None:
    asked: list[str | None] = []
    taken = stripe_api.receiver.take

    def take(body: bytes, headers: dict[str, str]) -> int:
        asked.extend(each.payment_status for each in stripe_api.client.v1.checkout.sessions.list().data)
        return taken(body, headers)

    stripe_api.receiver.take = take  # type: ignore[method-assign]  # It asks before it takes.
    made = stripe_api.new_session()
    stripe_api.script(f"sessions/{made.id}/pay")
    until(lambda: len(asked) == len(PAID), what="every event to arrive")
    assert set(asked) == {"paid"}
