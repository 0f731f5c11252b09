"""The Ledger against the books in memory: what is promised, and what is said when it is refused."""

from dataclasses import replace

import pytest

from corent.core.errors import (
    AccountFrozenError,
    IdempotencyKeyReusedError,
    InsufficientFundsError,
    InvariantViolationError,
    KeyLimitReachedError,
    TemporarilyUnavailableError,
    TooManyOpenJobsError,
)
from corent.core.idempotency import IdempotencyClaim, SameRequest
from corent.core.writes import OutcomeUnknownError
from corent.jobs.job import DeliveredFile, Job, JobEnd, JobFailure, JobState
from corent.ledger.entries import EntryKind
from corent.ledger.ledger import OPEN_JOBS_MAX, Held, Ledger
from corent.ledger.outcomes import Settlement
from corent.ledger.store import HoldWrite, KeyLimit
from corent.usecases.job_ledger import JobLedger
from tests.fakes import START_MS, FakeClock, MemoryBooks, a_job

PRICE = 20_000
COMPLETED = JobEnd(
    state=JobState.COMPLETED,
    attempts=(),
    files=(DeliveredFile(width_px=1024, height_px=1024),),
    finished_at_ms=START_MS + 1,
)
FAILED = JobEnd(
    state=JobState.FAILED, attempts=(), failure=JobFailure.TIER_UNAVAILABLE, finished_at_ms=START_MS + 1
)


class Books:
    """A ledger over memory with one funded wallet."""

    def __init__(self, *, credits_micros: int = 100_000, store: MemoryBooks | None = None) -> None:
        self.clock = FakeClock()
        self.store = store or MemoryBooks()
        self.ledger: JobLedger = Ledger(store=self.store, clock=self.clock, random=lambda: 0.5)
        self.ledger.open_wallet("acct_1")
        self.ledger.promote("acct_1", amount_micros=credits_micros, reference="opening", cause="test")

    def hold(
        self, job: Job, *, claim: IdempotencyClaim | None = None, limit: KeyLimit | None = None
    ) -> Held | SameRequest:
        return self.ledger.hold(
            job,
            wallet_id=job.wallet_id,
            job_id=job.id,
            amount_micros=job.hold_micros,
            cause="req_1",
            deadline_s=self.clock.monotonic_s() + 5,
            idempotency=claim,
            key_limit=limit,
        )

    def capture(self, job: Job) -> Settlement:
        return self.ledger.capture(COMPLETED, **self._settling(job))

    def release(self, job: Job, *, limit: KeyLimit | None = None) -> Settlement:
        return self.ledger.release(FAILED, **self._settling(job), key_limit=limit)

    def _settling(self, job: Job) -> dict[str, object]:
        return {
            "wallet_id": job.wallet_id,
            "job_id": job.id,
            "amount_micros": job.hold_micros,
            "cause": "req_1",
            "deadline_s": self.clock.monotonic_s() + 5,
        }

    @property
    def kinds(self) -> list[EntryKind]:
        return [entry.kind for entry in self.store.entries.values()][1:]


def claim(fingerprint: str = "f1") -> IdempotencyClaim:
    return IdempotencyClaim(key_sha256="i1", fingerprint=fingerprint, expires_at_s=START_MS // 1000 + 86_400)


def test_a_hold_moves_money_from_available_to_held() -> None:
    books = Books()
    assert books.hold(a_job()) == Held()
    balance = books.ledger.balance("acct_1")
    assert (balance.available_micros, balance.held_micros, balance.open_jobs) == (80_000, PRICE, 1)


def test_a_capture_charges_exactly_the_hold() -> None:
    books = Books()
    books.hold(a_job())
    assert books.capture(a_job()) is Settlement.DONE
    balance = books.ledger.balance("acct_1")
    assert (balance.available_micros, balance.held_micros, balance.captured_micros) == (80_000, 0, PRICE)


def test_a_release_gives_the_whole_hold_back() -> None:
    books = Books()
    books.hold(a_job())
    assert books.release(a_job()) is Settlement.DONE
    balance = books.ledger.balance("acct_1")
    assert (balance.available_micros, balance.held_micros, balance.open_jobs) == (100_000, 0, 0)


def test_a_repeated_hold_is_the_same_hold_even_when_it_took_the_last_money() -> None:
    books = Books(credits_micros=PRICE)
    books.hold(a_job())
    assert books.hold(a_job()) == Held()
    assert books.kinds == [EntryKind.HOLD]


def test_a_repeated_capture_charges_once() -> None:
    books = Books()
    books.hold(a_job())
    assert [books.capture(a_job()), books.capture(a_job())] == [Settlement.DONE, Settlement.DONE]
    assert books.ledger.balance("acct_1").captured_micros == PRICE


@pytest.mark.parametrize("first", ["capture", "release"])
def test_of_capture_and_release_the_first_wins_and_the_other_changes_nothing(first: str) -> None:
    books = Books()
    books.hold(a_job())
    second = "release" if first == "capture" else "capture"
    assert getattr(books, first)(a_job()) is Settlement.DONE
    after_first = books.ledger.balance("acct_1")
    assert getattr(books, second)(a_job()) is Settlement.LOST
    assert books.ledger.balance("acct_1") == after_first


def test_a_hold_above_the_balance_says_what_is_needed_and_what_is_there() -> None:
    books = Books(credits_micros=19_999)
    with pytest.raises(InsufficientFundsError) as refused:
        books.hold(a_job())
    assert refused.value.details == {"required_cents": 2, "available_cents": 1}
    assert not books.store.jobs


def test_a_frozen_wallet_holds_nothing_new() -> None:
    books = Books()
    books.store.freeze("acct_1", cause="test")
    with pytest.raises(AccountFrozenError):
        books.hold(a_job())


def test_a_frozen_wallets_running_job_still_settles() -> None:
    books = Books()
    books.hold(a_job())
    books.store.freeze("acct_1", cause="test")
    assert books.capture(a_job()) is Settlement.DONE


def test_one_more_open_job_than_allowed_is_refused() -> None:
    books = Books(credits_micros=10_000_000)
    for number in range(OPEN_JOBS_MAX):
        books.hold(a_job(number))
    with pytest.raises(TooManyOpenJobsError):
        books.hold(a_job(99))


def test_the_same_key_and_request_give_the_first_job() -> None:
    books = Books()
    books.hold(a_job(1), claim=claim())
    assert books.hold(a_job(2), claim=claim()) == SameRequest(a_job(1).id)
    assert list(books.store.jobs) == [a_job(1).id]


def test_the_same_key_is_recognised_when_the_money_is_gone_by_then() -> None:
    books = Books(credits_micros=PRICE)
    books.hold(a_job(1), claim=claim())
    assert books.hold(a_job(2), claim=claim()) == SameRequest(a_job(1).id)


def test_the_same_key_with_another_request_is_refused() -> None:
    books = Books()
    books.hold(a_job(1), claim=claim())
    with pytest.raises(IdempotencyKeyReusedError):
        books.hold(a_job(2), claim=claim("f2"))


def test_an_expired_key_may_be_used_again() -> None:
    books = Books()
    books.hold(a_job(1), claim=claim())
    books.clock.time_ms += 86_401_000
    assert books.hold(a_job(2), claim=claim("f2")) == Held()


def test_an_expired_key_no_longer_finds_its_first_job() -> None:
    books = Books()
    books.hold(a_job(1), claim=claim())
    found = books.ledger.same_request("acct_1", idempotency=claim())
    books.clock.time_ms += 86_401_000
    assert found == SameRequest(a_job(1).id)
    assert books.ledger.same_request("acct_1", idempotency=claim()) is None


def test_a_key_limit_is_never_overshot() -> None:
    books = Books()
    limit = KeyLimit(key_sha256="k", month="202611", limit_micros=2 * PRICE)
    books.hold(a_job(1), limit=limit)
    books.hold(a_job(2), limit=limit)
    with pytest.raises(KeyLimitReachedError) as refused:
        books.hold(a_job(3), limit=limit)
    assert refused.value.details == {"limit_cents": 4, "spent_cents": 4}


def test_a_price_above_the_whole_key_limit_is_refused_at_once() -> None:
    limit = KeyLimit(key_sha256="k", month="202611", limit_micros=PRICE - 1)
    with pytest.raises(KeyLimitReachedError):
        Books().hold(a_job(1), limit=limit)


def test_a_release_gives_the_key_its_limit_back() -> None:
    books = Books()
    limit = KeyLimit(key_sha256="k", month="202611", limit_micros=PRICE)
    books.hold(a_job(1), limit=limit)
    books.release(a_job(1), limit=limit)
    assert books.hold(a_job(2), limit=limit) == Held()


def test_a_key_limit_starts_anew_each_month() -> None:
    books = Books()
    books.hold(a_job(1), limit=KeyLimit(key_sha256="k", month="202611", limit_micros=PRICE))
    december = KeyLimit(key_sha256="k", month="202612", limit_micros=PRICE)
    assert books.hold(a_job(2), limit=december) == Held()


def test_a_promotion_counts_once_for_each_reference() -> None:
    books = Books()
    books.ledger.promote("acct_1", amount_micros=7, reference="gift", cause="test")
    books.ledger.promote("acct_1", amount_micros=9, reference="gift", cause="test")
    assert books.ledger.balance("acct_1").available_micros == 100_007


def test_a_settlement_of_another_amount_under_the_same_key_is_an_alarm() -> None:
    books = Books()
    books.hold(a_job())
    books.capture(a_job())
    with pytest.raises(InvariantViolationError):
        books.capture(replace(a_job(), hold_micros=PRICE + 1))


def test_a_balance_that_contradicts_itself_freezes_the_wallet() -> None:
    books = Books()
    books.store.balances["acct_1"] = replace(books.store.balances["acct_1"], available_micros=100_001)
    with pytest.raises(InvariantViolationError):
        books.ledger.balance("acct_1")
    with pytest.raises(InvariantViolationError):
        books.hold(a_job(1, hold_micros=1_000_000))
    assert books.store.balances["acct_1"].status == "frozen"


class Wavering(MemoryBooks):
    """Its holds get no answer a number of times; `applied` says whether they happened all the same."""

    def __init__(self, *, times: int, applied: bool) -> None:
        super().__init__()
        self.times = times
        self.applied = applied

    def write_hold(self, write: HoldWrite, job: Job) -> None:
        if self.times:
            self.times -= 1
            if self.applied and write.purchase_id not in self.jobs:
                super().write_hold(write, job)
            raise OutcomeUnknownError("no answer")
        super().write_hold(write, job)


@pytest.mark.parametrize("applied", [False, True])
def test_a_hold_without_an_answer_is_run_again_until_it_is_known(applied: bool) -> None:
    books = Books(credits_micros=PRICE, store=Wavering(times=3, applied=applied))
    assert books.hold(a_job()) == Held()
    assert books.kinds == [EntryKind.HOLD]


def test_a_hold_that_stays_unknown_until_the_deadline_is_said_so() -> None:
    books = Books(store=Wavering(times=1000, applied=False))
    with pytest.raises(TemporarilyUnavailableError):
        books.hold(a_job())
    assert books.clock.now_ms() <= START_MS + 5000


def test_entries_are_listed_newest_first_in_pages_without_gap_or_repeat() -> None:
    books = Books(credits_micros=1_000_000)
    for number in range(5):
        books.hold(a_job(number, at_ms=START_MS + 10 * number))
        books.capture(a_job(number, at_ms=START_MS + 10 * number))
    seen = []
    before = None
    while True:
        page, before = books.ledger.entries("acct_1", limit=3, before=before)
        seen += [entry.key for entry in page]
        if before is None:
            break
    jobs = [a_job(number, at_ms=START_MS + 10 * number).id for number in range(4, -1, -1)]
    expected = [f"{side}#{job}" for job in jobs for side in ("settle", "hold")]
    assert sorted(seen) == sorted([*expected, "promo#opening"])
    assert [key for key in seen if key != "promo#opening"] == expected
