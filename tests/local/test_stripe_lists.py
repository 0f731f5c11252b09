"""Lists of the stand-in: newest first, in pages, within times, of some types; and what is expanded there."""

import time

import pytest

from tests.stripe_stand_in import StandIn, stand_in


def test_pages_hold_everything_once_newest_first(stripe_api: StandIn) -> None:
    made = [stripe_api.new_session().id for _ in range(5)]
    first = stripe_api.client.v1.checkout.sessions.list({"limit": 2})
    assert ([each.id for each in first.data], first.has_more) == ([made[4], made[3]], True)
    last = stripe_api.client.v1.checkout.sessions.list({"limit": 2, "starting_after": made[1]})
    assert ([each.id for each in last.data], last.has_more) == ([made[0]], False)
    assert [each.id for each in first.auto_paging_iter()] == made[::-1]


def test_a_page_has_ten_unless_told(stripe_api: StandIn) -> None:
    for _ in range(11):
        stripe_api.new_session()
    found = stripe_api.client.v1.checkout.sessions.list()
    assert (len(found.data), found.has_more) == (10, True)


def test_a_list_is_bounded_in_time() -> None:
    clock = [time.time()]
    with stand_in(now_s=lambda: clock[0]) as stripe_api:
        made = []
        for _ in range(3):
            made.append(stripe_api.new_session())
            clock[0] += 60
        early, middle, late = made
        sessions = stripe_api.client.v1.checkout.sessions
        from_middle = sessions.list({"created": {"gte": middle.created}})
        before_middle = sessions.list({"created": {"lt": middle.created}})
        after_middle = sessions.list({"created": {"gt": middle.created, "lte": late.created}})
        exactly = sessions.list({"created": middle.created})
    assert [each.id for each in from_middle.data] == [late.id, middle.id]
    assert [each.id for each in before_middle.data] == [early.id]
    assert [each.id for each in after_middle.data] == [late.id]
    assert [each.id for each in exactly.data] == [middle.id]


@pytest.mark.parametrize(
    ("params", "types"),
    [
        ({"type": "checkout.session.completed"}, ["checkout.session.completed"]),
        ({"type": "payment_intent.*"}, ["payment_intent.succeeded", "payment_intent.created"]),
        (
            {"types": ["charge.succeeded", "checkout.session.completed"]},
            ["checkout.session.completed", "charge.succeeded"],
        ),
        ({"types": ["charge.failed"]}, []),
    ],
)
def test_events_are_listed_by_type(
    stripe_api: StandIn, params: dict[str, str | list[str]], types: list[str]
) -> None:
    stripe_api.paid_session()
    found = stripe_api.client.v1.events.list(params)  # type: ignore[arg-type]  # One of them at a time.
    assert [each.type for each in found.data] == types


def test_an_expansion_goes_as_deep_as_asked(stripe_api: StandIn) -> None:
    paid = stripe_api.paid_session()
    stripe_api.new_session()
    found = stripe_api.client.v1.checkout.sessions.list(
        {"expand": ["data.payment_intent.latest_charge", "data.line_items"]}
    ).data
    intent = found[1].payment_intent
    assert not isinstance(intent, str)
    assert intent is not None
    assert not isinstance(intent.latest_charge, str)
    assert intent.latest_charge is not None
    assert intent.latest_charge.payment_intent == paid.payment_intent
    assert found[0].payment_intent is None
    assert found[0].line_items is not None


def test_an_expansion_changes_nothing_that_is_kept(stripe_api: StandIn) -> None:
    paid = stripe_api.paid_session()
    refund = stripe_api.script("refunds", session=paid.id, amount_cents=1)
    stripe_api.client.v1.refunds.retrieve(refund["id"], {"expand": ["charge", "payment_intent"]})
    assert stripe_api.client.v1.refunds.retrieve(refund["id"]).payment_intent == paid.payment_intent
