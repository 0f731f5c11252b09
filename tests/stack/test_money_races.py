"""Thirty-two threads at one account, doing all that can be done to money, on real transactions."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from corent.adapters.dynamo.audits import DynamoAudits
from corent.adapters.dynamo.payments import DynamoPayments
from corent.core.clock import SystemClock
from corent.core.errors import (
    AccountFrozenError,
    InsufficientFundsError,
    NotFoundError,
    TemporarilyUnavailableError,
    TooManyOpenJobsError,
)
from corent.core.ids import new_ulid
from corent.jobs.job import Job
from corent.ledger.audit import AuditWallet
from corent.ledger.entries import Adjustment, Counterpart, EntryKind
from corent.ledger.ledger import Held
from corent.ledger.outcomes import Settlement
from corent.ledger.payment_store import PaymentOrder
from corent.ledger.payments import PaymentLedger
from tests.invariants import violations
from tests.stack.books import read_books
from tests.stack.conftest import Account, Stack
from tests.stack.test_ledger_races import COMPLETED, FAILED, Stormy, ledger_on, new_job, terms

THREADS = 32
OPERATIONS = 200
DEPOSIT_MICROS = 500_000
REPEATS_MAX = 20
# What a hold may be refused for; anything else fails the test.
REFUSALS = (InsufficientFundsError, AccountFrozenError, TooManyOpenJobsError)


def again[T](act: Callable[[], T]) -> T:
    """Do it, and do it again when a store did not answer: as a client, a queue or an operator does."""
    for _ in range(REPEATS_MAX):
        with suppress(TemporarilyUnavailableError):
            return act()
    raise AssertionError(f"not done in {REPEATS_MAX} tries")


class Worker:
    """One thread: it draws what to do next, and does some of it twice."""

    def __init__(self, stack: Stack, account: Account, *, number: int, storm: bool) -> None:
        client = stack.aws("dynamodb")
        if storm:
            client = Stormy(client, seed=number)
        self.account = account
        self.random = random.Random(number)  # noqa: S311 - a repeatable draw
        self.ledger = ledger_on(stack, client=client)
        self.cards = PaymentLedger(
            store=DynamoPayments(client, table=stack.tables["balances"]),
            clock=SystemClock(),
            random=random.random,
        )
        self.open: list[Job] = []
        self.charged: list[str] = []
        self.paid: list[str] = []
        self.disputes: list[tuple[str, str]] = []
        self.done = Counter[str]()

    def run(self) -> Counter[str]:
        # Deposits and holds are drawn most often, so that the others have something to work on.
        acts: dict[Callable[[], bool], int] = {
            self.hold: 6,
            self.settle: 6,
            self.deposit: 3,
            self.refund: 1,
            self.dispute: 1,
            self.reinstate: 1,
            self.goodwill: 1,
            self.adjust: 1,
            self.unfreeze: 4,
        }
        for _ in range(OPERATIONS):
            (act,) = self.random.choices(list(acts), list(acts.values()))
            if act():
                self.done[act.__name__] += 1
        for job in self.open:
            assert again(lambda job=job: self.ledger.release(FAILED, **terms(job))) is Settlement.DONE
        return self.done

    def hold(self) -> bool:
        job = new_job(self.account)
        try:
            held = again(lambda: self.ledger.hold(job, **terms(job), idempotency=None, key_limit=None))
        except REFUSALS:
            return False
        self.open.append(job)
        return isinstance(held, Held)

    def settle(self) -> bool:
        if not self.open:
            return False
        job = self.open.pop()
        captures = self.random.random() < 0.7
        act, end = (self.ledger.capture, COMPLETED) if captures else (self.ledger.release, FAILED)
        assert again(lambda: act(end, **terms(job))) is Settlement.DONE
        if captures:
            self.charged.append(job.id)
        if self.random.random() < 0.2:
            assert again(lambda: self.ledger.release(FAILED, **terms(job))) is (
                Settlement.LOST if captures else Settlement.DONE
            )
        return True

    def deposit(self) -> bool:
        number = new_ulid()
        order = PaymentOrder(f"cs_{number}", self.account.account_id, DEPOSIT_MICROS, "usd")
        again(lambda: self.cards.open_order(order))
        for _ in range(self.random.choice([1, 1, 2])):
            posting = again(
                lambda: self.cards.deposit(order, payment_id=f"pi_{number}", cause="test", receipt_url=None)
            )
        self.paid.append(f"pi_{number}")
        return posting.amount_micros == DEPOSIT_MICROS

    def refund(self) -> bool:
        return self._claw_back(EntryKind.REFUND)

    def dispute(self) -> bool:
        return self._claw_back(EntryKind.DISPUTE)

    def reinstate(self) -> bool:
        if not self.disputes:
            return False
        dispute_id, payment_id = self.random.choice(self.disputes)
        posting = again(lambda: self.cards.reinstate(dispute_id, payment_id=payment_id, cause="test"))
        return posting.amount_micros > 0

    def goodwill(self) -> bool:
        if not self.charged:
            return False
        job_id = self.random.choice(self.charged)
        again(lambda: self._give(job_id))
        with pytest.raises(NotFoundError):
            again(lambda: self._give(f"job_{new_ulid()}"))
        return True

    def adjust(self) -> bool:
        adjustment = Adjustment(Counterpart.PROMOTION, into_wallet=self.random.random() < 0.5)
        ticket = f"T-{new_ulid()}"
        posting = again(
            lambda: self.cards.adjust(
                ticket,
                wallet_id=self.account.account_id,
                amount_micros=10_000,
                adjustment=adjustment,
                cause="op",
            )
        )
        return posting.amount_micros == 10_000

    def unfreeze(self) -> bool:
        again(lambda: self.cards.unfreeze(self.account.account_id, cause="op"))
        return True

    def _give(self, job_id: str) -> None:
        self.cards.goodwill(job_id, wallet_id=self.account.account_id, amount_micros=10_000, cause="op")

    def _claw_back(self, kind: EntryKind) -> bool:
        if not self.paid:
            return False
        payment_id, reference = self.random.choice(self.paid), f"claim_{new_ulid()}"
        for _ in range(self.random.choice([1, 1, 2])):
            amount_micros = self.random.choice([100_000, DEPOSIT_MICROS])
            posting = again(
                lambda amount_micros=amount_micros: self.cards.claw_back(
                    kind,
                    reference=reference,
                    payment_id=payment_id,
                    amount_micros=amount_micros,
                    cause="test",
                )
            )
        if kind is EntryKind.DISPUTE and posting.amount_micros:
            self.disputes.append((reference, payment_id))
        return posting.amount_micros > 0


@pytest.mark.parametrize("storm", [False, True], ids=["calm", "storm"])
def test_thirty_two_threads_leave_books_that_add_up_to_the_cent(stack: Stack, storm: bool) -> None:
    account = stack.open_account(balance_cents=100)
    workers = [Worker(stack, account, number=number, storm=storm) for number in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        done = sum(pool.map(Worker.run, workers), Counter[str]())
    # Every kind of movement took place, many times.
    assert min(done.values()) > THREADS, done
    assert len(done) == 9
    books: dict[str, Any] = read_books(stack, account)
    assert violations(**books) == []
    audit = AuditWallet(
        store=DynamoAudits(
            stack.aws("dynamodb"), balances_table=stack.tables["balances"], jobs_table=stack.tables["jobs"]
        )
    )
    assert audit(account.account_id, since_ms=0).differences == ()
    assert all(balance.open_jobs == 0 for balance in books["balances"])
