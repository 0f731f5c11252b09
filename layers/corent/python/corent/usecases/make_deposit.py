"""Make a deposit: a page of the card processor's, on which the account's owner can pay."""

from dataclasses import dataclass
from typing import Final

from corent.accounts.keys import Mode
from corent.accounts.limiter import LimitedError, RateState
from corent.accounts.windows import WindowLimit, WindowStore
from corent.core.clock import Clock
from corent.core.errors import LiveKeyRequiredError, TemporarilyUnavailableError
from corent.core.idempotency import ClaimStore, IdempotencyClaim, new_claim, same_request
from corent.core.money import MICROS_PER_CENT
from corent.ledger.payment_store import PaymentOrder
from corent.ledger.payments import PaymentLedger
from corent.payments.processor import CardProcessor, Checkout
from corent.usecases.authenticate import Caller

CURRENCY: Final = "usd"
DEPOSITS: Final = WindowLimit(most=10, span_s=3600)
# Each further try needs another deposit of the same account to have come between.
COUNT_TRIES_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class DepositOrder:
    """What is asked for, and how a repeat is recognised."""

    amount_cents: int
    saves_card: bool
    ulid: str
    idempotency_key: str | None
    fingerprint: str


@dataclass(frozen=True, slots=True)
class MadeDeposit:
    """The page, and how many more may be made; None for a page that was made before."""

    checkout: Checkout
    rate: RateState | None


class MakeDeposit:
    """Nothing is credited here: only a paid order is, once the processor says so."""

    def __init__(
        self,
        *,
        processor: CardProcessor,
        ledger: PaymentLedger,
        windows: WindowStore,
        claims: ClaimStore,
        limit: WindowLimit,
        clock: Clock,
    ) -> None:
        self._processor = processor
        self._ledger = ledger
        self._windows = windows
        self._claims = claims
        self._limit = limit
        self._clock = clock

    def __call__(self, caller: Caller, order: DepositOrder) -> MadeDeposit:
        """A page to pay that amount. With the same Idempotency-Key, the same page for a day.

        Raises LiveKeyRequiredError, AccountFrozenError, IdempotencyKeyReusedError, LimitedError, and
        TemporarilyUnavailableError when the processor does not answer.
        """
        if caller.key.mode is Mode.TEST:
            raise LiveKeyRequiredError("The test balance fills up by itself; deposits take a live key.")
        wallet_id = caller.wallet_id
        deposit_id, rate = f"deposit_{order.ulid}", None
        claim = self._claim(order)
        earlier = self._earlier(wallet_id, claim)
        if earlier is None:
            self._ledger.require_active(wallet_id)
            rate = self._count(wallet_id)
            earlier = self._claimed(wallet_id, claim, deposit_id=deposit_id)
        checkout = self._processor.open_checkout(
            account_id=wallet_id,
            amount_cents=order.amount_cents,
            currency=CURRENCY,
            # The processor knows a repeat by it, so whoever dies after this call gets the same page again.
            idempotency_key=earlier or deposit_id,
            saves_card=order.saves_card,
        )
        # Before the page is known to anybody who could pay.
        self._ledger.open_order(
            PaymentOrder(
                id=checkout.session_id,
                wallet_id=wallet_id,
                amount_micros=order.amount_cents * MICROS_PER_CENT,
                currency=CURRENCY,
            )
        )
        return MadeDeposit(checkout, rate)

    def _earlier(self, wallet_id: str, claim: IdempotencyClaim | None) -> str | None:
        """The deposit that an earlier request with that key began."""
        if claim is None:
            return None
        record = self._claims.read_idempotency(wallet_id, key_sha256=claim.key_sha256)
        same = same_request(record, claim, now_s=self._clock.now_ms() // 1000)
        return same.purchase_id if same is not None else None

    def _claim(self, order: DepositOrder) -> IdempotencyClaim | None:
        if order.idempotency_key is None:
            return None
        return new_claim(order.idempotency_key, fingerprint=order.fingerprint, now_ms=self._clock.now_ms())

    def _claimed(self, wallet_id: str, claim: IdempotencyClaim | None, *, deposit_id: str) -> str | None:
        """Another deposit that the key stands for: one that came first just now."""
        now_s = self._clock.now_ms() // 1000
        if claim is None or self._claims.claim(wallet_id, claim, purchase_id=deposit_id, now_s=now_s):
            return None
        return self._earlier(wallet_id, claim)

    def _count(self, wallet_id: str) -> RateState:
        """Count this deposit among the last hour's."""
        name = f"deposits#{wallet_id}"
        for _ in range(COUNT_TRIES_MAX):
            now_ms = self._clock.now_ms()
            stored = self._windows.read(name)
            counting = self._limit.still_counting(stored, now_ms=now_ms)
            wait_s = self._limit.free_after_s(counting, now_ms=now_ms)
            if wait_s > 0:
                rate = self._state(counting, now_ms=now_ms, retry_after_s=wait_s)
                raise LimitedError("Too many deposits in the last hour.", rate=rate)
            counted = (*counting, now_ms)
            keep_until_s = now_ms // 1000 + self._limit.span_s
            if self._windows.replace(name, stored, counted, keep_until_s=keep_until_s):
                return self._state(counted, now_ms=now_ms, retry_after_s=None)
        raise TemporarilyUnavailableError("Too many deposits are begun at once.", retry_after_s=1)

    def _state(self, times_ms: tuple[int, ...], *, now_ms: int, retry_after_s: int | None) -> RateState:
        newest_ms = max(times_ms)
        return RateState(
            limit=self._limit.most,
            remaining=self._limit.most - len(times_ms),
            reset_s=-(-(newest_ms + self._limit.span_s * 1000 - now_ms) // 1000),
            retry_after_s=retry_after_s,
        )
