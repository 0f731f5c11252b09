"""The account check's words and edges, batches, and the trial balance over several wallets."""

from dataclasses import replace

from corent.jobs.job import JobState
from corent.ledger.audit import AuditWallet, WalletAudit
from corent.ledger.audit_store import JobMoney
from corent.ledger.entries import Entry, EntryKind
from corent.ledger.trial_balance import TrialBalance
from tests.contracts.batch_store import a_bought_batch
from tests.contracts.ledger_store import COMPLETED, FAILED, fund, hold, settle
from tests.contracts.payment_store import AMOUNT, claw_back, deposit, ordered, put_back
from tests.fakes import START_MS, MemoryBooks, a_job
from tests.unit.test_check_accounts import FIRST, PRICE, THIRD, Checked, busy_books, change_job, without_job


def audit(books: MemoryBooks, *, since_ms: int = 0) -> WalletAudit:
    return AuditWallet(store=books)("acct_1", since_ms=since_ms)


# ---- which wallet, and which jobs


def test_what_was_found_names_its_wallet() -> None:
    assert audit(busy_books()).wallet_id == "acct_1"
    assert audit(MemoryBooks()).wallet_id == "acct_1"


def test_a_wallet_that_never_stands_still_is_named() -> None:
    class Restless(MemoryBooks):
        def read_entries(self, wallet_id: str) -> object:
            entries = list(super().read_entries(wallet_id))
            balance = self.balances[wallet_id]
            self.balances[wallet_id] = replace(balance, version=balance.version + 1)
            return iter(entries)

    books = busy_books()
    books.__class__ = Restless
    assert audit(books) == WalletAudit("acct_1")


def test_a_job_that_was_settled_at_the_very_start_of_the_span_is_looked_at() -> None:
    books = busy_books()
    change_job(1, state=JobState.FAILED)(books)
    assert audit(books, since_ms=START_MS).differences
    assert not audit(books, since_ms=START_MS + 1).differences


# ---- batches


def test_a_batch_that_is_half_settled_adds_up() -> None:
    books = MemoryBooks()
    _, jobs = a_bought_batch(books)
    for job, end in zip(jobs[:2], (COMPLETED, FAILED), strict=True):
        books.admit(job)
        settle(books, job, end)
    assert audit(books).differences == ()


def test_a_batch_that_is_not_counted_is_found() -> None:
    books = MemoryBooks()
    a_bought_batch(books)
    books.balances["acct_1"] = replace(books.balances["acct_1"], open_batches=0)
    assert audit(books).differences == ("3: acct_1 counts 0 open batches, 1 are held for",)


# ---- payments


def test_two_disputes_of_one_payment_that_are_both_won_add_up() -> None:
    books = MemoryBooks()
    ordered(books)
    deposit(books)
    for dispute in ("du_1", "du_2"):
        claw_back(books, EntryKind.DISPUTE, amount=AMOUNT // 2, reference=dispute)
    for dispute in ("du_1", "du_2"):
        put_back(books, reference=dispute, amount=AMOUNT // 2)
    assert audit(books).differences == ()


def test_more_left_of_a_payment_than_was_credited_is_said_with_both_amounts() -> None:
    books = MemoryBooks()
    ordered(books)
    deposit(books)
    claw_back(books, EntryKind.DISPUTE, amount=1, reference="du_1")
    put_back(books, amount=1)
    given = books.entries["acct_1", "reinstate#du_1"]
    books.entries["acct_1", "reinstate#du_1"] = replace(given, amount_micros=3)
    books.payments["pi_1"] = replace(books.payments["pi_1"], left_micros=AMOUNT + 2)
    assert f"6: {AMOUNT + 2} are left of pi_1, {AMOUNT} were credited" in audit(books).differences


# ---- what the operator reads


def test_a_missing_job_that_is_held_for_is_said_to_be_missing() -> None:
    books = busy_books()
    without_job(3)(books)
    assert audit(books).differences == (
        f"4: {THIRD} is held for, and it is missing",
        f"3: {PRICE} are held for {THIRD}, its jobs say 0",
    )


def test_an_ended_job_that_is_held_for_is_said_with_its_state_and_its_money() -> None:
    books = busy_books()
    change_job(3, state=JobState.COMPLETED)(books)
    assert audit(books).differences == (f"4: {THIRD} is held for, and it is completed, its money held",)


def test_a_charged_job_that_is_not_completed_is_said_with_its_state_and_its_money() -> None:
    books = busy_books()
    change_job(1, state=JobState.FAILED)(books)
    assert audit(books).differences == (
        f"4: settle#{FIRST} is a capture, and the job is failed, its money captured",
    )


# ---- the trial balance


def two_wallets() -> MemoryBooks:
    """The busy wallet, and another one of 100,000 that holds for one job and paid for two."""
    books = busy_books()
    fund(books, wallet_id="acct_2")
    jobs = [a_job(number, wallet_id="acct_2") for number in (11, 12, 13)]
    for job in jobs:
        opened = Entry(f"hold#{job.id}", "acct_2", EntryKind.HOLD, PRICE, START_MS, job.id, "req_2")
        hold(books, job, entry=opened)
    for job in jobs[:2]:
        settle(books, job, COMPLETED, wallet_id="acct_2")
    return books


def test_the_trial_balance_adds_wallets_up() -> None:
    books = two_wallets()
    report = Checked(books).check.all()
    balances = books.balances.values()
    trial = report.trial
    assert (report.differences, report.trial_differences) == ({}, [])
    assert (trial.wallets, trial.entries) == (2, len(books.entries))
    assert trial.available_micros == sum(balance.available_micros for balance in balances)
    assert (trial.held_micros, trial.accounts["customer_held"]) == (2 * PRICE, 2 * PRICE)


def test_captures_of_the_span_are_added_up_and_releases_are_not() -> None:
    assert Checked(two_wallets()).check.all().trial.captured_micros == 3 * PRICE


def test_a_released_job_brings_nothing_in_and_still_cost_us() -> None:
    trial = TrialBalance()
    released = Entry("settle#j", "acct_1", EntryKind.RELEASE, PRICE, START_MS, "j", "req_1")
    trial.add_job(released, JobMoney("released", "failed", PRICE, costs_micros=(("fal/a", 3_000),)))
    assert (trial.captured_micros, trial.margin_micros) == (0, -3_000)
