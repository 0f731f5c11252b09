"""Any order of holds, captures, releases, deposits, claw-backs, corrections, repeats and lost answers.

The machine plays on any store: in memory, or on real tables. What it may know of the state it reads through
the stores' own ports.
"""

from collections import Counter
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from corent.core.errors import CorentError, NotFoundError
from corent.core.idempotency import IdempotencyClaim, SameRequest
from corent.core.writes import OutcomeUnknownError
from corent.jobs.batch import BatchEnd, BatchState
from corent.jobs.job import DeliveredFile, Job, JobEnd, JobFailure, JobState
from corent.ledger.audit import AuditWallet
from corent.ledger.entries import Adjustment, Counterpart, EntryKind
from corent.ledger.ledger import Ledger
from corent.ledger.outcomes import Settlement
from corent.ledger.payment_store import PaymentOrder
from corent.ledger.payments import PaymentLedger, Posting
from corent.ledger.store import KeyLimit
from corent.usecases.job_ledger import JobLedger
from tests.fakes import START_MS, FakeClock, a_batch, a_job
from tests.invariants import violations

WALLETS = ("acct_1", "acct_2")
PRICES = (10_000, 20_000, 120_000)
NUMBERS = st.integers(min_value=0, max_value=7)
FEW = st.integers(min_value=0, max_value=3)
# What happens to a write: it works, its answer is lost, or it is lost itself; then it works.
FAULTS = st.lists(st.sampled_from(["lost before", "lost after"]), max_size=3)
AMOUNTS = st.sampled_from([30_000, 50_000, 200_000])
LIMIT = KeyLimit(key_sha256="k", month="202611", limit_micros=150_000)


class Unreliable:
    """A store that loses writes and answers as told, one fault a write."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.faults: list[str] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.store, name)
        if not name.startswith("write_"):
            return method

        def write(*args: Any, **kwargs: Any) -> None:
            fault = self.faults.pop(0) if self.faults else None
            if fault == "lost before":
                raise OutcomeUnknownError(fault)
            method(*args, **kwargs)
            if fault == "lost after":
                raise OutcomeUnknownError(fault)

        return write


class Books(RuleBasedStateMachine):
    """Two wallets, eight jobs, four batches of two, four payments, and everything that can happen to them."""

    def new_store(self) -> Any:
        """An empty store of every port."""
        raise NotImplementedError

    def everything(self) -> dict[str, Any]:
        """All that is stored; what `violations` takes."""
        raise NotImplementedError

    @initialize(credits=st.sampled_from([0, 30_000, 500_000]))
    def open(self, credits: int) -> None:
        self.clock = FakeClock()
        self.store = Unreliable(self.new_store())
        self.ledger: JobLedger = Ledger(store=self.store, clock=self.clock, random=lambda: 0.5)
        self.cards = PaymentLedger(store=self.store, clock=self.clock, random=lambda: 0.5)
        self.given = Counter[str]()
        self.taken = Counter[str]()
        self.moved: set[tuple[str, str]] = set()
        self.settled: dict[str, str] = {}
        self.limited: set[str] = set()
        self.owners: dict[int, str] = {}
        for wallet in WALLETS:
            self.ledger.open_wallet(wallet)
            if credits:
                self.ledger.promote(wallet, amount_micros=credits, reference="opening", cause="test")
                self.given[wallet] += credits

    # ---- jobs and batches ------------------------------------------------------------------------

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
        known = self.store.read(job.id)
        if known is not None and (known.wallet_id, known.hold_micros) != (wallet, price):
            return
        limit = LIMIT if limited and known is None else None
        self.store.faults = list(faults)
        with suppress(CorentError):
            held = self.ledger.hold(
                job,
                wallet_id=wallet,
                job_id=job.id,
                amount_micros=price,
                cause="req",
                deadline_s=self.clock.monotonic_s() + 60,
                idempotency=_claim(key, f"{wallet}{price}"),
                key_limit=limit,
            )
            if isinstance(held, SameRequest):
                assert held.purchase_id != job.id
                assert self._exists(held.purchase_id)
            else:
                assert self._exists(job.id)
                if limit is not None:
                    self.limited.add(job.id)

    @rule(number=FEW, wallet=st.sampled_from(WALLETS), key=st.sampled_from([None, "a"]), faults=FAULTS)
    def hold_batch(self, number: int, wallet: str, key: str | None, faults: list[str]) -> None:
        batch, jobs = a_batch(100 * (number + 1), size=2, wallet_id=wallet)
        known = self.store.batch_store.read(batch.id)
        if known is not None and known.wallet_id != wallet:
            return
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
                idempotency=_claim(key, f"{wallet} batch"),
                key_limit=None,
            )
            assert self._exists(held.purchase_id if isinstance(held, SameRequest) else batch.id)

    @rule(number=FEW)
    def admit(self, number: int) -> None:
        batch = self.store.batch_store.read(a_batch(100 * (number + 1), size=2)[0].id)
        for job in self.store.batch_store.read_jobs(batch) if batch else ():
            if job.staged:
                self.store.admit(job)

    @rule(number=FEW, faults=FAULTS)
    def close_batch(self, number: int, faults: list[str]) -> None:
        batch = self.store.batch_store.read(a_batch(100 * (number + 1), size=2)[0].id)
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
        assert self.store.batch_store.read(batch.id).state is BatchState.COMPLETED

    @rule(number=NUMBERS, capture=st.booleans(), faults=FAULTS)
    def settle(self, number: int, capture: bool, faults: list[str]) -> None:
        self._settle(self.store.read(a_job(number).id), capture=capture, faults=faults)

    @rule(number=FEW, index=st.integers(min_value=0, max_value=1), capture=st.booleans(), faults=FAULTS)
    def settle_in_batch(self, number: int, index: int, capture: bool, faults: list[str]) -> None:
        job = self.store.read(a_batch(100 * (number + 1), size=2)[0].job_ids[index])
        self._settle(None if job is not None and job.staged else job, capture=capture, faults=faults)

    def _settle(self, job: Job | None, *, capture: bool, faults: list[str]) -> None:
        if job is None:
            return
        end = JobEnd(
            state=JobState.COMPLETED if capture else JobState.FAILED,
            attempts=(),
            files=(DeliveredFile(width_px=1, height_px=1),) if capture else (),
            failure=None if capture else JobFailure.TIER_UNAVAILABLE,
            finished_at_ms=self.clock.now_ms(),
        )
        self.store.faults = list(faults)
        terms: dict[str, Any] = {
            "wallet_id": job.wallet_id,
            "job_id": job.id,
            "amount_micros": job.hold_micros,
            "cause": "req",
            "deadline_s": self.clock.monotonic_s() + 60,
            "in_batch": job.batch_id is not None,
        }
        if capture:
            outcome = self.ledger.capture(end, **terms)
        else:
            limit = LIMIT if job.id in self.limited else None
            outcome = self.ledger.release(end, **terms, key_limit=limit)
        side = "capture" if capture else "release"
        first = self.settled.setdefault(job.id, side)
        assert outcome is (Settlement.DONE if first == side else Settlement.LOST)

    @rule(wallet=st.sampled_from(WALLETS), reference=st.sampled_from(["x", "y"]), faults=FAULTS)
    def promote(self, wallet: str, reference: str, faults: list[str]) -> None:
        new = self.store.read_entry(wallet, key=f"promo#{reference}") is None
        self.store.faults = list(faults)
        self.ledger.promote(wallet, amount_micros=50_000, reference=reference, cause="test")
        self.given[wallet] += 50_000 if new else 0

    @rule(wallet=st.sampled_from(WALLETS), thaws=st.booleans())
    def freeze(self, wallet: str, thaws: bool) -> None:
        if thaws:
            self.cards.unfreeze(wallet, cause="test")
        else:
            self.cards.freeze(wallet)

    # ---- card money ------------------------------------------------------------------------------

    @rule(number=FEW, wallet=st.sampled_from(WALLETS), amount=AMOUNTS, faults=FAULTS)
    def deposit(self, number: int, wallet: str, amount: int, faults: list[str]) -> None:
        asked = PaymentOrder(f"cs_{number}", wallet, amount, "usd")
        order = self.cards.order(asked.id) or asked
        self.owners[number] = order.wallet_id
        self.store.faults = list(faults)
        self.cards.open_order(order)
        posting = self.cards.deposit(order, payment_id=f"pi_{number}", cause="evt", receipt_url=None)
        assert posting.amount_micros == order.amount_micros
        self._count(order.wallet_id, posting, into=self.given)

    @rule(
        number=FEW,
        kind=st.sampled_from([EntryKind.REFUND, EntryKind.DISPUTE]),
        claim=FEW,
        amount=AMOUNTS,
        faults=FAULTS,
    )
    def claw_back(self, number: int, kind: EntryKind, claim: int, amount: int, faults: list[str]) -> None:
        if self.store.read_payment(f"pi_{number}") is None:
            return
        self.store.faults = list(faults)
        posting = self.cards.claw_back(
            kind,
            reference=f"c_{number}_{claim}",
            payment_id=f"pi_{number}",
            amount_micros=amount,
            cause="evt",
        )
        assert posting.amount_micros <= amount or not posting.is_new
        self._count(self.owners[number], posting, into=self.taken)

    @rule(number=FEW, claim=FEW, refund=st.booleans(), faults=FAULTS)
    def put_back(self, number: int, claim: int, refund: bool, faults: list[str]) -> None:
        if self.store.read_payment(f"pi_{number}") is None:
            return
        self.store.faults = list(faults)
        act = self.cards.return_refund if refund else self.cards.reinstate
        posting = act(f"c_{number}_{claim}", payment_id=f"pi_{number}", cause="evt")
        self._count(self.owners[number], posting, into=self.given)

    @rule(number=FEW, claim=FEW, faults=FAULTS)
    def note_dispute(self, number: int, claim: int, faults: list[str]) -> None:
        if self.store.read_payment(f"pi_{number}") is None:
            return
        self.store.faults = list(faults)
        self.cards.note_dispute(f"n_{claim}", payment_id=f"pi_{number}")
        assert f"n_{claim}" in self.store.read_payment(f"pi_{number}").frozen_for

    @rule(number=NUMBERS, faults=FAULTS)
    def goodwill(self, number: int, faults: list[str]) -> None:
        job = self.store.read(a_job(number).id)
        if job is None:
            return
        self.store.faults = list(faults)
        try:
            posting = self.cards.goodwill(
                job.id, wallet_id=job.wallet_id, amount_micros=5_000, cause="op T-1"
            )
        except NotFoundError:
            assert self.settled.get(job.id) != "capture"
        else:
            assert self.settled[job.id] == "capture"
            self._count(job.wallet_id, posting, into=self.given)

    @rule(ticket=FEW, wallet=st.sampled_from(WALLETS), gains=st.booleans(), faults=FAULTS)
    def adjust(self, ticket: int, wallet: str, gains: bool, faults: list[str]) -> None:
        self.store.faults = list(faults)
        with suppress(CorentError):
            posting = self.cards.adjust(
                f"T-{ticket}",
                wallet_id=wallet,
                amount_micros=7_000,
                adjustment=Adjustment(Counterpart.PROMOTION, into_wallet=gains),
                cause="op",
            )
            self._count(wallet, posting, into=self.given if gains else self.taken)

    # ---- what must hold --------------------------------------------------------------------------

    @invariant()
    def the_balances_are_right(self) -> None:
        if not hasattr(self, "store"):
            return
        for wallet in WALLETS:
            balance = self.ledger.balance(wallet)
            assert balance.credits_micros == self.given[wallet]
            assert balance.debits_micros == self.taken[wallet] + balance.captured_micros

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        assert violations(**self.everything()) == []
        audit = AuditWallet(store=self.store)
        assert [audit(wallet, since_ms=0).differences for wallet in WALLETS] == [(), ()]

    def _count(self, wallet: str, posting: Posting, *, into: Counter[str]) -> None:
        """Add what a movement moved, once: a repeat answers the same and moves nothing."""
        if posting.amount_micros and (wallet, posting.key) not in self.moved:
            self.moved.add((wallet, posting.key))
            into[wallet] += posting.amount_micros

    def _exists(self, purchase_id: str) -> bool:
        read = self.store.batch_store.read if purchase_id.startswith("batch_") else self.store.read
        return read(purchase_id) is not None


def _claim(key: str | None, fingerprint: str) -> IdempotencyClaim | None:
    return IdempotencyClaim(key_sha256=key, fingerprint=fingerprint, expires_at_s=START_MS) if key else None
