"""The ledger's card money: each movement once, whatever was lost on the way, and what refuses it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from corent.core.errors import (
    AccountFrozenError,
    ConflictingCorrectionError,
    InvariantViolationError,
    NotFoundError,
    TemporarilyUnavailableError,
)
from corent.core.writes import OutcomeUnknownError
from corent.ledger.balances import WalletStatus
from corent.ledger.entries import Adjustment, Counterpart, EntryKind
from corent.ledger.payment_store import PaymentOrder
from corent.ledger.payments import PaymentLedger, Posting
from tests.contracts.ledger_store import COMPLETED, FAILED, fund, hold, settle
from tests.fakes import START_MS, FakeClock, MemoryBooks, a_job

AMOUNT = 10_000_000
ORDER = PaymentOrder(id="cs_1", wallet_id="acct_1", amount_micros=AMOUNT, currency="usd")
GAIN = Adjustment(Counterpart.CARD_CLEARING, into_wallet=True)


class Losing(MemoryBooks):
    """Loses one write, or its answer, of each kind that is told."""

    lost: dict[str, str]

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if not name.startswith("write_"):
            return found

        def write(*args: Any, **kwargs: Any) -> None:
            fault = self.lost.pop(name, None)
            if fault == "before":
                raise OutcomeUnknownError(name)
            found(*args, **kwargs)
            if fault == "after":
                raise OutcomeUnknownError(name)

        return write


class Money:
    """A wallet and the ledger of its card money."""

    def __init__(self, *, lost: dict[str, str] | None = None) -> None:
        self.clock = FakeClock()
        self.books = Losing()
        self.books.lost = {} if lost is None else lost
        self.books.open_wallet("acct_1", at_ms=START_MS)
        self.ledger = PaymentLedger(store=self.books, clock=self.clock, random=lambda: 0.5)

    def deposited(self) -> "Money":
        self.ledger.open_order(ORDER)
        self.deposit()
        return self

    def deposit(self) -> Posting:
        return self.ledger.deposit(ORDER, payment_id="pi_1", cause="evt_1", receipt_url=None)

    def refund(self, refund_id: str = "re_1", *, micros: int = 4_000_000) -> Posting:
        return self.claw_back(EntryKind.REFUND, refund_id, micros)

    def dispute(self, dispute_id: str = "du_1", *, micros: int = 4_000_000) -> Posting:
        return self.claw_back(EntryKind.DISPUTE, dispute_id, micros)

    def claw_back(self, kind: EntryKind, reference: str, micros: int) -> Posting:
        return self.ledger.claw_back(
            kind, reference=reference, payment_id="pi_1", amount_micros=micros, cause="evt_1"
        )

    def reinstate(self) -> Posting:
        return self.ledger.reinstate("du_1", payment_id="pi_1", cause="evt_2")

    @property
    def available_micros(self) -> int:
        balance = self.books.read_balance("acct_1")
        assert balance is not None
        balance.check()
        return balance.available_micros

    @property
    def left_micros(self) -> int:
        return self.books.payments["pi_1"].left_micros

    @property
    def status(self) -> WalletStatus:
        return self.books.balances["acct_1"].status


def charged_job(money: Money) -> str:
    job = a_job()
    fund(money.books)
    hold(money.books, job)
    settle(money.books, job, COMPLETED)
    return job.id


def give(money: Money, job_id: str, *, micros: int = 50_000) -> Posting:
    return money.ledger.goodwill(job_id, wallet_id="acct_1", amount_micros=micros, cause="op T-1")


def adjust(
    money: Money, ticket: str = "T-1", *, micros: int = 50_000, adjustment: Adjustment = GAIN
) -> Posting:
    return money.ledger.adjust(
        ticket, wallet_id="acct_1", amount_micros=micros, adjustment=adjustment, cause="op T-1"
    )


# ---- every movement, and its repeats


def deposit_once(money: Money) -> Posting:
    money.ledger.open_order(ORDER)
    return money.deposit()


def refund_once(money: Money) -> Posting:
    return (money if "pi_1" in money.books.payments else money.deposited()).refund()


def dispute_once(money: Money) -> Posting:
    return (money if "pi_1" in money.books.payments else money.deposited()).dispute()


def reinstate_once(money: Money) -> Posting:
    dispute_once(money)
    return money.reinstate()


def return_refund_once(money: Money) -> Posting:
    refund_once(money)
    return money.ledger.return_refund("re_1", payment_id="pi_1", cause="evt_2")


def goodwill_once(money: Money) -> Posting:
    return give(money, a_job().id if a_job().id in money.books.jobs else charged_job(money))


def adjust_once(money: Money) -> Posting:
    return adjust(money)


MOVEMENTS: list[tuple[Callable[[Money], Posting], str, str, int]] = [
    (deposit_once, "write_deposit", "deposit#cs_1", AMOUNT),
    (refund_once, "write_claw_back", "refund#re_1", AMOUNT - 4_000_000),
    (dispute_once, "write_claw_back", "dispute#du_1", AMOUNT - 4_000_000),
    (reinstate_once, "write_put_back", "reinstate#du_1", AMOUNT),
    (return_refund_once, "write_put_back", "adjust#re_1", AMOUNT),
    (goodwill_once, "write_goodwill", f"goodwill#{a_job().id}", 130_000),
    (adjust_once, "write_adjustment", "adjust#T-1", 50_000),
]


@pytest.mark.parametrize(("move", "write", "key", "left"), MOVEMENTS, ids=lambda value: str(value)[:24])
@pytest.mark.parametrize("lost", ["nothing", "before", "after"])
def test_a_movement_happens_once_whatever_is_lost(
    move: Callable[[Money], Posting], write: str, key: str, left: int, lost: str
) -> None:
    money = Money(lost={} if lost == "nothing" else {write: lost})
    posting = move(money)
    assert posting.key == key
    assert posting.is_new is (lost != "after")
    assert money.available_micros == left
    again = move(money)
    assert again == replace(posting, is_new=False)
    assert money.available_micros == left
    assert money.books.entries["acct_1", key].amount_micros == posting.amount_micros


@pytest.mark.parametrize(("move", "write", "key", "left"), MOVEMENTS, ids=lambda value: str(value)[:24])
def test_a_movement_whose_outcome_stays_unknown_is_given_up_in_time(
    move: Callable[[Money], Posting], write: str, key: str, left: int
) -> None:
    class Never(dict[str, str]):
        def pop(self, name: str, default: Any = None) -> Any:
            return "before" if name == write else default

    money = Money(lost=Never())
    began_s = money.clock.monotonic_s()
    with pytest.raises(TemporarilyUnavailableError):
        move(money)
    assert 5 < money.clock.monotonic_s() - began_s <= 10


# ---- orders


@pytest.mark.parametrize("lost", ["before", "after"])
def test_an_order_is_kept_once_whatever_is_lost(lost: str) -> None:
    money = Money(lost={"write_order": lost})
    money.ledger.open_order(ORDER)
    money.ledger.open_order(ORDER)
    assert money.ledger.order("cs_1") == ORDER


@pytest.mark.parametrize(
    "change", [{"wallet_id": "acct_2"}, {"amount_micros": 1}, {"currency": "eur"}], ids=str
)
def test_an_order_never_stands_for_something_else(change: dict[str, Any]) -> None:
    money = Money()
    money.ledger.open_order(ORDER)
    with pytest.raises(InvariantViolationError):
        money.ledger.open_order(replace(ORDER, **change))


def test_a_frozen_account_may_not_begin_a_deposit() -> None:
    money = Money()
    money.ledger.require_active("acct_1")
    money.books.freeze("acct_1", cause="test")
    with pytest.raises(AccountFrozenError):
        money.ledger.require_active("acct_1")


def test_an_account_without_a_balance_is_no_account() -> None:
    with pytest.raises(InvariantViolationError):
        Money().ledger.require_active("acct_9")


def test_a_deposit_of_an_order_that_was_never_kept_is_a_bug() -> None:
    with pytest.raises(InvariantViolationError):
        Money().deposit()


# ---- claw-backs


def test_a_claw_back_takes_what_is_left_and_no_more() -> None:
    money = Money().deposited()
    assert money.refund(micros=7_000_000).amount_micros == 7_000_000
    second = money.refund("re_2", micros=7_000_000)
    assert (second.amount_micros, second.is_new) == (3_000_000, True)
    assert money.refund("re_2", micros=7_000_000) == replace(second, is_new=False)
    assert money.left_micros == 0


def test_a_claw_back_of_nothing_left_posts_nothing() -> None:
    money = Money().deposited()
    money.refund(micros=AMOUNT)
    assert money.refund("re_2") == Posting("refund#re_2", 0, is_new=False)
    assert ("acct_1", "refund#re_2") not in money.books.entries


def test_a_claw_back_that_is_overtaken_takes_what_is_left_then() -> None:
    money = Money().deposited()

    class Overtaken(Losing):
        def write_claw_back(self, write: Any) -> None:
            if write.entry.reference == "re_1" and ("acct_1", "refund#re_2") not in self.entries:
                money.refund("re_2", micros=9_000_000)
            super().write_claw_back(write)

    money.books.__class__ = Overtaken
    assert money.refund(micros=4_000_000).amount_micros == 1_000_000
    assert money.left_micros == 0


def test_a_claw_back_of_a_payment_that_was_never_credited_is_a_bug() -> None:
    with pytest.raises(InvariantViolationError):
        Money().refund()


def test_only_a_dispute_freezes() -> None:
    money = Money().deposited()
    money.refund()
    assert money.status is WalletStatus.ACTIVE
    money.dispute()
    assert money.status is WalletStatus.FROZEN


def test_a_reinstatement_of_what_was_never_taken_gives_nothing() -> None:
    money = Money().deposited()
    assert money.reinstate() == Posting("reinstate#du_1", 0, is_new=False)
    assert money.available_micros == AMOUNT


def test_a_reinstatement_gives_back_just_what_was_taken() -> None:
    money = Money().deposited()
    money.refund(micros=7_000_000)
    money.dispute(micros=AMOUNT)
    assert money.reinstate().amount_micros == 3_000_000
    assert money.left_micros == 3_000_000


@pytest.mark.parametrize("lost", ["nothing", "before", "after"])
def test_a_dispute_is_noted_once_whatever_is_lost(lost: str) -> None:
    money = Money(lost={} if lost == "nothing" else {"write_freeze": lost}).deposited()
    assert money.ledger.note_dispute("du_1", payment_id="pi_1") is (lost != "after")
    money.ledger.unfreeze("acct_1", cause="op T-1")
    assert money.ledger.note_dispute("du_1", payment_id="pi_1") is False
    assert money.status is WalletStatus.ACTIVE


# ---- an operator's corrections


def test_goodwill_needs_a_job_that_was_charged() -> None:
    money = Money()
    job = a_job()
    fund(money.books)
    hold(money.books, job)
    with pytest.raises(NotFoundError):
        give(money, job.id)
    settle(money.books, job, FAILED)
    with pytest.raises(NotFoundError):
        give(money, job.id)


def test_a_second_gift_of_another_amount_for_a_job_is_refused() -> None:
    money = Money()
    job_id = charged_job(money)
    give(money, job_id)
    with pytest.raises(ConflictingCorrectionError):
        give(money, job_id, micros=60_000)
    assert money.available_micros == 130_000


def test_an_adjustment_may_take_money_out() -> None:
    money = Money().deposited()
    adjust(money, adjustment=Adjustment(Counterpart.REVENUE, into_wallet=False))
    assert money.available_micros == AMOUNT - 50_000


@pytest.mark.parametrize(
    "other",
    [
        {"micros": 60_000},
        {"adjustment": Adjustment(Counterpart.CARD_CLEARING, into_wallet=False)},
        {"adjustment": Adjustment(Counterpart.PROMOTION, into_wallet=True)},
    ],
    ids=str,
)
def test_a_ticket_stands_for_one_correction(other: dict[str, Any]) -> None:
    money = Money().deposited()
    adjust(money)
    with pytest.raises(ConflictingCorrectionError):
        adjust(money, **other)
    assert money.available_micros == AMOUNT + 50_000


def test_an_adjustment_needs_an_account() -> None:
    money = Money()
    with pytest.raises(NotFoundError):
        money.ledger.adjust("T-1", wallet_id="acct_9", amount_micros=1, adjustment=GAIN, cause="op")


def test_an_account_that_does_not_add_up_stays_frozen() -> None:
    money = Money().deposited()
    balance = money.books.balances["acct_1"]
    money.books.balances["acct_1"] = replace(balance, available_micros=AMOUNT + 1)
    money.ledger.freeze("acct_1")
    with pytest.raises(InvariantViolationError):
        money.ledger.unfreeze("acct_1", cause="op T-1")
    assert money.status is WalletStatus.FROZEN


def test_an_account_that_does_not_exist_cannot_be_unfrozen() -> None:
    with pytest.raises(NotFoundError):
        Money().ledger.unfreeze("acct_9", cause="op T-1")
