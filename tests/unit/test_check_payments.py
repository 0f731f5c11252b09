"""The payments check: what no event told of is found, whatever else does not fit."""

from corent.core.errors import TemporarilyUnavailableError
from corent.payments.processor import DisputeState, Payment
from corent.usecases.check_payments import CAUSE, CHECK_S, CheckPayments, PaymentsReport
from tests.payment_world import CENTS, PaymentWorld, a_dispute, a_payment, a_refund


def check(world: PaymentWorld, *, span_s: int = 10_800) -> PaymentsReport:
    run = CheckPayments(processor=world.processor, sync=world.sync, clock=world.clock)
    return run(span_s=span_s)


def lost_event(world: PaymentWorld, payment: Payment) -> None:
    """Let something happen that nobody tells of."""
    world.processor.payments[payment.id] = payment
    world.processor.changed.append(payment.id)


def test_a_deposit_whose_event_was_lost_is_found_and_credited() -> None:
    world = PaymentWorld()
    world.order()
    lost_event(world, a_payment())
    report = check(world)
    assert report.found == {"pi_1": ["deposit#cs_1"]}
    assert world.available_cents == CENTS
    assert world.entry("deposit#cs_1").cause == CAUSE


def test_a_second_check_finds_nothing() -> None:
    world = PaymentWorld()
    world.order()
    lost_event(world, a_payment())
    check(world)
    report = check(world)
    assert (report.checked, report.found, report.failed) == (1, {}, {})


def test_lost_refunds_and_disputes_are_found() -> None:
    world = PaymentWorld()
    world.paid()
    inquiry = a_dispute("du_2", state=DisputeState.INQUIRY, at=5)
    lost_event(world, a_payment(refunds=(a_refund(),), disputes=(inquiry, a_dispute())))
    report = check(world)
    assert report.found == {"pi_1": ["refund#re_1", "dispute#du_1", "freeze#du_2"]}
    assert report.short_micros == 3_000_000


def test_a_payment_that_does_not_fit_keeps_no_other_from_being_found() -> None:
    world = PaymentWorld()
    world.order(1)
    world.order(2)
    lost_event(world, a_payment("pi_bad", asked_cents=1))
    lost_event(world, a_payment("pi_2", order_id="cs_2"))
    report = check(world)
    assert report.failed == {"pi_bad": "PaymentMismatchError"}
    assert report.found == {"pi_2": ["deposit#cs_2"]}


def test_what_is_younger_than_the_grace_may_still_be_told() -> None:
    world = PaymentWorld()
    check(world, span_s=345_600)
    now_s = world.clock.now_ms() // 1000
    assert world.processor.asked == [(now_s - 345_600, now_s - 120)]


def test_a_run_that_is_out_of_time_says_so() -> None:
    world = PaymentWorld()
    world.processor.changed = ["pi_1", "pi_2"]

    def slow(_: str) -> Payment | None:
        world.clock.sleep(CHECK_S)
        return None

    world.processor.payment = slow  # type: ignore[method-assign]
    report = check(world)
    assert (report.checked, report.complete) == (1, False)


def test_a_processor_that_is_down_for_one_payment_is_said() -> None:
    world = PaymentWorld()
    world.processor.changed = ["pi_1"]

    def down(_: str) -> Payment | None:
        raise TemporarilyUnavailableError("down")

    world.processor.payment = down  # type: ignore[method-assign]
    assert check(world).failed == {"pi_1": "TemporarilyUnavailableError"}
