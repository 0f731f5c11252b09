"""What the stores of alerts, notices and top-ups must do: each condition met and broken on its own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from corent.core.ids import new_ulid
from corent.ledger.balances import Balance
from corent.ledger.entries import EntryKind, promo_key
from corent.notices.notice import Alert, Notice, NoticeType
from corent.payments.topup import OffReason, SavedCard, TopUp
from tests.contracts.ledger_store import Store, entry, fund
from tests.fakes import START_MS

LOW = 50_000
ALERT = Alert("acct_1", low_micros=LOW, url="https://hooks.example/in", sealed_secret="sealed")
TOPUP = TopUp("acct_1", threshold_micros=60_000, amount_micros=5_000_000, monthly_cap_micros=10_000_000)
CARD = SavedCard("cus_1", "pm_1", saved_at_s=10)


@dataclass
class Watching:
    """The books, and what watches their balances."""

    books: Store
    notices: Any
    topups: Any
    owed: Callable[[], list[str]]

    @property
    def balance(self) -> Balance:
        balance: Balance = self.books.read_balance("acct_1")
        balance.check()
        return balance


def a_notice(**changes: Any) -> Notice:
    made = Notice(
        id=f"evt_{new_ulid()}",
        wallet_id="acct_1",
        type=NoticeType.BALANCE_LOW,
        at_ms=START_MS,
        data={"available_cents": 4, "threshold_cents": 5},
        url=ALERT.url,
        sealed_secret=ALERT.sealed_secret,
    )
    return replace(made, **changes)


def an_alert_is_kept_and_its_balance_watched(world: Watching) -> None:
    fund(world.books)
    assert world.notices.read_alert("acct_1") is None
    world.notices.set_alert(ALERT)
    assert world.notices.read_alert("acct_1") == ALERT
    assert (world.balance.low_micros, world.balance.is_low_told) == (LOW, False)
    world.notices.remove_alert("acct_1")
    world.notices.remove_alert("acct_1")
    assert world.notices.read_alert("acct_1") is None
    assert world.balance.low_micros is None


def an_alert_without_a_secret_comes_back_without_one(world: Watching) -> None:
    fund(world.books)
    bare = replace(ALERT, sealed_secret=None, last_event_id="evt_1")
    world.notices.set_alert(bare)
    assert world.notices.read_alert("acct_1") == bare


def a_low_balance_is_told_once(world: Watching) -> None:
    fund(world.books, micros=LOW - 1)
    world.notices.set_alert(ALERT)
    first, second = a_notice(), a_notice()
    assert world.notices.tell_low(first, low_micros=LOW)
    assert not world.notices.tell_low(second, low_micros=LOW)
    assert world.owed() == [first.id]
    assert world.notices.read_notice(first.id) == first
    assert world.notices.read_notice(second.id) is None
    assert world.balance.is_low_told
    assert world.notices.read_alert("acct_1").last_event_id == first.id


def a_balance_that_is_not_low_is_not_told(world: Watching) -> None:
    fund(world.books, micros=LOW)
    world.notices.set_alert(ALERT)
    assert not world.notices.tell_low(a_notice(), low_micros=LOW)
    assert world.owed() == []


def an_alert_that_was_changed_is_not_told_as_the_old_one(world: Watching) -> None:
    fund(world.books, micros=LOW - 1)
    world.notices.set_alert(replace(ALERT, low_micros=LOW + 1))
    assert not world.notices.tell_low(a_notice(), low_micros=LOW)


def a_balance_that_has_risen_is_told_of_again_when_it_falls(world: Watching) -> None:
    fund(world.books, micros=LOW - 1)
    world.notices.set_alert(ALERT)
    assert world.notices.tell_low(a_notice(), low_micros=LOW)
    world.notices.forget_low("acct_1", low_micros=LOW)
    assert world.balance.is_low_told
    fund_more(world, 1)
    world.notices.forget_low("acct_1", low_micros=LOW)
    world.notices.forget_low("acct_1", low_micros=LOW)
    assert not world.balance.is_low_told


def fund_more(world: Watching, micros: int) -> None:
    gift = entry(EntryKind.PROMO, promo_key("more"), amount=micros, ref="more")
    world.books.write_promo(gift, refilled_on=None)


def a_new_threshold_begins_anew(world: Watching) -> None:
    fund(world.books, micros=LOW - 1)
    world.notices.set_alert(ALERT)
    assert world.notices.tell_low(a_notice(), low_micros=LOW)
    world.notices.set_alert(ALERT)
    assert not world.balance.is_low_told


def watching_moves_no_money(world: Watching) -> None:
    fund(world.books)
    before = world.balance
    world.notices.set_alert(ALERT)
    world.topups.replace(None, TOPUP)
    after = world.balance
    assert replace(after, low_micros=None, topup_micros=None) == before


def a_top_up_is_kept_and_its_balance_watched(world: Watching) -> None:
    fund(world.books)
    assert world.topups.read("acct_1") is None
    assert world.topups.replace(None, TOPUP)
    assert world.topups.read("acct_1") == TOPUP
    assert world.balance.topup_micros == TOPUP.threshold_micros


def every_field_of_a_top_up_comes_back(world: Watching) -> None:
    fund(world.books)
    off = replace(TOPUP.begun("202611"), is_on=False, off_reason=OffReason.CARD_DECLINED, off_at_ms=START_MS)
    assert world.topups.replace(None, off)
    assert world.topups.read("acct_1") == off


def a_top_up_is_replaced_once(world: Watching) -> None:
    fund(world.books)
    world.topups.replace(None, TOPUP)
    stored = world.topups.read("acct_1")
    assert not world.topups.replace(None, TOPUP)
    assert world.topups.replace(stored, stored.begun("202611"))
    assert not world.topups.replace(stored, stored.begun("202611"))
    assert world.topups.read("acct_1").crossings == 1


def a_balance_is_not_watched_while_a_charge_is_under_way(world: Watching) -> None:
    fund(world.books)
    world.topups.replace(None, TOPUP)
    stored = world.topups.read("acct_1")
    world.topups.replace(stored, stored.begun("202611"))
    assert world.balance.topup_micros is None
    begun = world.topups.read("acct_1")
    world.topups.replace(begun, begun.paid())
    assert world.balance.topup_micros == TOPUP.threshold_micros


def a_capped_month_is_noted_until_the_rules_change(world: Watching) -> None:
    fund(world.books)
    world.topups.replace(None, TOPUP)
    world.topups.note_capped("acct_1", month="202611")
    assert world.balance.topup_capped == "202611"
    stored = world.topups.read("acct_1")
    world.topups.replace(stored, stored.changed(TOPUP))
    assert world.balance.topup_capped is None


def a_notice_is_owed_with_the_change_it_tells_of(world: Watching) -> None:
    fund(world.books)
    world.notices.set_alert(ALERT)
    world.topups.replace(None, TOPUP)
    stored = world.topups.read("acct_1")
    notice = a_notice(type=NoticeType.AUTO_TOPUP_DISABLED)
    assert world.topups.replace(stored, stored.begun("202611"), notice=notice)
    assert not world.topups.replace(stored, stored.begun("202611"), notice=a_notice())
    assert world.owed() == [notice.id]


def the_newest_card_is_kept(world: Watching) -> None:
    fund(world.books)
    assert world.topups.read_card("acct_1") is None
    world.topups.keep_card("acct_1", CARD)
    world.topups.keep_card("acct_1", replace(CARD, method_id="pm_old", saved_at_s=9))
    assert world.topups.read_card("acct_1") == CARD
    newer = replace(CARD, method_id="pm_2", saved_at_s=11)
    world.topups.keep_card("acct_1", newer)
    assert world.topups.read_card("acct_1") == newer


WATCHING_CHECKS: list[Callable[[Watching], None]] = [
    an_alert_is_kept_and_its_balance_watched,
    an_alert_without_a_secret_comes_back_without_one,
    a_low_balance_is_told_once,
    a_balance_that_is_not_low_is_not_told,
    an_alert_that_was_changed_is_not_told_as_the_old_one,
    a_balance_that_has_risen_is_told_of_again_when_it_falls,
    a_new_threshold_begins_anew,
    watching_moves_no_money,
    a_top_up_is_kept_and_its_balance_watched,
    every_field_of_a_top_up_comes_back,
    a_top_up_is_replaced_once,
    a_balance_is_not_watched_while_a_charge_is_under_way,
    a_capped_month_is_noted_until_the_rules_change,
    a_notice_is_owed_with_the_change_it_tells_of,
    the_newest_card_is_kept,
]
