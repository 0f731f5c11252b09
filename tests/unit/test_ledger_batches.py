"""Batches in the ledger: held and refused as a whole, settled job by job, closed once."""

from typing import Any

import pytest

from corent.core.errors import (
    AccountFrozenError,
    IdempotencyKeyReusedError,
    InsufficientFundsError,
    KeyLimitReachedError,
    TemporarilyUnavailableError,
    TooManyOpenJobsError,
)
from corent.core.idempotency import SameRequest
from corent.core.writes import OutcomeUnknownError
from corent.jobs.batch import Batch, BatchEnd, BatchState
from corent.jobs.job import Job
from corent.ledger.ledger import OPEN_BATCHES_MAX, Held
from corent.ledger.outcomes import Settlement
from corent.ledger.store import KeyLimit
from tests.fakes import START_MS, MemoryBooks, a_batch, a_job
from tests.unit.test_ledger import COMPLETED, FAILED, Books, claim

SIZE = 3
PRICE = SIZE * 20_000
CLOSED = BatchEnd(
    state=BatchState.COMPLETED, finished_at_ms=START_MS + 5_000, owes_webhook=False, stopping=False
)
LIMIT = KeyLimit(key_sha256="k", month="202611", limit_micros=PRICE)


def buy(books: Books, number: int = 900, **terms: Any) -> tuple[Batch, list[Job], Held | SameRequest]:
    batch, jobs = a_batch(number, size=SIZE)
    books.store.batch_store.stage(jobs)
    asked: dict[str, Any] = {
        "wallet_id": batch.wallet_id,
        "batch_id": batch.id,
        "jobs": batch.size,
        "amount_micros": batch.hold_micros,
        "cause": "req_1",
        "deadline_s": books.clock.monotonic_s() + 5,
        "idempotency": None,
        "key_limit": None,
    }
    return batch, jobs, books.ledger.hold_batch(batch, **{**asked, **terms})


def settle(books: Books, job: Job, *, captured: bool) -> Settlement:
    books.store.admit(job)
    terms: dict[str, Any] = {
        "wallet_id": job.wallet_id,
        "job_id": job.id,
        "amount_micros": job.hold_micros,
        "cause": "req_1",
        "deadline_s": books.clock.monotonic_s() + 5,
        "in_batch": True,
    }
    if captured:
        return books.ledger.capture(COMPLETED, **terms)
    return books.ledger.release(FAILED, **terms)


def close(books: Books, batch: Batch) -> Settlement:
    return books.ledger.close_batch(
        CLOSED,
        wallet_id=batch.wallet_id,
        batch_id=batch.id,
        deadline_s=books.clock.monotonic_s() + 5,
    )


def check(books: Books, *, amount_micros: int = PRICE, limit: KeyLimit | None = None) -> None:
    books.ledger.check_batch("acct_1", amount_micros=amount_micros, key_limit=limit)


def test_a_batchs_hold_says_what_it_is_for() -> None:
    books = Books()
    batch, _, held = buy(books)
    entry = books.store.entries["acct_1", f"hold#{batch.id}"]
    assert held == Held()
    assert (entry.reference, entry.cause, entry.jobs, entry.amount_micros) == (
        batch.id,
        "req_1",
        SIZE,
        PRICE,
    )


def test_a_batch_is_one_open_batch_and_no_open_job() -> None:
    books = Books()
    buy(books)
    balance = books.ledger.balance("acct_1")
    assert (balance.open_batches, balance.open_jobs, balance.jobs_total) == (1, 0, SIZE)


@pytest.mark.parametrize("captured", [True, False])
def test_a_settled_job_of_a_batch_leaves_the_open_jobs_alone(captured: bool) -> None:
    books = Books()
    _, jobs, _ = buy(books)
    assert settle(books, jobs[0], captured=captured) is Settlement.DONE
    balance = books.ledger.balance("acct_1")
    assert (balance.open_jobs, balance.open_batches, balance.held_micros) == (0, 1, PRICE - 20_000)


@pytest.mark.parametrize("settle_one", ["capture", "release"])
def test_a_settled_single_job_is_open_no_longer(settle_one: str) -> None:
    books = Books()
    books.hold(a_job(1))
    books.hold(a_job(2))
    getattr(books, settle_one)(a_job(1))
    assert books.ledger.balance("acct_1").open_jobs == 1


def test_a_batch_of_the_same_key_is_the_first_one() -> None:
    books = Books()
    first, _, _ = buy(books, idempotency=claim())
    assert buy(books, 950, idempotency=claim())[2] == SameRequest(first.id)


def test_a_batch_of_the_same_key_and_another_body_is_refused() -> None:
    books = Books()
    buy(books, idempotency=claim())
    with pytest.raises(IdempotencyKeyReusedError):
        buy(books, 950, idempotency=claim("f2"))


def test_a_batch_counts_against_its_keys_limit() -> None:
    books = Books(credits_micros=1_000_000)
    buy(books, key_limit=LIMIT)
    with pytest.raises(KeyLimitReachedError):
        buy(books, 950, key_limit=LIMIT)


def test_one_batch_more_than_may_be_in_work_is_refused() -> None:
    books = Books(credits_micros=1_000_000)
    for number in range(OPEN_BATCHES_MAX):
        buy(books, 100 + 10 * number)
    with pytest.raises(TooManyOpenJobsError) as refused:
        buy(books)
    assert (refused.value.message, refused.value.retry_after_s) == (
        f"At most {OPEN_BATCHES_MAX} batches may be in work at a time.",
        10,
    )


# ---- what is known before anything is staged


def test_a_batch_that_takes_all_there_is_passes_the_check() -> None:
    check(Books(credits_micros=PRICE))


def test_a_batch_above_the_balance_fails_the_check() -> None:
    with pytest.raises(InsufficientFundsError):
        check(Books(credits_micros=PRICE - 1))


def test_a_frozen_wallets_batch_fails_the_check() -> None:
    books = Books()
    books.store.freeze("acct_1", cause="test")
    with pytest.raises(AccountFrozenError):
        check(books)


def test_a_batch_too_many_fails_the_check() -> None:
    books = Books(credits_micros=1_000_000)
    for number in range(OPEN_BATCHES_MAX):
        check(books)
        buy(books, 100 + 10 * number)
    with pytest.raises(TooManyOpenJobsError):
        check(books)


def test_a_batch_that_uses_up_its_keys_limit_passes_the_check() -> None:
    check(Books(), limit=LIMIT)


def test_a_batch_above_its_keys_whole_limit_fails_the_check_before_the_balance_is_read() -> None:
    books = Books(credits_micros=1)
    with pytest.raises(KeyLimitReachedError):
        check(books, amount_micros=PRICE + 1, limit=LIMIT)


def test_a_batch_above_what_is_left_of_its_keys_limit_fails_the_check() -> None:
    books = Books(credits_micros=1_000_000)
    buy(books, key_limit=LIMIT)
    with pytest.raises(KeyLimitReachedError) as refused:
        check(books, amount_micros=1, limit=LIMIT)
    assert refused.value.details == {"limit_cents": 6, "spent_cents": 6}


# ---- the end


class WaveringEnd(MemoryBooks):
    """The ends of its batches get no answer a number of times, and did not happen."""

    times: int

    def write_batch_end(self, wallet_id: str, batch_id: str, end: BatchEnd) -> None:
        if self.times:
            self.times -= 1
            raise OutcomeUnknownError("no answer")
        super().write_batch_end(wallet_id, batch_id, end)


def ended(*, unanswered: int = 0) -> tuple[Books, Batch]:
    """A batch whose jobs have all been settled."""
    store = WaveringEnd()
    store.times = unanswered
    books = Books(store=store)
    batch, jobs, _ = buy(books)
    for job in jobs:
        settle(books, job, captured=True)
    return books, batch


def test_a_closed_batch_is_completed_and_open_no_longer() -> None:
    books, batch = ended()
    assert close(books, batch) is Settlement.DONE
    assert books.store.batches[batch.id].state is BatchState.COMPLETED
    assert books.ledger.balance("acct_1").open_batches == 0


def test_a_batch_is_closed_once() -> None:
    books, batch = ended()
    close(books, batch)
    assert close(books, batch) is Settlement.LOST
    assert books.ledger.balance("acct_1").open_batches == 0


def test_an_end_of_a_batch_without_an_answer_is_run_again() -> None:
    books, batch = ended(unanswered=3)
    assert close(books, batch) is Settlement.DONE


def test_an_end_of_a_batch_that_stays_unknown_is_given_up_at_the_deadline() -> None:
    books, batch = ended(unanswered=1_000)
    with pytest.raises(TemporarilyUnavailableError):
        close(books, batch)
    assert books.clock.now_ms() <= START_MS + 5_000
