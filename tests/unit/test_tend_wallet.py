"""Looking after balances: each crossing is told once and charged once; a charge that fails is the last."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from corent.accounts.keys import Mode
from corent.core.errors import (
    CorentError,
    InvalidRequestError,
    LiveKeyRequiredError,
    NoSavedCardError,
    TemporarilyUnavailableError,
)
from corent.ledger.entries import Adjustment, Counterpart
from corent.notices.notice import Alert, NoticeType
from corent.payments.processor import Charge, ChargeState
from corent.payments.topup import OffReason, SavedCard, TopUp
from corent.usecases.manage_topup import ManageTopUp
from corent.usecases.tend_wallet import Tended
from tests.invariants import violations
from tests.payment_world import ACCOUNT, PaymentWorld, a_payer, a_payment
from tests.tripwire import WAYS_TO_DIE, Death, Tripwire

PAID = Charge("pi_top", ChargeState.SUCCEEDED)
CARD = SavedCard("cus_1", "pm_1", saved_at_s=10)
THRESHOLD, AMOUNT, CAP = 500, 2_000, 4_000
_OUT = Adjustment(Counterpart.PROMOTION, into_wallet=False)


class Watched(PaymentWorld):
    """An account with a saved card, a top-up of 20 $ below 5 $, 40 $ a month at most, and an alert there."""

    def __init__(self, *, cents: int = 0, charge: Charge = PAID, wire: Tripwire | None = None) -> None:
        super().__init__()
        if cents:
            self.order(cents=cents)
            self.happen(a_payment("pi_first", asked_cents=cents, paid_cents=cents))
        self.topups.keep_card(ACCOUNT, CARD)
        self.manage = ManageTopUp(topups=self.topups, wake=self.woken.append, clock=self.clock)
        self.rules()
        self.notices.set_alert(
            Alert(ACCOUNT, low_micros=THRESHOLD * 10_000, url="https://hooks.example", sealed_secret=None)
        )
        self.processor.charges["any"] = charge
        self.connect(wire if wire is not None else Tripwire())

    def rules(self, **changes: int) -> TopUp:
        rules = {"threshold_cents": THRESHOLD, "amount_cents": AMOUNT, "monthly_cap_cents": CAP}
        return self.manage.set(a_payer(), **{**rules, **changes})

    def spend(self, cents: int) -> None:
        """Take money away, as a charged job does."""
        balance = self.books.balances[ACCOUNT]
        micros = cents * 10_000
        self.ledger.adjust(
            f"T-{self.clock.time_ms}-{balance.version}",
            wallet_id=ACCOUNT,
            amount_micros=micros,
            adjustment=_OUT,
            cause="op",
        )

    @property
    def topup(self) -> TopUp:
        return self.topups.topups[ACCOUNT]

    @property
    def told(self) -> list[str]:
        return [self.notices.notices[each].type.value for each in self.books.owed]

    def looked_after(self) -> Tended:
        return self.tend(ACCOUNT).topup


def next_payment(world: Watched, number: int) -> None:
    """The next charge is another payment."""
    world.processor.charges["any"] = Charge(f"pi_top_{number}", ChargeState.SUCCEEDED)


# ---- top-ups ----------------------------------------------------------------------------------------


def test_a_low_balance_is_topped_up_once() -> None:
    world = Watched(cents=THRESHOLD - 1)
    assert [world.looked_after() for _ in range(3)] == [Tended.PAID, Tended.NOTHING, Tended.NOTHING]
    assert world.available_cents == THRESHOLD - 1 + AMOUNT
    order_id, cents, method = world.processor.charged[0]
    assert (order_id, cents, method, len(world.processor.charged)) == ("topup_1_1", AMOUNT, "pm_1", 1)
    assert world.entries[f"deposit#{order_id}"] == ("deposit", AMOUNT * 10_000)
    assert violations(**world.books.everything) == []


def test_a_balance_at_its_threshold_is_left_alone() -> None:
    world = Watched(cents=THRESHOLD)
    assert world.looked_after() is Tended.NOTHING
    assert world.processor.charged == []


def test_each_crossing_is_charged_under_a_name_of_its_own() -> None:
    world = Watched(cents=THRESHOLD - 1)
    world.looked_after()
    world.spend(AMOUNT)
    next_payment(world, 2)
    assert world.looked_after() is Tended.PAID
    assert [order for order, _, _ in world.processor.charged] == ["topup_1_1", "topup_1_2"]


def test_no_more_is_charged_in_a_month_than_its_cap() -> None:
    world = Watched(cents=THRESHOLD - 1)
    for number in (1, 2):
        next_payment(world, number)
        assert world.looked_after() is Tended.PAID
        world.spend(AMOUNT)
    assert world.looked_after() is Tended.CAPPED
    assert len(world.processor.charged) == 2
    assert not world.books.balances[ACCOUNT].is_crossed(month=world.topup.month)


def test_a_new_month_has_its_whole_cap() -> None:
    world = Watched(cents=THRESHOLD - 1)
    for number in (1, 2):
        next_payment(world, number)
        world.looked_after()
        world.spend(AMOUNT)
    world.looked_after()
    world.clock.sleep(31 * 86_400)
    next_payment(world, 3)
    assert world.looked_after() is Tended.PAID
    assert world.topup.month_micros == AMOUNT * 10_000


def test_a_declined_card_turns_it_off_and_says_so() -> None:
    world = Watched(charge=Charge(None, ChargeState.FAILED))
    assert world.looked_after() is Tended.FAILED
    assert (world.topup.is_on, world.topup.off_reason) == (False, OffReason.CARD_DECLINED)
    assert (world.topup.order_id, world.topup.month_micros) == (None, 0)
    assert world.told == ["balance.low", "auto_topup.disabled"]
    last = world.notices.notices[world.books.owed[-1]]
    assert last.data == {"amount_cents": AMOUNT, "reason": "card_declined"}
    assert world.looked_after() is Tended.NOTHING
    assert len(world.processor.charged) == 1


def test_a_card_that_needs_its_owner_is_said_to() -> None:
    world = Watched(charge=Charge(None, ChargeState.FAILED, needs_owner=True))
    world.looked_after()
    assert world.topup.off_reason is OffReason.AUTHENTICATION_REQUIRED


def test_without_an_alert_a_failure_is_still_seen_in_the_rules() -> None:
    world = Watched(charge=Charge(None, ChargeState.FAILED))
    world.notices.remove_alert(ACCOUNT)
    assert world.looked_after() is Tended.FAILED
    assert (world.topup.is_on, world.told) == (False, [])


def test_it_can_be_turned_on_again_after_a_failure() -> None:
    world = Watched(charge=Charge(None, ChargeState.FAILED))
    world.looked_after()
    world.rules()
    world.processor.charges["any"] = PAID
    assert world.looked_after() is Tended.PAID
    assert [order for order, _, _ in world.processor.charged] == ["topup_1_1", "topup_1_2"]


def test_a_charge_that_is_pending_is_waited_for_and_no_other_is_begun() -> None:
    world = Watched(charge=Charge("pi_top", ChargeState.PENDING))
    assert [world.looked_after() for _ in range(3)] == [Tended.PENDING] * 3
    assert {order for order, _, _ in world.processor.charged} == {"topup_1_1"}
    assert world.available_cents == 0
    world.processor.charges["any"] = PAID
    world.processor.payments["pi_top"] = replace(
        world.processor.payments["pi_top"], is_paid=True, paid_cents=AMOUNT
    )
    assert world.looked_after() is Tended.PAID
    assert world.available_cents == AMOUNT


def test_a_charge_that_its_event_has_credited_is_not_made_again() -> None:
    world = Watched(charge=Charge("pi_top", ChargeState.PENDING))
    world.looked_after()
    world.happen(replace(world.processor.payments["pi_top"], is_paid=True, paid_cents=AMOUNT))
    world.processor.charged.clear()
    assert world.looked_after() is Tended.PAID
    assert (world.processor.charged, world.available_cents) == ([], AMOUNT)


def test_a_removed_card_turns_it_off() -> None:
    world = Watched()
    world.topups.cards.clear()
    assert world.looked_after() is Tended.FAILED
    assert world.processor.charged == []


def test_a_frozen_account_is_not_topped_up() -> None:
    world = Watched()
    world.books.freeze(ACCOUNT, cause="test")
    assert world.looked_after() is Tended.NOTHING


def test_rules_that_change_under_a_charge_leave_it_as_it_was_begun() -> None:
    world = Watched(charge=Charge("pi_top", ChargeState.PENDING))
    world.looked_after()
    world.rules(amount_cents=1_000)
    world.processor.charges["any"] = PAID
    world.processor.payments["pi_top"] = replace(
        world.processor.payments["pi_top"], is_paid=True, paid_cents=AMOUNT
    )
    assert world.looked_after() is Tended.PAID
    assert world.available_cents == AMOUNT


def test_turning_it_off_charges_nothing_more() -> None:
    world = Watched()
    turned_off = [world.manage.turn_off(a_payer()) for _ in range(2)]
    assert [topup is not None and topup.is_on for topup in turned_off] == [False, False]
    assert (world.topup.is_on, world.topup.off_reason) == (False, OffReason.BY_OWNER)
    assert world.looked_after() is Tended.NOTHING


def test_two_workers_make_one_charge() -> None:
    world = Watched()
    stored = world.topups.replace

    def overtaken(before: Any, after: Any, **owed: Any) -> bool:
        world.topups.replace = stored  # type: ignore[method-assign]
        world.looked_after()
        return stored(before, after, **owed)

    world.topups.replace = overtaken  # type: ignore[method-assign]
    assert world.looked_after() is Tended.OVERTAKEN
    assert (len(world.processor.charged), world.available_cents) == (1, AMOUNT)


def test_a_saved_card_is_kept_when_its_payment_is_seen() -> None:
    world = PaymentWorld()
    world.paid(saved_card=CARD)
    assert world.topups.read_card(ACCOUNT) == CARD
    assert world.woken == [ACCOUNT]


@pytest.mark.parametrize(
    ("charge", "told"),
    [(PAID, {"balance.low"}), (Charge(None, ChargeState.FAILED), {"balance.low", "auto_topup.disabled"})],
    ids=["paid", "declined"],
)
def test_no_crash_point_charges_twice_or_tells_twice(charge: Charge, told: set[str]) -> None:
    counting = Tripwire()
    plain = Watched(charge=charge, wire=counting)
    plain.looked_after()
    assert counting.calls
    broken = []
    for at in range(1, len(counting.calls) + 1):
        for how in WAYS_TO_DIE:
            world = Watched(charge=charge, wire=Tripwire(at=at, how=how))
            with suppress(Death, CorentError):
                world.looked_after()
            world.connect(Tripwire())
            world.looked_after()
            orders = {order for order, _, _ in world.processor.charged}
            same = (world.entries, world.topup.crossings, world.topup.is_on, world.topup.order_id) == (
                plain.entries,
                1,
                plain.topup.is_on,
                None,
            )
            if len(orders) != 1 or sorted(world.told) != sorted(told) or not same:
                broken.append((at, how, counting.calls[at - 1], orders, world.told, same))
    assert not broken


# ---- what its owner may say ---------------------------------------------------------------------------


def test_rules_need_a_saved_card() -> None:
    world = Watched()
    world.topups.cards.clear()
    with pytest.raises(NoSavedCardError):
        world.rules()


def test_a_cap_must_allow_one_charge() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        Watched().rules(monthly_cap_cents=AMOUNT - 1)
    assert refused.value.param == "monthly_cap_cents"


def test_test_keys_have_no_top_ups() -> None:
    with pytest.raises(LiveKeyRequiredError):
        Watched().manage.set(a_payer(mode=Mode.TEST), threshold_cents=1, amount_cents=1, monthly_cap_cents=1)


def test_setting_rules_has_the_balance_looked_at() -> None:
    world = Watched()
    world.woken.clear()
    world.rules()
    assert world.woken == [ACCOUNT]


def test_rules_that_always_change_meanwhile_are_not_stored() -> None:
    world = Watched()
    world.topups.replace = lambda *_, **__: False  # type: ignore[method-assign]
    for change in (world.rules, lambda: world.manage.turn_off(a_payer())):
        with pytest.raises(TemporarilyUnavailableError):
            change()


# ---- alerts -------------------------------------------------------------------------------------------


def alerted(cents: int) -> Watched:
    """An account without top-ups."""
    world = Watched(cents=cents)
    world.manage.turn_off(a_payer())
    return world


def test_a_low_balance_is_told_once_a_crossing() -> None:
    world = alerted(THRESHOLD)
    assert world.tend(ACCOUNT).told is None
    world.spend(1)
    told = [world.tend(ACCOUNT).told for _ in range(3)]
    assert told[1:] == [None, None]
    notice = world.notices.notices[str(told[0])]
    assert (notice.type, notice.data) == (
        NoticeType.BALANCE_LOW,
        {"available_cents": THRESHOLD - 1, "threshold_cents": THRESHOLD},
    )


def test_a_balance_that_rises_and_falls_again_is_told_again() -> None:
    world = alerted(THRESHOLD - 1)
    world.tend(ACCOUNT)
    world.order(2)
    world.happen(a_payment("pi_2", order_id="cs_2"))
    world.tend(ACCOUNT)
    assert not world.books.balances[ACCOUNT].is_low_told
    world.spend(1_000)
    world.tend(ACCOUNT)
    assert world.told == ["balance.low", "balance.low"]


def test_an_account_without_rules_and_alerts_is_left_alone() -> None:
    world = PaymentWorld()
    report = world.tend(ACCOUNT)
    assert (report.told, report.topup) == (None, Tended.NOTHING)
