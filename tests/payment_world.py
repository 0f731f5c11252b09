"""Card money from end to end: a processor that can be told what happened, over the books in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from corent.accounts.keys import ApiKey, KeyStatus, Mode, Scope
from corent.accounts.limiter import RateState
from corent.core.idempotency import IdempotencyClaim, IdempotencyRecord
from corent.ledger.entries import Entry
from corent.ledger.payments import PaymentLedger
from corent.payments.processor import (
    Charge,
    ChargeState,
    Checkout,
    Dispute,
    DisputeState,
    Payment,
    Refund,
    RefundState,
)
from corent.payments.topup import SavedCard
from corent.usecases.authenticate import Caller
from corent.usecases.make_deposit import DEPOSITS, DepositOrder, MakeDeposit
from corent.usecases.sync_payment import SyncPayment
from corent.usecases.tend_wallet import TendWallet
from tests.fakes import START_MS, FakeClock, MemoryBooks, ulid
from tests.memory_watching import MemoryNotices, MemoryTopUps
from tests.tripwire import Tripwire, Wired, answer_lost

ACCOUNT = "acct_1"
CENTS = 1_000
MICROS = CENTS * 10_000


@dataclass
class FakeProcessor:
    """CardProcessor over dictionaries. What is put into `payments` is the truth from then on."""

    payments: dict[str, Payment] = field(default_factory=dict)
    checkouts: dict[str, Checkout] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    asked: list[tuple[int, int]] = field(default_factory=list)
    charges: dict[str, Charge] = field(default_factory=dict)
    charged: list[tuple[str, int, str]] = field(default_factory=list)

    def open_checkout(
        self, *, account_id: str, amount_cents: int, currency: str, idempotency_key: str, saves_card: bool
    ) -> Checkout:
        number = len(self.checkouts) + 1
        made = Checkout(f"cs_{number}", f"https://pay.example/cs_{number}", START_MS // 1000 + 86_400)
        return self.checkouts.setdefault(idempotency_key, made)

    def charge(
        self, card: SavedCard, *, account_id: str, order_id: str, amount_cents: int, currency: str
    ) -> Charge:
        self.charged.append((order_id, amount_cents, card.method_id))
        charge = self.charges.get(order_id, self.charges.get("any", Charge(None, ChargeState.FAILED)))
        if charge.payment_id is not None and charge.payment_id not in self.payments:
            self.payments[charge.payment_id] = a_payment(
                charge.payment_id,
                order_id=order_id,
                account_id=account_id,
                asked_cents=amount_cents,
                paid_cents=amount_cents if charge.state is ChargeState.SUCCEEDED else 0,
                is_paid=charge.state is ChargeState.SUCCEEDED,
            )
        return charge

    def payment(self, payment_id: str) -> Payment | None:
        return self.payments.get(payment_id)

    def changed_payments(self, *, since_s: int, until_s: int) -> Iterator[str]:
        self.asked.append((since_s, until_s))
        return iter(self.changed)


def a_payment(payment_id: str = "pi_1", **changes: object) -> Payment:
    """A payment of the first checkout, paid."""
    made = Payment(
        id=payment_id,
        order_id="cs_1",
        account_id=ACCOUNT,
        is_paid=True,
        asked_cents=CENTS,
        paid_cents=CENTS,
        currency="usd",
        is_live=True,
        receipt_url="https://receipts.example/1",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def a_refund(
    refund_id: str = "re_1", cents: int = 300, *, at: int = 10, state: RefundState = RefundState.STANDING
) -> Refund:
    return Refund(id=refund_id, amount_cents=cents, created_s=at, state=state)


def a_dispute(
    dispute_id: str = "du_1", cents: int = CENTS, *, at: int = 20, state: DisputeState = DisputeState.OPEN
) -> Dispute:
    return Dispute(id=dispute_id, amount_cents=cents, created_s=at, state=state)


def a_payer(account_id: str = ACCOUNT, *, mode: Mode = Mode.LIVE) -> Caller:
    key = ApiKey(
        id="key_1",
        account_id=account_id,
        mode=mode,
        scopes=(Scope.BILLING,),
        label="billing",
        prefix="co_live_",
        last4="abcd",
        status=KeyStatus.ACTIVE,
        created_at_ms=START_MS,
        expires_at_s=None,
        limit_micros=None,
    )
    wallet_id = account_id if mode is Mode.LIVE else f"{account_id}.test"
    return Caller(key=key, key_sha256="k", wallet_id=wallet_id, rate=RateState(600, 599, 0))


@dataclass
class MemoryWindows:
    """WindowStore over a dictionary."""

    times: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def read(self, name: str) -> tuple[int, ...]:
        return self.times.get(name, ())

    def replace(
        self, name: str, before: tuple[int, ...], after: tuple[int, ...], *, keep_until_s: int
    ) -> bool:
        if self.times.get(name, ()) != before:
            return False
        self.times[name] = after
        return True


@dataclass
class MemoryClaims:
    """ClaimStore over a dictionary."""

    records: dict[tuple[str, str], IdempotencyRecord] = field(default_factory=dict)

    def read_idempotency(self, wallet_id: str, *, key_sha256: str) -> IdempotencyRecord | None:
        return self.records.get((wallet_id, key_sha256))

    def claim(self, wallet_id: str, claim: IdempotencyClaim, *, purchase_id: str, now_s: int) -> bool:
        record = self.records.get((wallet_id, claim.key_sha256))
        if record is not None and record.expires_at_s >= now_s:
            return False
        self.records[wallet_id, claim.key_sha256] = IdempotencyRecord(
            fingerprint=claim.fingerprint, purchase_id=purchase_id, expires_at_s=claim.expires_at_s
        )
        return True


class PaymentWorld:
    """One account, its processor and its books."""

    def __init__(self, *, books: MemoryBooks | None = None, wire: Tripwire | None = None) -> None:
        self.clock = FakeClock()
        self.books = books if books is not None else MemoryBooks()
        self.books.open_wallet(ACCOUNT, at_ms=START_MS)
        self.processor = FakeProcessor()
        self.windows = MemoryWindows()
        self.claims = MemoryClaims()
        self.notices = MemoryNotices(self.books)
        self.topups = MemoryTopUps(self.books, self.notices)
        self.woken: list[str] = []
        self.connect(wire if wire is not None else Tripwire())

    def connect(self, wire: Tripwire) -> None:
        """Put all calls behind the tripwire, as a new process does."""

        def wired(target: object) -> Any:
            return Wired(target, wire, lost=answer_lost)

        self.ledger = PaymentLedger(store=wired(self.books), clock=self.clock, random=lambda: 0.5)
        self.sync = SyncPayment(
            processor=wired(self.processor),
            ledger=self.ledger,
            keep_card=wired(self.topups).keep_card,
            wake=self.woken.append,
            expects_live=True,
        )
        self.tend = TendWallet(
            ledger=self.ledger,
            notices=wired(self.notices),
            topups=wired(self.topups),
            processor=wired(self.processor),
            sync=self.sync,
            clock=self.clock,
        )
        self.make_deposit = MakeDeposit(
            processor=wired(self.processor),
            ledger=self.ledger,
            windows=wired(self.windows),
            claims=wired(self.claims),
            limit=DEPOSITS,
            clock=self.clock,
        )

    def order(self, number: int = 1, *, cents: int = CENTS, key: str | None = None) -> str:
        """Make a page to pay on; its session's id."""
        made = self.make_deposit(
            a_payer(),
            DepositOrder(
                amount_cents=cents,
                saves_card=False,
                ulid=ulid(number),
                idempotency_key=key,
                fingerprint=f"deposit {cents}",
            ),
        )
        return made.checkout.session_id

    def paid(self, **changes: object) -> None:
        """Let the first page be paid, and the books know."""
        self.order()
        self.happen(a_payment(**changes))

    def happen(self, payment: Payment) -> list[str]:
        """Let this be true from now on, and look at it; the keys of what was posted."""
        self.processor.payments[payment.id] = payment
        return self.sync(payment.id, cause="evt_1").posted

    @property
    def entries(self) -> dict[str, tuple[str, int]]:
        """Kind and micro-dollars of everything posted, by key."""
        return {key: (e.kind.value, e.amount_micros) for (_, key), e in self.books.entries.items()}

    def entry(self, key: str) -> Entry:
        return self.books.entries[ACCOUNT, key]

    @property
    def available_cents(self) -> int:
        return self.books.balances[ACCOUNT].available_micros // 10_000
