"""Disputes of the stand-in: opened, moved on and closed by script, seen through the API."""

import pytest

from tests.stripe_stand_in import StandIn

CREATED = "charge.dispute.created"
WITHDRAWN = "charge.dispute.funds_withdrawn"
REINSTATED = "charge.dispute.funds_reinstated"
UPDATED = "charge.dispute.updated"
CLOSED = "charge.dispute.closed"


def _dispute(stripe_api: StandIn, *, status: str) -> str:
    session = stripe_api.paid_session()
    id_: str = stripe_api.script("disputes", session=session.id, status=status)["id"]
    return id_


def test_a_dispute_is_about_the_whole_charge_unless_told(stripe_api: StandIn) -> None:
    session = stripe_api.paid_session()
    whole = stripe_api.script("disputes", session=session.id)
    part = stripe_api.script("disputes", payment_intent=str(session.payment_intent), amount_cents=250)
    assert (whole["amount"], whole["status"], part["amount"]) == (1_000, "needs_response", 250)
    found = stripe_api.client.v1.disputes.retrieve(whole["id"])
    assert (found.payment_intent, found.currency) == (session.payment_intent, "usd")
    assert stripe_api.client.v1.charges.retrieve(str(found.charge)).disputed


def test_a_dispute_is_about_no_more_than_was_paid(stripe_api: StandIn) -> None:
    session = stripe_api.paid_session()
    stripe_api.script("disputes", answers=400, session=session.id, amount_cents=1_001)
    assert stripe_api.client.v1.disputes.list().data == []


@pytest.mark.parametrize(
    ("status", "types", "moved"),
    [
        ("needs_response", [CREATED, WITHDRAWN], [-1_000]),
        ("under_review", [CREATED, WITHDRAWN], [-1_000]),
        ("won", [CREATED, WITHDRAWN, REINSTATED, CLOSED], [-1_000, 1_000]),
        ("lost", [CREATED, WITHDRAWN, CLOSED], [-1_000]),
        ("warning_needs_response", [CREATED], []),
        ("warning_under_review", [CREATED], []),
        ("warning_closed", [CREATED, CLOSED], []),
    ],
)
def test_a_dispute_opens_in_any_state(
    stripe_api: StandIn, status: str, types: list[str], moved: list[int]
) -> None:
    dispute = stripe_api.client.v1.disputes.retrieve(_dispute(stripe_api, status=status))
    assert dispute.status == status
    assert [each.amount for each in dispute.balance_transactions] == moved
    assert stripe_api.event_types()[4:] == types


@pytest.mark.parametrize(
    ("path", "types"),
    [
        (["needs_response", "won"], [REINSTATED, CLOSED]),
        (["needs_response", "lost"], [CLOSED]),
        (["needs_response", "under_review", "won"], [UPDATED, REINSTATED, CLOSED]),
        (["warning_needs_response", "needs_response"], [UPDATED, WITHDRAWN]),
        (["warning_needs_response", "warning_under_review", "warning_closed"], [UPDATED, CLOSED]),
    ],
)
def test_a_dispute_moves_on(stripe_api: StandIn, path: list[str], types: list[str]) -> None:
    id_ = _dispute(stripe_api, status=path[0])
    before = len(stripe_api.event_types())
    for status in path[1:]:
        stripe_api.script(f"disputes/{id_}", status=status)
    assert stripe_api.client.v1.disputes.retrieve(id_).status == path[-1]
    assert stripe_api.event_types()[before:] == types


@pytest.mark.parametrize(
    ("status", "to"),
    [
        ("won", "lost"),
        ("lost", "won"),
        ("warning_closed", "needs_response"),
        ("under_review", "needs_response"),
    ],
)
def test_a_dispute_does_not_go_back(stripe_api: StandIn, status: str, to: str) -> None:
    id_ = _dispute(stripe_api, status=status)
    stripe_api.script(f"disputes/{id_}", answers=400, status=to)
    assert stripe_api.client.v1.disputes.retrieve(id_).status == status


def test_disputes_are_listed_by_payment(stripe_api: StandIn) -> None:
    first, second = stripe_api.paid_session(), stripe_api.paid_session()
    wanted = stripe_api.script("disputes", session=first.id)
    stripe_api.script("disputes", session=second.id)
    by_intent = stripe_api.client.v1.disputes.list({"payment_intent": str(first.payment_intent)})
    by_charge = stripe_api.client.v1.disputes.list({"charge": wanted["charge"]})
    assert [each.id for each in by_intent.data] == [each.id for each in by_charge.data] == [wanted["id"]]
