"""Bringing payments into the books: whatever order events come in, the same entries."""

import itertools
from dataclasses import replace

import pytest

from corent.core.errors import InternalError, PaymentMismatchError, TemporarilyUnavailableError
from corent.ledger.balances import WalletStatus
from corent.payments.processor import DisputeState, Payment, RefundState
from tests.invariants import violations
from tests.payment_world import ACCOUNT, CENTS, MICROS, PaymentWorld, a_dispute, a_payment, a_refund

DEPOSITED = {"deposit#cs_1": ("deposit", MICROS)}
# What is true of a payment after each thing that happens to it, in the order in which it can happen.
UNPAID = a_payment(is_paid=False, paid_cents=0)
HISTORY = {
    "completed unpaid": UNPAID,
    "async succeeded": a_payment(),
    "completed paid": a_payment(),
    "refund": a_payment(refunds=(a_refund(),)),
    "dispute": a_payment(refunds=(a_refund(),), disputes=(a_dispute(cents=700),)),
    "reinstated": a_payment(refunds=(a_refund(),), disputes=(a_dispute(cents=700, state=DisputeState.WON),)),
}
ALL_OF_IT = {
    **DEPOSITED,
    "refund#re_1": ("refund", 3_000_000),
    "dispute#du_1": ("dispute", 7_000_000),
    "reinstate#du_1": ("reinstate", 7_000_000),
}


def status(world: PaymentWorld) -> WalletStatus:
    return world.books.balances[ACCOUNT].status


def sound(world: PaymentWorld) -> bool:
    found = violations(**world.books.everything)
    assert found == []
    return True


def test_a_paid_order_is_credited_with_its_receipt() -> None:
    world = PaymentWorld()
    world.order()
    assert world.happen(a_payment()) == ["deposit#cs_1"]
    assert world.entries == DEPOSITED
    entry = world.entry("deposit#cs_1")
    assert (entry.receipt_url, entry.cause, entry.payment_id) == (
        "https://receipts.example/1",
        "evt_1",
        "pi_1",
    )
    assert sound(world)


def test_an_unpaid_order_credits_nothing() -> None:
    world = PaymentWorld()
    world.order()
    assert world.happen(UNPAID) == []
    assert world.entries == {}


def test_a_payment_is_credited_once_however_often_it_is_looked_at() -> None:
    world = PaymentWorld()
    world.paid()
    assert [world.happen(a_payment()) for _ in range(3)] == [[], [], []]
    assert world.available_cents == CENTS


@pytest.mark.parametrize("order", list(itertools.permutations(HISTORY)), ids="-".join)
def test_every_order_of_events_ends_in_the_same_entries(order: tuple[str, ...]) -> None:
    # Each event comes when all that it tells of has happened, and perhaps more: the truth is what is fetched.
    world = PaymentWorld()
    world.order()
    happened = list(HISTORY)
    reached = -1
    for event in order:
        reached = max(reached, happened.index(event))
        world.happen(HISTORY[happened[reached]])
    assert world.entries == ALL_OF_IT
    assert status(world) is WalletStatus.FROZEN
    assert sound(world)


@pytest.mark.parametrize("twice", list(itertools.combinations(HISTORY, 2)), ids="-".join)
@pytest.mark.parametrize("order", [tuple(HISTORY), tuple(reversed(HISTORY))], ids=["made", "reversed"])
def test_events_that_come_twice_change_nothing(order: tuple[str, ...], twice: tuple[str, ...]) -> None:
    world = PaymentWorld()
    world.order()
    for event in (*order, *twice, *twice):
        world.happen(HISTORY["reinstated" if event in twice else event])
    assert world.entries == ALL_OF_IT


@pytest.mark.parametrize(
    "lost", [each for n in range(6) for each in itertools.combinations(HISTORY, n)], ids="-".join
)
def test_any_events_may_be_lost_but_one(lost: tuple[str, ...]) -> None:
    world = PaymentWorld()
    world.order()
    for event in HISTORY:
        if event not in lost:
            world.happen(HISTORY[event])
    world.happen(HISTORY["reinstated"])
    assert world.entries == ALL_OF_IT


@pytest.mark.parametrize(
    "changes",
    [
        {"asked_cents": CENTS - 1},
        {"paid_cents": CENTS - 1},
        {"asked_cents": CENTS * 10, "paid_cents": CENTS * 10},
        {"currency": "eur"},
        {"account_id": "acct_2"},
        {"is_live": False},
        {"order_id": "cs_2"},
    ],
    ids=str,
)
def test_a_payment_that_is_not_what_was_asked_for_credits_nothing(changes: dict[str, object]) -> None:
    world = PaymentWorld()
    world.order()
    world.processor.payments["pi_1"] = a_payment(**changes)
    with pytest.raises(PaymentMismatchError):
        world.sync("pi_1", cause="evt_1")
    assert world.entries == {}


def test_another_companys_payment_is_left_alone() -> None:
    world = PaymentWorld()
    world.order()
    assert world.happen(a_payment(order_id=None, account_id=None)) == []
    assert world.sync("pi_unknown", cause="evt_1").posted == []
    assert world.entries == {}


def test_a_refund_of_an_unpaid_order_comes_again() -> None:
    world = PaymentWorld()
    world.order()
    world.processor.payments["pi_1"] = replace(UNPAID, refunds=(a_refund(),))
    with pytest.raises(TemporarilyUnavailableError):
        world.sync("pi_1", cause="evt_1")
    assert world.entries == {}


def test_refunds_before_the_deposits_event_still_come_after_the_deposit() -> None:
    world = PaymentWorld()
    world.order()
    assert world.happen(a_payment(refunds=(a_refund(),))) == ["deposit#cs_1", "refund#re_1"]
    assert world.available_cents == CENTS - 300


def test_a_refund_that_failed_is_put_back_by_an_adjustment() -> None:
    world = PaymentWorld()
    world.paid(refunds=(a_refund(),))
    failed = a_payment(refunds=(a_refund(state=RefundState.UNDONE),))
    assert world.happen(failed) == ["adjust#re_1"]
    assert world.happen(failed) == []
    assert world.available_cents == CENTS
    assert world.books.payments["pi_1"].left_micros == MICROS
    assert sound(world)


def test_a_refund_that_failed_before_it_was_seen_moves_nothing() -> None:
    world = PaymentWorld()
    world.paid(refunds=(a_refund(state=RefundState.UNDONE),))
    assert world.entries == DEPOSITED


def test_a_dispute_takes_the_money_and_freezes() -> None:
    world = PaymentWorld()
    world.paid(disputes=(a_dispute(),))
    assert world.available_cents == 0
    assert status(world) is WalletStatus.FROZEN


def test_an_inquiry_freezes_and_takes_nothing() -> None:
    world = PaymentWorld()
    world.order()
    inquiry = a_payment(disputes=(a_dispute(state=DisputeState.INQUIRY),))
    world.processor.payments["pi_1"] = inquiry
    report = world.sync("pi_1", cause="evt_1")
    assert (report.posted, report.frozen_for) == (["deposit#cs_1"], ["du_1"])
    assert world.available_cents == CENTS
    assert status(world) is WalletStatus.FROZEN


def test_an_account_that_an_operator_let_go_is_not_frozen_again_for_the_same_inquiry() -> None:
    world = PaymentWorld()
    inquiry = a_payment(disputes=(a_dispute(state=DisputeState.INQUIRY),))
    world.order()
    world.happen(inquiry)
    world.ledger.unfreeze(ACCOUNT, cause="T-1")
    world.happen(inquiry)
    assert status(world) is WalletStatus.ACTIVE
    world.happen(a_payment(disputes=(a_dispute(),)))
    assert status(world) is WalletStatus.FROZEN


def test_a_lost_dispute_keeps_what_it_took() -> None:
    world = PaymentWorld()
    world.paid(disputes=(a_dispute(),))
    assert world.happen(a_payment(disputes=(a_dispute(state=DisputeState.LOST),))) == []
    assert world.available_cents == 0


def test_a_won_dispute_gives_back_and_stays_frozen() -> None:
    world = PaymentWorld()
    world.paid(disputes=(a_dispute(),))
    assert world.happen(a_payment(disputes=(a_dispute(state=DisputeState.WON),))) == ["reinstate#du_1"]
    assert world.available_cents == CENTS
    assert status(world) is WalletStatus.FROZEN


def test_a_refund_and_a_dispute_take_no_more_than_the_payment_together() -> None:
    world = PaymentWorld()
    world.order()
    world.processor.payments["pi_1"] = a_payment(refunds=(a_refund(cents=600),), disputes=(a_dispute(),))
    report = world.sync("pi_1", cause="evt_1")
    assert world.entries == {
        **DEPOSITED,
        "refund#re_1": ("refund", 6_000_000),
        "dispute#du_1": ("dispute", 4_000_000),
    }
    assert report.short_micros == 6_000_000
    assert world.sync("pi_1", cause="evt_2").short_micros == 0
    assert sound(world)


def test_a_dispute_of_what_was_refunded_whole_still_freezes_and_is_short() -> None:
    world = PaymentWorld()
    world.order()
    world.processor.payments["pi_1"] = a_payment(refunds=(a_refund(cents=CENTS),), disputes=(a_dispute(),))
    report = world.sync("pi_1", cause="evt_1")
    assert report.frozen_for == ["du_1"]
    assert report.short_micros == MICROS
    assert "dispute#du_1" not in world.entries
    assert status(world) is WalletStatus.FROZEN


@pytest.mark.parametrize("refund_first", [True, False])
def test_claims_are_taken_in_the_order_in_which_they_were_begun(refund_first: bool) -> None:
    world = PaymentWorld()
    world.order()
    refund, dispute = a_refund(cents=600, at=1 if refund_first else 9), a_dispute(at=5)
    world.happen(a_payment(refunds=(refund,), disputes=(dispute,)))
    taken = world.entries["dispute#du_1"][1]
    assert taken == (4_000_000 if refund_first else MICROS)


def test_a_dispute_on_a_spent_balance_leaves_less_than_nothing() -> None:
    world = PaymentWorld()
    world.paid()
    spent = replace(world.books.balances[ACCOUNT], available_micros=0, debits_micros=MICROS)
    world.books.balances[ACCOUNT] = replace(spent, captured_micros=MICROS)
    world.happen(a_payment(disputes=(a_dispute(),)))
    assert world.available_cents == -CENTS


def test_an_account_that_is_frozen_still_gets_what_it_pays() -> None:
    world = PaymentWorld()
    world.order()
    world.books.freeze(ACCOUNT, cause="test")
    world.happen(a_payment())
    assert world.available_cents == CENTS


def test_a_processor_that_does_not_answer_leaves_everything_as_it_is() -> None:
    class Silent:
        def payment(self, payment_id: str) -> Payment | None:
            raise TemporarilyUnavailableError("down")

    world = PaymentWorld()
    world.paid()
    world.sync._processor = Silent()  # type: ignore[assignment]
    with pytest.raises(TemporarilyUnavailableError):
        world.sync("pi_1", cause="evt_1")
    assert world.entries == DEPOSITED


def test_a_mismatch_is_an_internal_error_that_wakes_someone() -> None:
    assert issubclass(PaymentMismatchError, InternalError)
