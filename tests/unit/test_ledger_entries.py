"""What a posted entry says beside its amount: what it is about, who asked for it, and when."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from corent.core.errors import InvariantViolationError
from corent.core.idempotency import SameRequest
from corent.ledger.entries import CUSTOMER, Adjustment, Counterpart, Effect, Entry
from corent.ledger.ledger import Held
from corent.ledger.payment_store import ClawBackWrite, PaymentOrder
from tests.fakes import START_MS, MemoryBooks, a_job
from tests.unit import test_ledger, test_payment_ledger
from tests.unit.test_payment_ledger import ORDER, Money

LATER_MS = START_MS + 7_000
RECEIPT = "https://receipts.example/1"


class Noting(MemoryBooks):
    """Keeps what it was told beside the money itself."""

    told: dict[str, Any]

    def freeze(self, wallet_id: str, *, cause: str) -> None:
        self.told["freeze"] = cause
        super().freeze(wallet_id, cause=cause)

    def unfreeze(self, wallet_id: str, *, cause: str) -> None:
        self.told["unfreeze"] = cause
        super().unfreeze(wallet_id, cause=cause)

    def write_order(self, order: PaymentOrder, *, at_ms: int) -> None:
        self.told["order"] = at_ms
        super().write_order(order, at_ms=at_ms)

    def write_freeze(self, wallet_id: str, *, payment_id: str, dispute_id: str, at_ms: int) -> None:
        self.told["dispute"] = at_ms
        super().write_freeze(wallet_id, payment_id=payment_id, dispute_id=dispute_id, at_ms=at_ms)

    def write_claw_back(self, write: ClawBackWrite) -> None:
        self.told["claw-backs"] = self.told.get("claw-backs", 0) + 1
        super().write_claw_back(write)


def noting(books: MemoryBooks) -> dict[str, Any]:
    """Let the books keep what they are told from now on, and return where."""
    books.__class__ = Noting
    told: dict[str, Any] = {}
    vars(books)["told"] = told
    return told


def money_later() -> Money:
    """A wallet whose clock has moved on since its making."""
    money = Money()
    money.clock.time_ms = LATER_MS
    return money


def posted(books: MemoryBooks, key: str) -> tuple[str, str, int]:
    entry = books.entries["acct_1", key]
    return entry.reference, entry.cause, entry.at_ms


# ---- of jobs and promotions


def held() -> test_ledger.Books:
    books = test_ledger.Books()
    books.clock.time_ms = LATER_MS
    books.hold(a_job())
    return books


def test_a_hold_says_which_job_and_request_it_is_for() -> None:
    assert posted(held().store, f"hold#{a_job().id}") == (a_job().id, "req_1", LATER_MS)


def test_a_hold_of_a_job_is_for_one_job() -> None:
    books = held()
    assert books.store.entries["acct_1", f"hold#{a_job().id}"].jobs == 1
    assert books.ledger.balance("acct_1").jobs_total == 1


@pytest.mark.parametrize("settle", ["capture", "release"])
def test_a_settlement_says_which_job_and_request_it_is_for(settle: str) -> None:
    books = held()
    getattr(books, settle)(a_job())
    assert posted(books.store, f"settle#{a_job().id}") == (a_job().id, "req_1", LATER_MS)


def test_a_promotion_says_what_it_is_and_who_gave_it() -> None:
    books = test_ledger.Books()
    assert posted(books.store, "promo#opening") == ("opening", "test", START_MS)


def test_a_refill_of_a_test_wallet_is_noted_with_its_day() -> None:
    books = test_ledger.Books()
    books.ledger.promote(
        "acct_1", amount_micros=7, reference="refill", cause="test", refilled_on="2026-11-22"
    )
    assert books.ledger.balance("acct_1").refilled_on == "2026-11-22"


def test_a_new_wallet_is_looked_at_from_its_first_hour_on() -> None:
    books = test_ledger.Books()
    books.ledger.open_wallet("acct_2")
    assert books.store.moved_ms["acct_2"] == START_MS


# ---- of card money and corrections


def charged(money: Money) -> str:
    job_id = test_payment_ledger.charged_job(money)
    money.clock.time_ms = LATER_MS
    return job_id


def deposit(money: Money) -> None:
    money.ledger.open_order(ORDER)
    money.ledger.deposit(ORDER, payment_id="pi_1", cause="evt_1", receipt_url=RECEIPT)


def refund(money: Money) -> None:
    deposit(money)
    money.refund()


def dispute(money: Money) -> None:
    deposit(money)
    money.dispute()


def reinstate(money: Money) -> None:
    dispute(money)
    money.reinstate()


def return_refund(money: Money) -> None:
    refund(money)
    money.ledger.return_refund("re_1", payment_id="pi_1", cause="evt_2")


def give(money: Money) -> None:
    test_payment_ledger.give(money, charged(money))


def adjust(money: Money) -> None:
    test_payment_ledger.adjust(money)


@pytest.mark.parametrize(
    ("move", "key", "reference", "cause"),
    [
        (deposit, "deposit#cs_1", "cs_1", "evt_1"),
        (refund, "refund#re_1", "re_1", "evt_1"),
        (dispute, "dispute#du_1", "du_1", "evt_1"),
        (reinstate, "reinstate#du_1", "du_1", "evt_2"),
        (return_refund, "adjust#re_1", "re_1", "evt_2"),
        (give, f"goodwill#{a_job().id}", a_job().id, "op T-1"),
        (adjust, "adjust#T-1", "T-1", "op T-1"),
    ],
    ids=lambda value: str(value)[:16],
)
def test_a_movement_says_what_it_is_about_and_who_asked_for_it(
    move: Callable[[Money], None], key: str, reference: str, cause: str
) -> None:
    money = money_later()
    move(money)
    assert posted(money.books, key) == (reference, cause, LATER_MS)


def test_a_deposit_keeps_its_receipt() -> None:
    money = money_later()
    deposit(money)
    assert money.books.entries["acct_1", "deposit#cs_1"].receipt_url == RECEIPT


def test_an_order_and_a_noted_dispute_are_kept_with_their_time() -> None:
    money = money_later()
    told = noting(money.books)
    deposit(money)
    money.ledger.note_dispute("du_1", payment_id="pi_1")
    assert told == {"order": LATER_MS, "dispute": LATER_MS}


def test_a_claw_back_that_is_posted_already_is_not_written_again() -> None:
    money = Money()
    told = noting(money.books)
    refund(money)
    money.refund()
    assert told["claw-backs"] == 1


@pytest.mark.parametrize("into_wallet", [True, False])
def test_an_adjustment_moves_between_the_wallet_and_the_account_it_names(into_wallet: bool) -> None:
    effect = Adjustment(Counterpart.REVENUE, into_wallet=into_wallet).effect
    assert effect == (
        Effect("revenue", CUSTOMER, available=1, held=0, credits=1, debits=0)
        if into_wallet
        else Effect(CUSTOMER, "revenue", available=-1, held=0, credits=0, debits=1)
    )


# ---- why a wallet was frozen or freed


def test_a_freeze_by_the_account_check_says_so() -> None:
    money = Money()
    told = noting(money.books)
    money.ledger.freeze("acct_1")
    assert told["freeze"] == "account check"


def test_an_unfreezing_keeps_who_did_it() -> None:
    money = Money()
    told = noting(money.books)
    money.ledger.unfreeze("acct_1", cause="op T-1")
    assert told["unfreeze"] == "op T-1"


def test_a_freeze_for_a_balance_that_contradicts_itself_says_so() -> None:
    books = test_ledger.Books()
    told = noting(books.store)
    books.store.balances["acct_1"] = replace(books.store.balances["acct_1"], available_micros=1)
    with pytest.raises(InvariantViolationError):
        books.ledger.balance("acct_1")
    assert told["freeze"] == "invariant"


# ---- what is listed and summed


def test_the_sum_of_jobs_is_of_one_wallet_and_one_span() -> None:
    books = test_ledger.Books(credits_micros=1_000_000)
    books.ledger.open_wallet("acct_2")
    books.ledger.promote("acct_2", amount_micros=1_000_000, reference="opening", cause="test")
    jobs = [a_job(number, at_ms=START_MS + number) for number in range(4)]
    for job in [*jobs, a_job(9, wallet_id="acct_2", at_ms=START_MS + 1)]:
        books.hold(job)
        books.capture(job)
    since, before = (jobs[number].id.removeprefix("job_") for number in (1, 3))
    summed = books.ledger.sum_jobs("acct_1", since=since, before=before)
    assert (summed.jobs, summed.captured_micros) == (2, 40_000)


def test_entries_are_listed_of_one_wallet() -> None:
    books = held()
    books.ledger.open_wallet("acct_2")
    assert books.ledger.entries("acct_2", limit=10, before=None) == ([], None)


def test_a_key_is_in_force_to_the_end_of_the_second_in_which_it_expires() -> None:
    books = test_ledger.Books()
    books.hold(a_job(1), claim=test_ledger.claim())
    books.clock.time_ms += 86_400_500
    first = SameRequest(a_job(1).id)
    assert books.ledger.same_request("acct_1", idempotency=test_ledger.claim()) == first
    assert books.hold(a_job(2), claim=test_ledger.claim()) == first
    books.clock.time_ms += 500
    assert books.hold(a_job(2), claim=test_ledger.claim()) == Held()


def test_an_entry_of_a_payment_is_found_by_it() -> None:
    money = money_later()
    return_refund(money)
    entries: list[Entry] = list(money.books.entries.values())
    assert [entry.payment_id for entry in entries] == ["pi_1", "pi_1", "pi_1"]
