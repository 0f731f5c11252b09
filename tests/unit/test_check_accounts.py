"""The account check and the trial balance: whatever is wrong with one item is found, and nothing else."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from corent.core.errors import InvariantViolationError
from corent.jobs.job import JobState
from corent.ledger.audit import TRIES_MAX, AuditWallet
from corent.ledger.audit_store import JobMoney
from corent.ledger.balances import Balance, WalletStatus
from corent.ledger.entries import Entry, EntryKind
from corent.usecases.check_accounts import CHECK_S, DAILY_SPAN_MS, AccountsReport, CheckAccounts
from tests.contracts.ledger_store import COMPLETED, FAILED, hold, settle
from tests.contracts.payment_store import claw_back, deposit, ordered, put_back
from tests.fakes import START_MS, FakeClock, MemoryBooks, a_job

PRICE = 20_000


def busy_books() -> MemoryBooks:
    """A wallet to which everything has happened: 10 $ paid, 4 $ of it disputed and won, three jobs."""
    books = MemoryBooks()
    ordered(books)
    deposit(books)
    claw_back(books, EntryKind.DISPUTE, reference="du_1")
    put_back(books)
    books.unfreeze("acct_1", cause="T-1")
    claw_back(books, amount=1_000_000)
    jobs = [a_job(number) for number in (1, 2, 3)]
    for job in jobs:
        hold(books, job)
    settle(books, jobs[0], COMPLETED)
    settle(books, jobs[1], FAILED)
    return books


class Checked:
    """Runs the check over books in memory."""

    def __init__(self, books: MemoryBooks) -> None:
        self.books = books
        self.clock = FakeClock()
        self.check = CheckAccounts(
            store=books, freeze=lambda wallet: books.freeze(wallet, cause="test"), clock=self.clock
        )

    def differences(self) -> list[str]:
        return [text for found in self.check.all().differences.values() for text in found]


def change_balance(**changes: object) -> Callable[[MemoryBooks], None]:
    def change(books: MemoryBooks) -> None:
        books.balances["acct_1"] = replace(books.balances["acct_1"], **changes)  # type: ignore[arg-type]

    return change


def change_entry(key: str, **changes: object) -> Callable[[MemoryBooks], None]:
    def change(books: MemoryBooks) -> None:
        entry = books.entries["acct_1", key]
        books.entries["acct_1", key] = replace(entry, **changes)  # type: ignore[arg-type]

    return change


def without_entry(key: str) -> Callable[[MemoryBooks], None]:
    def change(books: MemoryBooks) -> None:
        del books.entries["acct_1", key]

    return change


def change_job(number: int, *, money: str | None = None, **changes: object) -> Callable[[MemoryBooks], None]:
    def change(books: MemoryBooks) -> None:
        job = a_job(number)
        books.jobs[job.id] = replace(books.jobs[job.id], **changes)  # type: ignore[arg-type]
        if money is not None:
            books.money[job.id] = money

    return change


def without_job(number: int) -> Callable[[MemoryBooks], None]:
    def change(books: MemoryBooks) -> None:
        del books.jobs[a_job(number).id]

    return change


def change_payment(**changes: object) -> Callable[[MemoryBooks], None]:
    def change(books: MemoryBooks) -> None:
        books.payments["pi_1"] = replace(books.payments["pi_1"], **changes)  # type: ignore[arg-type]

    return change


def without_payment(books: MemoryBooks) -> None:
    del books.payments["pi_1"]


# What the wallet of `busy_books` has in it.
AVAILABLE = 10_000_000 - 1_000_000 - 2 * PRICE
FIRST, SECOND, THIRD = (a_job(number).id for number in (1, 2, 3))
FAULTS: dict[str, tuple[Callable[[MemoryBooks], None], str]] = {
    "a cent too much": (change_balance(available_micros=AVAILABLE + 10_000, credits_micros=14_010_000), "2"),
    "numbers that contradict each other": (change_balance(available_micros=AVAILABLE - 1), "1"),
    "too much held": (change_balance(held_micros=PRICE + 1, available_micros=AVAILABLE - 1), "2"),
    "another version": (change_balance(version=11), "2"),
    "captured too little": (change_balance(captured_micros=PRICE - 1), "2"),
    "an open job too many": (change_balance(open_jobs=2), "3"),
    "no open job": (change_balance(open_jobs=0), "3"),
    "an entry of another amount": (change_entry(f"hold#{THIRD}", amount_micros=PRICE + 1), "2"),
    "a settlement of another amount": (change_entry(f"settle#{FIRST}", amount_micros=PRICE - 1), "5"),
    "a release that was a capture": (change_entry(f"settle#{SECOND}", kind=EntryKind.CAPTURE), "4"),
    "a missing deposit": (without_entry("deposit#cs_test_1"), "2"),
    "a missing hold": (without_entry(f"hold#{FIRST}"), "5"),
    "a missing settlement": (without_entry(f"settle#{FIRST}"), "4"),
    "a charged job that is not completed": (change_job(1, state=JobState.FAILED), "4"),
    "a charged job whose money is released": (change_job(1, money="released"), "4"),
    "a released job that is completed": (change_job(2, state=JobState.COMPLETED), "4"),
    "a settled job of another price": (change_job(1, hold_micros=PRICE + 1), "5"),
    "an open job of another price": (change_job(3, hold_micros=PRICE + 1), "3"),
    "an open job that has ended": (change_job(3, state=JobState.COMPLETED), "4"),
    "an open job whose money is captured": (change_job(3, money="captured"), "4"),
    "a missing open job": (without_job(3), "4"),
    "a missing charged job": (without_job(1), "4"),
    "more left of a payment": (change_payment(left_micros=9_000_001), "6"),
    "less left of a payment": (change_payment(left_micros=8_999_999), "6"),
    "a payment of another amount": (change_payment(credited_micros=10_000_001), "6"),
    "a missing payment": (without_payment, "6"),
    "more taken back than there was": (change_entry("refund#re_1", amount_micros=10_000_001), "6"),
    "more put back than was taken": (change_entry("reinstate#du_1", amount_micros=6_000_001), "6"),
}


def test_books_that_add_up_have_no_differences() -> None:
    checked = Checked(busy_books())
    report = checked.check.all()
    assert (report.checked, report.differences, report.trial_differences) == (1, {}, [])
    assert checked.books.balances["acct_1"].status is WalletStatus.ACTIVE


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_and_freezes_the_account(fault: str) -> None:
    plant, invariant = FAULTS[fault]
    checked = Checked(busy_books())
    plant(checked.books)
    found = checked.differences()
    assert invariant in {text[0] for text in found}, found
    assert checked.books.balances["acct_1"].status is WalletStatus.FROZEN


def test_a_wallet_below_zero_needs_a_reason() -> None:
    checked = Checked(busy_books())
    del checked.books.entries["acct_1", "refund#re_1"]
    del checked.books.entries["acct_1", "dispute#du_1"]
    balance = checked.books.balances["acct_1"]
    checked.books.balances["acct_1"] = replace(balance, available_micros=-1)
    assert "8" in {text[0] for text in checked.differences()}


def test_a_wallet_that_a_dispute_took_below_zero_is_no_fault() -> None:
    books = MemoryBooks()
    ordered(books)
    deposit(books)
    job = a_job(hold_micros=10_000_000)
    hold(books, job)
    settle(books, job, COMPLETED)
    claw_back(books, EntryKind.DISPUTE, amount=10_000_000, reference="du_1")
    assert books.balances["acct_1"].available_micros == -10_000_000
    assert Checked(books).differences() == []


def test_only_one_account_is_frozen() -> None:
    checked = Checked(busy_books())
    checked.books.open_wallet("acct_2", at_ms=START_MS)
    change_balance(version=11)(checked.books)
    assert set(checked.check.all().differences) == {"acct_1"}
    assert checked.books.balances["acct_2"].status is WalletStatus.ACTIVE


def test_a_wallet_without_a_balance_is_a_difference() -> None:
    audit = AuditWallet(store=MemoryBooks())("acct_9", since_ms=0)
    assert audit.differences == ("2: acct_9 has no balance",)


def test_a_wallet_that_moves_while_it_is_looked_at_is_looked_at_again() -> None:
    books = busy_books()
    reads = iter(range(2))

    class Moving(MemoryBooks):
        def read_entries(self, wallet_id: str) -> object:
            entries = list(super().read_entries(wallet_id))
            if next(reads, None) is not None:
                settle(self, a_job(3), COMPLETED) if self.money[THIRD] == "held" else claw_back(
                    self, amount=1, reference="re_2"
                )
            return iter(entries)

    books.__class__ = Moving
    report = Checked(books).check.all()
    assert (report.differences, report.moving, report.trial.wallets) == ({}, [], 1)


def test_a_wallet_that_never_stands_still_is_left_for_the_next_run() -> None:
    books = busy_books()
    numbers = iter(range(100, 200))

    class Restless(MemoryBooks):
        def read_entries(self, wallet_id: str) -> object:
            entries = list(super().read_entries(wallet_id))
            claw_back(self, amount=1, reference=f"re_{next(numbers)}")
            return iter(entries)

    books.__class__ = Restless
    report = Checked(books).check.all()
    assert (report.differences, report.moving, report.trial_differences) == ({}, ["acct_1"], [])
    assert next(numbers) == 100 + TRIES_MAX
    assert books.balances["acct_1"].status is WalletStatus.ACTIVE


def test_the_hourly_run_looks_at_wallets_that_moved_and_the_daily_one_at_all() -> None:
    checked = Checked(busy_books())
    checked.books.moved_ms["acct_1"] = START_MS - 3 * 3_600_000
    assert checked.check.moved().checked == 0
    assert checked.check.all().checked == 1


def test_jobs_that_were_settled_long_ago_are_not_read_again() -> None:
    checked = Checked(busy_books())
    checked.clock.time_ms += DAILY_SPAN_MS + 10
    change_job(1, state=JobState.FAILED)(checked.books)
    assert checked.differences() == []


def test_a_run_that_is_out_of_time_says_so_and_draws_no_balance() -> None:
    checked = Checked(busy_books())
    checked.books.open_wallet("acct_2", at_ms=START_MS)

    class Slow(MemoryBooks):
        def read_balance(self, wallet_id: str) -> Balance | None:
            checked.clock.sleep(CHECK_S)
            return super().read_balance(wallet_id)

    checked.books.__class__ = Slow
    report = checked.check.all()
    assert (report.checked, report.complete, report.trial_differences) == (1, False, [])


def test_the_trial_balance_sums_the_accounts_of_the_books() -> None:
    report = Checked(busy_books()).check.all()
    trial = report.trial
    assert dict(trial.accounts) == {
        "card_clearing": -9_000_000,
        "customer": AVAILABLE,
        "customer_held": PRICE,
        "revenue": PRICE,
    }
    assert (trial.available_micros, trial.held_micros) == (AVAILABLE, PRICE)
    assert sum(trial.accounts.values()) == 0
    assert trial.kinds[EntryKind.DEPOSIT] == 10_000_000


def test_the_trial_balance_finds_what_a_wallet_stores_and_its_entries_do_not_say() -> None:
    checked = Checked(busy_books())
    change_balance(available_micros=AVAILABLE + 10_000, credits_micros=14_010_000)(checked.books)
    report = checked.check.all()
    assert [text[0] for text in report.trial_differences] == ["7"]
    assert report.found == 2


def test_an_entry_that_does_not_move_as_much_as_it_takes_is_found() -> None:
    report = AccountsReport()
    report.trial.accounts.update({"customer": 1})
    assert report.trial.differences()[0].startswith("7: debits and credits differ")


def test_the_margin_is_captures_less_what_upstreams_cost() -> None:
    books = busy_books()
    costs = {
        FIRST: (("fal/a", 3_000), ("openai/b", 5_000), ("fal/a", 3_000)),
        SECOND: (("fal/a", 3_000),),
    }

    class Costing(MemoryBooks):
        def read_jobs(self, job_ids: object) -> dict[str, JobMoney]:
            jobs = super().read_jobs(job_ids)  # type: ignore[arg-type]
            return {key: replace(job, costs_micros=costs.get(key, ())) for key, job in jobs.items()}

    books.__class__ = Costing
    trial = Checked(books).check.all().trial
    assert dict(trial.costs_micros) == {"fal/a": 9_000, "openai/b": 5_000}
    assert (trial.captured_micros, trial.cost_micros, trial.margin_micros) == (PRICE, 14_000, PRICE - 14_000)


def test_a_balance_checks_itself() -> None:
    with pytest.raises(InvariantViolationError):
        replace(busy_books().balances["acct_1"], held_micros=0).check()


def test_an_entry_moves_something() -> None:
    with pytest.raises(ValueError, match="positive"):
        Entry("k", "w", EntryKind.DEPOSIT, 0, 1, "r", "c")
    with pytest.raises(ValueError, match="names its accounts"):
        Entry("k", "w", EntryKind.ADJUST, 1, 1, "r", "c")
