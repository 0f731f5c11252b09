"""Any order of holds, captures, releases, repeats and lost answers keeps the books right.

`CORENT_LEDGER_RUNS` raises the number of runs; the full suite does 2,000 of 30 steps.
"""

import os
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from corent.core.errors import CorentError
from corent.jobs.batch import BatchEnd, BatchState
from corent.jobs.job import DeliveredFile, JobEnd, JobFailure, JobState
from corent.ledger.ledger import Ledger, SameRequest, Settlement
from corent.ledger.store import IdempotencyClaim, KeyLimit, OutcomeUnknownError
from corent.usecases.job_ledger import JobLedger
from tests.fakes import START_MS, FakeClock, MemoryBooks, a_batch, a_job
from tests.invariants import violations

WALLETS = ("acct_1", "acct_2")
PRICES = (10_000, 20_000, 120_000)
NUMBERS = st.integers(min_value=0, max_value=7)
# What happens to a write: it works, its answer is lost, or it is lost itself; then it works.
FAULTS = st.lists(st.sampled_from(["lost before", "lost after"]), max_size=3)


class Unreliable(MemoryBooks):
    """Loses writes and answers as told, one fault a write."""

    faults: list[str]

    def write_hold(self, *args: Any) -> None:
        self._faulty(lambda: MemoryBooks.write_hold(self, *args))

    def write_batch_hold(self, *args: Any) -> None:
        self._faulty(lambda: MemoryBooks.write_batch_hold(self, *args))

    def write_batch_end(self, *args: Any) -> None:
        self._faulty(lambda: MemoryBooks.write_batch_end(self, *args))

    def write_settlement(self, *args: Any) -> None:
        self._faulty(lambda: MemoryBooks.write_settlement(self, *args))

    def write_promo(self, *args: Any, **kwargs: Any) -> None:
        self._faulty(lambda: MemoryBooks.write_promo(self, *args, **kwargs))

    def _faulty(self, write: Any) -> None:
        fault = self.faults.pop(0) if self.faults else None
        if fault == "lost before":
            raise OutcomeUnknownError(fault)
        write()
        if fault == "lost after":
            raise OutcomeUnknownError(fault)


class Books(RuleBasedStateMachine):
    """Two wallets, eight jobs, four batches of two, and everything that can happen to them."""

    @initialize(credits=st.sampled_from([0, 30_000, 500_000]))
    def open(self, credits: int) -> None:
        self.clock = FakeClock()
        self.store = Unreliable()
        self.store.faults = []
        self.ledger: JobLedger = Ledger(store=self.store, clock=self.clock, random=lambda: 0.5)
        self.given: dict[str, int] = dict.fromkeys(WALLETS, 0)
        for wallet in WALLETS:
            self.ledger.open_wallet(wallet)
            if credits:
                self.ledger.promote(wallet, amount_micros=credits, reference="opening", cause="test")
                self.given[wallet] += credits
        self.settled: dict[str, str] = {}

    @rule(
        number=NUMBERS,
        wallet=st.sampled_from(WALLETS),
        price=st.sampled_from(PRICES),
        key=st.sampled_from([None, "a", "b"]),
        limited=st.booleans(),
        faults=FAULTS,
    )
    def hold(
        self, number: int, wallet: str, price: int, key: str | None, limited: bool, faults: list[str]
    ) -> None:
        job = a_job(number, wallet_id=wallet, hold_micros=price, spent_month="202611" if limited else None)
        known = self.store.jobs.get(job.id)
        if known is not None and (known.wallet_id, known.hold_micros) != (wallet, price):
            return
        claim = (
            IdempotencyClaim(key_sha256=key, fingerprint=f"{wallet}{price}", expires_at_s=START_MS)
            if key
            else None
        )
        limit = (
            KeyLimit(key_sha256="k", month="202611", limit_micros=150_000)
            if limited and known is None
            else None
        )
        self.store.faults = list(faults)
        with suppress(CorentError):
            held = self.ledger.hold(
                job,
                wallet_id=wallet,
                job_id=job.id,
                amount_micros=price,
                cause="req",
                deadline_s=self.clock.monotonic_s() + 60,
                idempotency=claim,
                key_limit=limit,
            )
            if isinstance(held, SameRequest):
                assert held.purchase_id != job.id
                assert held.purchase_id in self.store.jobs | self.store.batches
            else:
                assert job.id in self.store.jobs

    @rule(
        number=st.integers(min_value=0, max_value=3),
        wallet=st.sampled_from(WALLETS),
        key=st.sampled_from([None, "a"]),
        faults=FAULTS,
    )
    def hold_batch(self, number: int, wallet: str, key: str | None, faults: list[str]) -> None:
        batch, jobs = a_batch(100 * (number + 1), size=2, wallet_id=wallet)
        known = self.store.batches.get(batch.id)
        if known is not None and known.wallet_id != wallet:
            return
        claim = (
            IdempotencyClaim(key_sha256=key, fingerprint=f"{wallet} batch", expires_at_s=START_MS)
            if key
            else None
        )
        if known is None:
            self.store.batch_store.stage(jobs)
        self.store.faults = list(faults)
        with suppress(CorentError):
            held = self.ledger.hold_batch(
                batch,
                wallet_id=wallet,
                batch_id=batch.id,
                jobs=batch.size,
                amount_micros=batch.hold_micros,
                cause="req",
                deadline_s=self.clock.monotonic_s() + 60,
                idempotency=claim,
                key_limit=None,
            )
            bought = held.purchase_id if isinstance(held, SameRequest) else batch.id
            assert bought in self.store.batches

    @rule(number=st.integers(min_value=0, max_value=3))
    def admit(self, number: int) -> None:
        batch = self.store.batches.get(a_batch(100 * (number + 1), size=2)[0].id)
        for job in self.store.batch_store.read_jobs(batch) if batch else ():
            self.store.admit(job)

    @rule(number=st.integers(min_value=0, max_value=3), faults=FAULTS)
    def close_batch(self, number: int, faults: list[str]) -> None:
        batch = self.store.batches.get(a_batch(100 * (number + 1), size=2)[0].id)
        jobs = self.store.batch_store.read_jobs(batch) if batch else ()
        if batch is None or any(job.finished_at_ms is None for job in jobs):
            return
        self.store.faults = list(faults)
        end = BatchEnd(
            state=BatchState.COMPLETED, finished_at_ms=self.clock.now_ms(), owes_webhook=False, stopping=False
        )
        self.ledger.close_batch(
            end,
            wallet_id=batch.wallet_id,
            batch_id=batch.id,
            deadline_s=self.clock.monotonic_s() + 60,
        )
        assert self.store.batches[batch.id].state is BatchState.COMPLETED

    @rule(number=NUMBERS, capture=st.booleans(), faults=FAULTS)
    def settle(self, number: int, capture: bool, faults: list[str]) -> None:
        self._settle(a_job(number).id, capture=capture, faults=faults)

    @rule(
        number=st.integers(min_value=0, max_value=3),
        index=st.integers(min_value=0, max_value=1),
        capture=st.booleans(),
        faults=FAULTS,
    )
    def settle_in_batch(self, number: int, index: int, capture: bool, faults: list[str]) -> None:
        batch, _ = a_batch(100 * (number + 1), size=2)
        self._settle(batch.job_ids[index], capture=capture, faults=faults)

    def _settle(self, job_id: str, *, capture: bool, faults: list[str]) -> None:
        job = self.store.jobs.get(job_id)
        if job is None:
            return
        end = JobEnd(
            state=JobState.COMPLETED if capture else JobState.FAILED,
            attempts=(),
            files=(DeliveredFile(width_px=1, height_px=1),) if capture else (),
            failure=None if capture else JobFailure.TIER_UNAVAILABLE,
            finished_at_ms=self.clock.now_ms(),
        )
        limited = job.spent_month is not None and ("k", "202611") in self.store.spent
        limit = KeyLimit(key_sha256="k", month="202611", limit_micros=0) if limited else None
        self.store.faults = list(faults)
        act = self.ledger.capture if capture else self.ledger.release
        outcome = act(
            end,
            wallet_id=job.wallet_id,
            job_id=job.id,
            amount_micros=job.hold_micros,
            cause="req",
            deadline_s=self.clock.monotonic_s() + 60,
            in_batch=job.batch_id is not None,
            key_limit=limit,
        )
        side = "capture" if capture else "release"
        first = self.settled.setdefault(job.id, side)
        assert outcome is (Settlement.DONE if first == side else Settlement.LOST)

    @rule(wallet=st.sampled_from(WALLETS), reference=st.sampled_from(["x", "y"]), faults=FAULTS)
    def promote(self, wallet: str, reference: str, faults: list[str]) -> None:
        new = self.store.read_entry(wallet, key=f"promo#{reference}") is None
        self.store.faults = list(faults)
        self.ledger.promote(wallet, amount_micros=50_000, reference=reference, cause="test")
        self.given[wallet] += 50_000 if new else 0

    @rule(wallet=st.sampled_from(WALLETS))
    def freeze(self, wallet: str) -> None:
        self.store.freeze(wallet)

    @invariant()
    def the_books_are_right(self) -> None:
        if not hasattr(self, "store"):
            return
        found = violations(
            balances=self.store.balances.values(),
            entries=self.store.entries.values(),
            jobs=self.store.worked,
            batches=self.store.batches.values(),
        )
        assert found == []
        for wallet in WALLETS:
            balance = self.ledger.balance(wallet)
            assert balance.credits_micros == self.given[wallet]
            assert balance.available_micros >= 0


TestBooks = Books.TestCase
TestBooks.settings = settings(
    max_examples=int(os.environ.get("CORENT_LEDGER_RUNS", "2000")),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
