"""Every crash point of card money: die before, die after, or lose the answer of every single call.

Each scenario runs once to count its calls, then three times for each call. Afterwards the world goes on as it
does by itself: whoever asked asks again, events come again, and the payments check looks. Then the books
must be those of the run that nothing happened to.
"""

from collections.abc import Callable
from contextlib import suppress

import pytest

from corent.core.errors import CorentError
from corent.ledger.entries import Adjustment, Counterpart
from corent.ledger.payment_store import OrderState
from corent.payments.processor import DisputeState, Payment, RefundState
from corent.usecases.check_payments import CheckPayments
from tests.contracts.ledger_store import COMPLETED, hold, settle
from tests.fakes import MemoryBooks, a_job
from tests.invariants import violations
from tests.payment_world import ACCOUNT, PaymentWorld, a_dispute, a_payment, a_refund
from tests.tripwire import WAYS_TO_DIE, Death, Tripwire

type Scenario = Callable[[PaymentWorld], None]


def ordered(world: PaymentWorld) -> None:
    world.order(key="once")


def paid(*truths: Payment) -> Scenario:
    """A page, paid on, and then one truth after the other, each told by an event."""

    def scenario(world: PaymentWorld) -> None:
        world.order(key="once")
        for truth in (a_payment(), *truths):
            world.happen(truth)

    return scenario


def goodwill(world: PaymentWorld) -> None:
    paid()(world)
    job = a_job()
    if job.id not in world.books.jobs:
        hold(world.books, job)
        settle(world.books, job, COMPLETED)
    world.ledger.goodwill(job.id, wallet_id=ACCOUNT, amount_micros=50_000, cause="op T-1")


def adjustment(world: PaymentWorld) -> None:
    paid()(world)
    out = Adjustment(Counterpart.REVENUE, into_wallet=False)
    world.ledger.adjust("T-1", wallet_id=ACCOUNT, amount_micros=50_000, adjustment=out, cause="op T-1")


def unfrozen(world: PaymentWorld) -> None:
    paid(a_payment(disputes=(a_dispute(),)))(world)
    world.ledger.unfreeze(ACCOUNT, cause="op T-1")


WON = a_dispute(cents=600, state=DisputeState.WON)
SCENARIOS: dict[str, Scenario] = {
    "an order": ordered,
    "T4 deposit": paid(),
    "an unpaid order": lambda world: paid()(world) if world.processor.payments else ordered(world),
    "T5 refund": paid(a_payment(refunds=(a_refund(),))),
    "T5 dispute": paid(a_payment(disputes=(a_dispute(),))),
    "T5 inquiry": paid(a_payment(disputes=(a_dispute(state=DisputeState.INQUIRY),))),
    "T5 refund and dispute": paid(a_payment(refunds=(a_refund(cents=600),), disputes=(a_dispute(),))),
    "T5 a dispute of nothing left": paid(
        a_payment(refunds=(a_refund(cents=1_000),), disputes=(a_dispute(),))
    ),
    "T5 a refund that failed": paid(
        a_payment(refunds=(a_refund(),)), a_payment(refunds=(a_refund(state=RefundState.UNDONE),))
    ),
    "T6 reinstatement": paid(a_payment(disputes=(a_dispute(cents=600),)), a_payment(disputes=(WON,))),
    "T6 all at once": paid(a_payment(refunds=(a_refund(),), disputes=(WON,))),
    "T7 goodwill": goodwill,
    "an adjustment": adjustment,
    "an unfreezing": unfrozen,
}


def recovered(world: PaymentWorld, scenario: Scenario) -> PaymentWorld:
    """What happens by itself: requests and events are repeated, and the check looks for the rest."""
    world.connect(Tripwire())
    scenario(world)
    world.processor.changed = list(world.processor.payments)
    CheckPayments(processor=world.processor, sync=world.sync, clock=world.clock)(span_s=10_800)
    return world


def wrong(world: PaymentWorld) -> list[str]:
    books: MemoryBooks = world.books
    found = violations(**books.everything)
    credited = {order.id for order in books.orders.values() if order.state is OrderState.CREDITED}
    posted = {e.reference for e in books.entries.values() if e.kind.value == "deposit"}
    return found + [f"T4: {order} is credited without an entry" for order in credited ^ posted]


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_crash_point_loses_money_or_moves_it_twice(name: str) -> None:
    scenario = SCENARIOS[name]
    counting = Tripwire()
    plain = PaymentWorld(wire=counting)
    scenario(plain)
    assert counting.calls
    broken = []
    for at in range(1, len(counting.calls) + 1):
        for how in WAYS_TO_DIE:
            world = PaymentWorld(wire=Tripwire(at=at, how=how))
            with suppress(Death, CorentError):
                scenario(world)
            half_way = wrong(world)
            recovered(world, scenario)
            same = (world.entries, world.books.balances, world.books.payments, list(world.books.orders)) == (
                plain.entries,
                plain.books.balances,
                plain.books.payments,
                list(plain.books.orders),
            )
            if half_way or wrong(world) or not same:
                broken.append((at, how, counting.calls[at - 1], half_way, wrong(world), same))
    assert not broken


def test_every_write_of_card_money_has_a_scenario() -> None:
    called: set[str] = set()
    for scenario in SCENARIOS.values():
        counting = Tripwire()
        scenario(PaymentWorld(wire=counting))
        called.update(counting.calls)
    kinds = ("order", "deposit", "claw_back", "put_back", "goodwill", "adjustment", "freeze")
    assert called >= {f"write_{kind}" for kind in kinds} | {"unfreeze"}
