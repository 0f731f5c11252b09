"""What the daily trial balance reads, over a day of 10,000 operations on forty accounts.

The ledger writes the day through its real stores to the local emulator's DynamoDB, and the real check reads
it back. Calls and read units are counted from what was asked and answered, so they are the same everywhere;
the time is the emulator's, and only means something beside that of a bare query over the same entries.
"""

import random
import shutil
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

import boto3

from corent.adapters.aws import DynamoDB
from corent.adapters.dynamo.audits import DynamoAudits
from corent.adapters.dynamo.payments import DynamoPayments
from corent.core.clock import SystemClock
from corent.core.errors import InsufficientFundsError
from corent.jobs.batch import BatchEnd, BatchState
from corent.jobs.job import Attempt, AttemptOutcome, DeliveredFile, Job, JobEnd, JobFailure, JobState
from corent.ledger.entries import Adjustment, Counterpart, EntryKind
from corent.ledger.ledger import Ledger
from corent.ledger.payment_store import PaymentOrder
from corent.ledger.payments import PaymentLedger
from corent.usecases.check_accounts import AccountsReport, CheckAccounts
from corent.usecases.job_ledger import JobLedger
from local import aws
from local.place import ROOT, Place
from local.stack import running_emulator
from tests.contracts.dynamo_store import DynamoStore
from tests.fakes import START_MS, a_batch, a_job
from tests.metering import READ_UNIT_BYTES, Item, attribute_bytes
from tests.stack.conftest import free_port
from tests.tables import create_tables

HOME: Final = ROOT / ".corent" / "bench-books"
SEED: Final = 2_026
OPERATIONS: Final = 10_000
WALLETS: Final = 40
OPERATIONS_A_WALLET: Final = OPERATIONS // WALLETS
DAY_MS: Final = 24 * 3_600_000
WRITERS: Final = 8
TIMED_RUNS: Final = 5
# The mix of a busy day: what a customer does next, and how often.
MIX: Final = {"job": 80, "batch": 3, "pay": 5, "refund": 2, "dispute": 1, "gift": 2, "correct": 1}
PAID_MICROS: Final = (10_000_000, 20_000_000, 50_000_000)
PRICES_MICROS: Final = (20_000, 40_000, 250_000)
BATCH_JOBS: Final = 4
OPEN_JOBS_KEPT: Final = 5
CAPTURED_SHARE: Final = 0.9
ROUTE: Final = '{"s":1,"p":"fast","w":[100,600,250,50],"c":"sandbox/image 900 900 900 900","x":""}'
DEADLINE_S: Final = 60.0
NAME_WIDTH: Final = 30
CELL_WIDTH: Final = 18

type Operations = Iterator[EntryKind]


class DayClock(SystemClock):
    """A clock whose day passes as it is told; its waits are real."""

    def __init__(self) -> None:
        self.time_ms = START_MS

    def now_ms(self) -> int:
        return self.time_ms


@dataclass
class Customer:
    """One wallet's owner and what he does all day; each step is one operation and posts one entry."""

    number: int
    ledger: JobLedger
    cards: PaymentLedger
    store: DynamoStore
    clock: DayClock
    random: random.Random
    open_jobs: list[Job] = field(default_factory=list)
    charged: list[Job] = field(default_factory=list)
    payments: list[str] = field(default_factory=list)
    steps: int = 0

    @property
    def wallet_id(self) -> str:
        return f"acct_{self.number:026d}"

    def day(self) -> Counter[EntryKind]:
        """Spend the whole day; what was posted, by kind."""
        self.ledger.open_wallet(self.wallet_id)
        done: Counter[EntryKind] = Counter()
        for kind in self._acts():
            done[kind] += 1
            self.steps += 1
            self.clock.time_ms = START_MS + DAY_MS * self.steps // OPERATIONS_A_WALLET
            if self.steps == OPERATIONS_A_WALLET:
                break
        return done

    def _acts(self) -> Operations:
        acts: dict[str, Callable[[], Operations]] = {name: getattr(self, f"_{name}") for name in MIX}
        yield from self._pay()
        while True:
            (act,) = self.random.choices(list(MIX), weights=list(MIX.values()))
            try:
                yield from acts[act]()
            except InsufficientFundsError:
                yield from self._pay()

    def _job(self) -> Operations:
        job = a_job(
            self._name,
            wallet_id=self.wallet_id,
            hold_micros=self.random.choice(PRICES_MICROS),
            at_ms=self.clock.time_ms + 1,
            route=ROUTE,
        )
        self.ledger.hold(job, job_id=job.id, idempotency=None, key_limit=None, **self._terms(job.hold_micros))
        self.open_jobs.append(job)
        yield EntryKind.HOLD
        if len(self.open_jobs) > OPEN_JOBS_KEPT:
            yield self._settle(self.open_jobs.pop(0))

    def _batch(self) -> Operations:
        # Ids of a batch and its jobs follow one another, from the first millisecond of the day.
        batch, jobs = a_batch(10 * self._name, size=BATCH_JOBS, wallet_id=self.wallet_id)
        jobs = [replace(job, route=ROUTE) for job in jobs]
        self.store.batch_store.stage(jobs)
        terms = self._terms(batch.hold_micros)
        self.ledger.hold_batch(
            batch, batch_id=batch.id, jobs=batch.size, idempotency=None, key_limit=None, **terms
        )
        yield EntryKind.HOLD
        for job in jobs:
            self.store.admit(job)
            yield self._settle(job)
        end = BatchEnd(
            state=BatchState.COMPLETED,
            finished_at_ms=self.clock.time_ms,
            owes_webhook=False,
            stopping=False,
        )
        self.ledger.close_batch(
            end, wallet_id=self.wallet_id, batch_id=batch.id, deadline_s=terms["deadline_s"]
        )

    def _pay(self) -> Operations:
        order = PaymentOrder(
            f"cs_{self._name:06d}", self.wallet_id, self.random.choice(PAID_MICROS), currency="usd"
        )
        payment_id = f"pi_{self._name:06d}"
        self.cards.open_order(order)
        self.cards.deposit(order, payment_id=payment_id, cause="evt_1", receipt_url=None)
        self.payments.append(payment_id)
        yield EntryKind.DEPOSIT

    def _refund(self) -> Operations:
        refund_id, payment_id = f"re_{self._name:06d}", self.random.choice(self.payments)
        if self._claw_back(EntryKind.REFUND, refund_id, payment_id=payment_id):
            yield EntryKind.REFUND
            if self.random.random() < 1 - CAPTURED_SHARE:
                self.cards.return_refund(refund_id, payment_id=payment_id, cause="evt_2")
                yield EntryKind.ADJUST

    def _dispute(self) -> Operations:
        dispute_id, payment_id = f"du_{self._name:06d}", self.random.choice(self.payments)
        if self._claw_back(EntryKind.DISPUTE, dispute_id, payment_id=payment_id):
            self.cards.unfreeze(self.wallet_id, cause="ticket")
            yield EntryKind.DISPUTE
            if self.random.random() < 1 / 2:
                self.cards.reinstate(dispute_id, payment_id=payment_id, cause="evt_2")
                yield EntryKind.REINSTATE

    def _claw_back(self, kind: EntryKind, reference: str, *, payment_id: str) -> bool:
        """Whether anything was left to take."""
        amount_micros = self.random.randint(1, min(PAID_MICROS))
        return self.cards.claw_back(
            kind, reference=reference, payment_id=payment_id, amount_micros=amount_micros, cause="evt_1"
        ).is_new

    def _gift(self) -> Operations:
        if self.charged:
            job = self.charged.pop()
            self.cards.goodwill(
                job.id, wallet_id=self.wallet_id, amount_micros=job.hold_micros, cause="ticket"
            )
            yield EntryKind.GOODWILL

    def _correct(self) -> Operations:
        self.cards.adjust(
            f"T-{self._name}",
            wallet_id=self.wallet_id,
            amount_micros=self.random.choice(PRICES_MICROS),
            adjustment=Adjustment(Counterpart.PROMOTION, into_wallet=self.random.random() < 1 / 2),
            cause="ticket",
        )
        yield EntryKind.ADJUST

    def _settle(self, job: Job) -> EntryKind:
        captured = self.random.random() < CAPTURED_SHARE
        attempt = Attempt(
            candidate=0,
            outcome=AttemptOutcome.COMPLETED if captured else AttemptOutcome.UNAVAILABLE,
            started_ms=0,
            duration_ms=900,
            cost_micros=job.hold_micros // 2 if captured else None,
        )
        end = JobEnd(
            state=JobState.COMPLETED if captured else JobState.FAILED,
            attempts=(attempt,),
            files=(DeliveredFile(width_px=1024, height_px=1024),) if captured else (),
            failure=None if captured else JobFailure.TIER_UNAVAILABLE,
            finished_at_ms=self.clock.time_ms,
        )
        act = self.ledger.capture if captured else self.ledger.release
        act(end, job_id=job.id, in_batch=job.batch_id is not None, **self._terms(job.hold_micros))
        if captured:
            self.charged.append(job)
        return EntryKind.CAPTURE if captured else EntryKind.RELEASE

    def _terms(self, amount_micros: int) -> dict[str, Any]:
        return {
            "wallet_id": self.wallet_id,
            "amount_micros": amount_micros,
            "cause": "req_1",
            "deadline_s": self.clock.monotonic_s() + DEADLINE_S,
        }

    @property
    def _name(self) -> int:
        """A number that nobody has used yet: one a step, and as many steps apart for each wallet."""
        return self.number * OPERATIONS_A_WALLET + self.steps


@dataclass
class Counting:
    """A client that counts what the check reads: calls and read units by kind."""

    client: DynamoDB
    calls: Counter[str] = field(default_factory=Counter)
    units: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def all_units(self) -> float:
        return sum(self.units.values())

    def get_item(self, **parameters: Any) -> Any:
        answer = self.client.get_item(**parameters)
        self._count("GetItem, balances", read_units(answer.get("Item", {})))
        return answer

    def query(self, **parameters: Any) -> Any:
        answer = self.client.query(**parameters)
        units = read_units(*answer["Items"])
        if parameters.get("ConsistentRead"):
            self._count("Query, entries", units)
        else:
            self._count("Query, index of wallets", units / 2)
        return answer

    def batch_get_item(self, **parameters: Any) -> Any:
        answer = self.client.batch_get_item(**parameters)
        for table, wanted in parameters["RequestItems"].items():
            items = answer["Responses"].get(table, [])
            absent = len(wanted["Keys"]) - len(items)
            kind = "jobs" if table == "jobs" else "payments"
            self._count(f"BatchGetItem, {kind}", sum(map(read_units, items)) + absent)
        return answer

    def _count(self, kind: str, units: float) -> None:
        self.calls[kind] += 1
        self.units[kind] += units


def read_units(*items: Item) -> int:
    """Units of one consistent read of these items together; nothing at all is still one."""
    size = sum(attribute_bytes(*attribute) for item in items for attribute in item.items())
    return max(1, -(-size // READ_UNIT_BYTES))


def main() -> int:
    """Write the day, check it, and print. 1 when the books are not right."""
    with emulator():
        done = written_day()
        counting = Counting(DynamoDB())
        report = checked(counting)
        ratio = statistics.median(times_bare_query() for _ in range(TIMED_RUNS))
    say_all(done, counting, report, ratio=ratio)
    trial = report.trial
    right = (
        report.complete
        and (report.found, report.moving) == (0, [])
        and (trial.wallets, trial.entries) == (WALLETS, OPERATIONS)
        and sum(trial.accounts.values()) == 0
    )
    return 0 if right else 1


@contextmanager
def emulator() -> Iterator[None]:
    """The stack's emulator alone, with the template's tables and nothing in them."""
    shutil.rmtree(HOME, ignore_errors=True)
    place = Place(home=HOME, port=free_port(), aws_port=free_port())
    with running_emulator(place):
        aws.use_emulator(place)
        create_tables(boto3.client("dynamodb"))
        yield


def written_day() -> Counter[EntryKind]:
    """Let all customers have their day, some of them at a time; what was posted, by kind."""

    def day(number: int) -> Counter[EntryKind]:
        store, clock = DynamoStore(DynamoDB()), DayClock()
        chance = random.Random(SEED + number)  # noqa: S311 - a repeatable day
        ledger: JobLedger = Ledger(store=store, clock=clock, random=random.random)
        cards = PaymentLedger(store=store, clock=clock, random=random.random)
        return Customer(number, ledger, cards, store, clock, chance).day()

    with ThreadPoolExecutor(WRITERS) as pool:
        return sum(pool.map(day, range(WALLETS)), Counter[EntryKind]())


def checked(client: Any) -> AccountsReport:
    """The daily check, at the end of the day."""
    clock = DayClock()
    clock.time_ms += DAY_MS
    audits = DynamoAudits(client, balances_table="balances", jobs_table="jobs")
    payments = DynamoPayments(DynamoDB(), table="balances")
    cards = PaymentLedger(store=payments, clock=clock, random=random.random)
    return CheckAccounts(store=audits, freeze=cards.freeze, clock=clock).all()


def times_bare_query() -> float:
    """How many times as long the check takes as only reading every entry, one after the other."""
    client = DynamoDB()
    began_s = time.perf_counter()
    checked(client)
    checked_s = time.perf_counter()
    for number in range(WALLETS):
        query: dict[str, Any] = {
            "TableName": "balances",
            "ConsistentRead": True,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :entry)",
            "ExpressionAttributeValues": {":pk": {"S": f"A#acct_{number:026d}"}, ":entry": {"S": "E#"}},
        }
        while "LastEvaluatedKey" in (answer := client.query(**query)):
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    return (checked_s - began_s) / (time.perf_counter() - checked_s)


def say_all(done: Counter[EntryKind], counting: Counting, report: AccountsReport, *, ratio: float) -> None:
    """Print everything that was counted."""
    trial = report.trial
    say(f"{WALLETS} wallets, {sum(done.values())} operations of a day")
    say("  " + ", ".join(f"{count} {kind.value}" for kind, count in done.most_common()))
    say("")
    line("trial balance, micro-dollars", "credits - debits")
    for account, micros in sorted(trial.accounts.items()):
        line(account, f"{micros:,}")
    line("sum, must be zero", f"{sum(trial.accounts.values()):,}")
    say("")
    line("read by the daily check", "calls", "read units")
    for kind, calls in counting.calls.items():
        line(kind, calls, f"{counting.units[kind]:g}")
    line("all", counting.calls.total(), f"{counting.all_units:g}")
    say("")
    say(f"{trial.wallets} wallets and {trial.entries} entries checked, {len(report.moving)} were moving")
    for text in [
        *report.trial_differences,
        *(each for found in report.differences.values() for each in found),
    ]:
        say(f"  {text}")
    say(f"differences found: {report.found}")
    say(f"read units an entry: {counting.all_units / trial.entries:.3f}")
    say(f"the check takes {ratio:.1f} x as long as a bare consistent query of the same entries")


def line(name: str, *cells: Any) -> None:
    """Print one line of a table."""
    say(f"{name:{NAME_WIDTH}}" + "".join(f"{cell:>{CELL_WIDTH}}" for cell in cells))


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
