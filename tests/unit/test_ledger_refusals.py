"""What the ledger says when it refuses, to the customer, and what an alarm names, to the operator."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from corent.core.errors import (
    AccountFrozenError,
    ConflictingCorrectionError,
    CorentError,
    InsufficientFundsError,
    InvariantViolationError,
    KeyLimitReachedError,
    NotFoundError,
    TemporarilyUnavailableError,
    TooManyOpenJobsError,
)
from corent.core.writes import ConditionFailedError, OutcomeUnknownError
from corent.jobs.job import Job, JobEnd
from corent.ledger.entries import Entry, EntryKind
from corent.ledger.ledger import OPEN_JOBS_MAX
from corent.ledger.outcomes import Settlement
from corent.ledger.store import HoldWrite, KeyLimit, SettleWrite
from tests.fakes import START_MS, MemoryBooks, a_job
from tests.unit.test_ledger import PRICE, Books
from tests.unit.test_payment_ledger import ORDER, Money, adjust, charged_job, give

FROZEN = "This account may not spend. Contact support."
NO_ACCOUNT = "There is no such account."
LIMIT = KeyLimit(key_sha256="k", month="202611", limit_micros=PRICE)


def said(act: Callable[[], Any], error: type[CorentError]) -> str:
    with pytest.raises(error) as refused:
        act()
    return refused.value.message


def alarm(act: Callable[[], Any]) -> str:
    with pytest.raises(InvariantViolationError) as raised:
        act()
    return raised.value.operator_note


# ---- to the customer


def test_a_hold_above_the_balance_says_so() -> None:
    books = Books(credits_micros=1)
    assert said(lambda: books.hold(a_job()), InsufficientFundsError) == (
        "The balance is too low for this request."
    )


def test_a_hold_in_a_frozen_wallet_says_whom_to_ask() -> None:
    books = Books()
    books.store.freeze("acct_1", cause="test")
    assert said(lambda: books.hold(a_job()), AccountFrozenError) == FROZEN


def test_a_deposit_into_a_frozen_wallet_says_whom_to_ask() -> None:
    money = Money()
    money.books.freeze("acct_1", cause="test")
    assert said(lambda: money.ledger.require_active("acct_1"), AccountFrozenError) == FROZEN


def test_a_job_too_many_says_how_many_there_may_be_even_when_the_money_just_suffices() -> None:
    books = Books(credits_micros=(OPEN_JOBS_MAX + 1) * PRICE)
    for number in range(OPEN_JOBS_MAX):
        books.hold(a_job(number))
    with pytest.raises(TooManyOpenJobsError) as refused:
        books.hold(a_job(99))
    assert (refused.value.message, refused.value.retry_after_s) == (
        f"At most {OPEN_JOBS_MAX} jobs may be open at a time.",
        2,
    )


def test_a_spent_key_says_so() -> None:
    books = Books()
    books.hold(a_job(1), limit=LIMIT)
    assert said(lambda: books.hold(a_job(2), limit=LIMIT), KeyLimitReachedError) == (
        "This API key has reached its monthly spending limit."
    )


def test_a_price_above_a_keys_whole_limit_is_refused_without_a_write() -> None:
    class NeverWritten(MemoryBooks):
        def write_hold(self, write: HoldWrite, job: Job) -> None:
            raise AssertionError("written")

    books = Books(store=NeverWritten())
    said(lambda: books.hold(a_job(hold_micros=PRICE + 1), limit=LIMIT), KeyLimitReachedError)


# ---- to the operator


def test_goodwill_for_no_charged_job_says_so() -> None:
    money = Money()
    assert said(lambda: give(money, a_job().id), NotFoundError) == ("There is no such job that was charged.")


def test_an_adjustment_of_no_account_says_so() -> None:
    money = Money()
    del money.books.balances["acct_1"]
    assert said(lambda: adjust(money), NotFoundError) == NO_ACCOUNT


def test_an_unfreezing_of_no_account_says_so() -> None:
    assert said(lambda: Money().ledger.unfreeze("acct_9", cause="op"), NotFoundError) == NO_ACCOUNT


def test_a_second_correction_of_a_ticket_says_what_the_first_was() -> None:
    money = Money().deposited()
    adjust(money)
    assert said(lambda: adjust(money, micros=60_000), ConflictingCorrectionError) == (
        "adjust#T-1 stands for 50000 micro-dollars."
    )


def test_an_alarm_for_no_balance_names_the_wallet() -> None:
    assert "acct_9" in alarm(lambda: Books().ledger.balance("acct_9"))
    assert "acct_9" in alarm(lambda: Money().ledger.require_active("acct_9"))


def test_an_alarm_for_a_payment_that_was_never_credited_names_it() -> None:
    assert "pi_1" in alarm(lambda: Money().refund())


def test_an_alarm_for_an_order_that_stands_for_something_else_names_it() -> None:
    money = Money()
    money.ledger.open_order(ORDER)
    assert "cs_1" in alarm(lambda: money.ledger.open_order(replace(ORDER, amount_micros=1)))


def test_an_alarm_for_a_settlement_of_another_amount_says_both() -> None:
    books = Books()
    books.hold(a_job())
    books.capture(a_job())
    note = alarm(lambda: books.capture(replace(a_job(), hold_micros=PRICE + 1)))
    assert note == f"settle#{a_job().id} is posted with {PRICE}, not {PRICE + 1}"


def test_an_alarm_for_a_key_that_is_another_movements_names_it() -> None:
    money = Money()
    money.ledger.open_order(ORDER)
    gift = Entry("deposit#cs_1", "acct_1", EntryKind.PROMO, 1, START_MS, "gift", "test")
    money.books.entries["acct_1", gift.key] = gift
    assert "deposit#cs_1" in alarm(money.deposit)


class Refusing(MemoryBooks):
    """Refuses every write for no reason that can be read."""

    def _require(self, **conditions: bool) -> None:
        raise ConditionFailedError("refused")


def refusing(money: Money) -> Money:
    money.books.__class__ = Refusing
    return money


def test_an_alarm_for_a_refused_promotion_names_it() -> None:
    books = Books()
    books.store.__class__ = Refusing
    note = alarm(lambda: books.ledger.promote("acct_1", amount_micros=1, reference="gift", cause="test"))
    assert "promo#gift" in note


def test_an_alarm_for_a_refused_deposit_names_it() -> None:
    money = Money()
    money.ledger.open_order(ORDER)
    assert "deposit#cs_1" in alarm(refusing(money).deposit)


def test_an_alarm_for_refused_goodwill_for_a_charged_job_names_it() -> None:
    money = Money()
    job_id = charged_job(money)
    assert f"goodwill#{job_id}" in alarm(lambda: give(refusing(money), job_id))


def test_an_alarm_for_a_dispute_that_could_not_be_noted_names_it() -> None:
    money = refusing(Money().deposited())
    assert "du_1" in alarm(lambda: money.ledger.note_dispute("du_1", payment_id="pi_1"))


# ---- settlements without an answer


class WaveringSettlements(MemoryBooks):
    """Its settlements get no answer a number of times, and did not happen."""

    times: int

    def write_settlement(self, write: SettleWrite, end: JobEnd) -> None:
        if self.times:
            self.times -= 1
            raise OutcomeUnknownError("no answer")
        super().write_settlement(write, end)


def wavering(times: int) -> Books:
    store = WaveringSettlements()
    store.times = times
    books = Books(store=store)
    books.hold(a_job())
    return books


@pytest.mark.parametrize("settle", ["capture", "release"])
def test_a_settlement_without_an_answer_is_run_again(settle: str) -> None:
    assert getattr(wavering(3), settle)(a_job()) is Settlement.DONE


@pytest.mark.parametrize("settle", ["capture", "release"])
def test_a_settlement_that_stays_unknown_is_given_up_at_the_deadline(settle: str) -> None:
    books = wavering(1_000)
    said(lambda: getattr(books, settle)(a_job()), TemporarilyUnavailableError)
    assert books.clock.now_ms() <= START_MS + 5_000
