"""Card money in the books: deposits, claw-backs, reinstatements, and an operator's corrections.

Each is run until its outcome is known, and each may be repeated: its entry's key is the outside fact.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from corent.core.clock import Clock
from corent.core.errors import (
    AccountFrozenError,
    ConflictingCorrectionError,
    InvariantViolationError,
    NotFoundError,
)
from corent.core.writes import ConditionFailedError, UntilKnown
from corent.ledger.balances import Balance, WalletStatus
from corent.ledger.entries import (
    Adjustment,
    Counterpart,
    Entry,
    EntryKind,
    adjust_key,
    claw_back_key,
    deposit_key,
    goodwill_key,
    reinstate_key,
    settle_key,
)
from corent.ledger.outcomes import Settlement, surely_posted
from corent.ledger.payment_store import (
    ClawBackWrite,
    DepositWrite,
    PaymentOrder,
    PaymentStore,
    PutBackWrite,
    StoredPayment,
)

WRITE_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Posting:
    """What became of a movement: `amount_micros` is posted under its key, by this call if `is_new`.

    It is less than was asked where less was left of the payment, and 0 where nothing was and nothing is
    posted. A write whose answer was lost is not new to the repeat that finds it.
    """

    key: str
    amount_micros: int
    is_new: bool


class PaymentLedger:
    """Moves card money between accounts of the books; the only thing that does."""

    def __init__(self, *, store: PaymentStore, clock: Clock, random: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._run = UntilKnown(clock=clock, random=random)

    def require_active(self, wallet_id: str) -> None:
        """Raise AccountFrozenError for a wallet that may not be paid into by its owner now."""
        if self.balance(wallet_id).status is not WalletStatus.ACTIVE:
            raise AccountFrozenError("This account may not spend. Contact support.")

    def balance(self, wallet_id: str) -> Balance:
        """The wallet's balance as it is stored. Raises InvariantViolationError where there is none."""
        balance = self._store.read_balance(wallet_id)
        if balance is None:
            raise InvariantViolationError(f"wallet {wallet_id} has no balance")
        return balance

    def open_order(self, order: PaymentOrder) -> None:
        """Note what a customer is asked to pay, before he can pay it. May be repeated.

        Raises InvariantViolationError when the same id stands for something else.
        """

        def explain() -> Settlement:
            stored = self._store.read_order(order.id)
            if stored is None or (stored.wallet_id, stored.amount_micros, stored.currency) != (
                order.wallet_id,
                order.amount_micros,
                order.currency,
            ):
                raise InvariantViolationError(f"order {order.id} is stored as {stored}, not {order}")
            return Settlement.DONE

        self._until_known(
            lambda: self._store.write_order(order, at_ms=self._clock.now_ms()),
            explain,
            done=Settlement.DONE,
        )

    def order(self, order_id: str) -> PaymentOrder | None:
        """What a customer was asked to pay."""
        return self._store.read_order(order_id)

    def deposit(
        self, order: PaymentOrder, *, payment_id: str, cause: str, receipt_url: str | None
    ) -> Posting:
        """Credit a paid order (T4): what was asked for, to the wallet that asked. May be repeated."""
        entry = Entry(
            key=deposit_key(order.id),
            wallet_id=order.wallet_id,
            kind=EntryKind.DEPOSIT,
            amount_micros=order.amount_micros,
            at_ms=self._clock.now_ms(),
            reference=order.id,
            cause=cause,
            payment_id=payment_id,
            receipt_url=receipt_url,
        )
        write = DepositWrite(entry=entry, order_id=order.id, payment_id=payment_id)
        return self._post(entry, lambda: self._store.write_deposit(write))

    def claw_back(
        self, kind: EntryKind, *, reference: str, payment_id: str, amount_micros: int, cause: str
    ) -> Posting:
        """Take back a refund or a dispute (T5), or what is left of the payment. May be repeated.

        A dispute freezes the wallet. The balance may fall below zero. Raises InvariantViolationError for a
        payment that was never credited.
        """
        wallet_id = self._payment(payment_id).wallet_id
        key = claw_back_key(kind, reference)
        earlier = self._earlier(wallet_id, key=key)
        if earlier is not None:
            return earlier
        taken_micros = 0

        def write() -> None:
            # Each try takes what is left by then: another claw-back may have come between.
            nonlocal taken_micros
            taken_micros = min(amount_micros, self._payment(payment_id).left_micros)
            if taken_micros == 0:
                raise ConditionFailedError(f"nothing is left of {payment_id}")
            entry = Entry(
                key=key,
                wallet_id=wallet_id,
                kind=kind,
                amount_micros=taken_micros,
                at_ms=self._clock.now_ms(),
                reference=reference,
                cause=cause,
                payment_id=payment_id,
            )
            self._store.write_claw_back(
                ClawBackWrite(entry=entry, payment_id=payment_id, freezes=kind is EntryKind.DISPUTE)
            )

        def explain() -> Posting | Settlement | None:
            left_micros = self._payment(payment_id).left_micros
            nothing = Posting(key, 0, is_new=False) if left_micros == 0 else None
            return self._earlier(wallet_id, key=key) or nothing

        done: Posting | Settlement = Settlement.DONE
        ended = self._run(write, done, explain, deadline_s=self._deadline_s())
        return ended if isinstance(ended, Posting) else Posting(key, taken_micros, is_new=True)

    def note_dispute(self, dispute_id: str, *, payment_id: str) -> bool:
        """Freeze the wallet for a dispute that takes no money (yet): once, so that an operator may unfreeze.

        True when this call did. May be repeated.
        """
        payment = self._payment(payment_id)
        if dispute_id in payment.frozen_for:
            return False

        def explain() -> Settlement:
            if dispute_id not in self._payment(payment_id).frozen_for:
                raise InvariantViolationError(f"{dispute_id} could not be noted on {payment_id}")
            return Settlement.LOST

        noted = self._until_known(
            lambda: self._store.write_freeze(
                payment.wallet_id,
                payment_id=payment_id,
                dispute_id=dispute_id,
                at_ms=self._clock.now_ms(),
            ),
            explain,
            done=Settlement.DONE,
        )
        return noted is Settlement.DONE

    def reinstate(self, dispute_id: str, *, payment_id: str, cause: str) -> Posting:
        """Give back what a dispute took, once it is won (T6). The wallet stays frozen. May be repeated."""
        undoes = claw_back_key(EntryKind.DISPUTE, dispute_id)
        return self._put_back(
            undoes,
            EntryKind.REINSTATE,
            key=reinstate_key(dispute_id),
            reference=dispute_id,
            payment_id=payment_id,
            cause=cause,
        )

    def return_refund(self, refund_id: str, *, payment_id: str, cause: str) -> Posting:
        """Give back what a refund took that failed after all. May be repeated."""
        undoes = claw_back_key(EntryKind.REFUND, refund_id)
        return self._put_back(
            undoes,
            EntryKind.ADJUST,
            key=adjust_key(refund_id),
            reference=refund_id,
            payment_id=payment_id,
            cause=cause,
            adjustment=Adjustment(Counterpart.CARD_CLEARING, into_wallet=True),
        )

    def goodwill(self, job_id: str, *, wallet_id: str, amount_micros: int, cause: str) -> Posting:
        """Give a customer money for a job that was charged (T7), once a job. May be repeated.

        Raises NotFoundError for a job of that wallet that was never charged, and ConflictingCorrectionError
        for a second gift of another amount.
        """
        entry = Entry(
            key=goodwill_key(job_id),
            wallet_id=wallet_id,
            kind=EntryKind.GOODWILL,
            amount_micros=amount_micros,
            at_ms=self._clock.now_ms(),
            reference=job_id,
            cause=cause,
        )

        def explain() -> Posting:
            done = self._corrected(entry)
            if done is not None:
                return done
            settled = self._store.read_entry(wallet_id, key=settle_key(job_id))
            if settled is None or settled.kind is not EntryKind.CAPTURE:
                raise NotFoundError("There is no such job that was charged.")
            raise InvariantViolationError(f"{entry.key} was refused, yet nothing is posted under it")

        return self._until_known(
            lambda: self._store.write_goodwill(entry, job_id=job_id), explain, done=_new(entry)
        )

    def adjust(
        self, ticket: str, *, wallet_id: str, amount_micros: int, adjustment: Adjustment, cause: str
    ) -> Posting:
        """Correct a wallet by an operator's hand, once a ticket. May be repeated.

        Raises NotFoundError for a wallet that does not exist, and ConflictingCorrectionError when the ticket
        was used for another correction of it.
        """
        entry = Entry(
            key=adjust_key(ticket),
            wallet_id=wallet_id,
            kind=EntryKind.ADJUST,
            amount_micros=amount_micros,
            at_ms=self._clock.now_ms(),
            reference=ticket,
            cause=cause,
            adjustment=adjustment,
        )

        def explain() -> Posting:
            done = self._corrected(entry)
            if done is None:
                raise NotFoundError("There is no such account.")
            return done

        return self._until_known(lambda: self._store.write_adjustment(entry), explain, done=_new(entry))

    def freeze(self, wallet_id: str) -> None:
        """Stop the spending of a wallet whose books do not add up. May be repeated."""
        self._store.freeze(wallet_id, cause="account check")

    def unfreeze(self, wallet_id: str, *, cause: str) -> None:
        """Let a frozen wallet spend again, whose numbers must add up. May be repeated.

        Raises InvariantViolationError for one whose do not, and NotFoundError for one that does not exist.
        """
        balance = self._store.read_balance(wallet_id)
        if balance is None:
            raise NotFoundError("There is no such account.")
        balance.check()
        self._store.unfreeze(wallet_id, cause=cause)

    def _put_back(
        self,
        undoes: str,
        kind: EntryKind,
        *,
        key: str,
        reference: str,
        payment_id: str,
        cause: str,
        adjustment: Adjustment | None = None,
    ) -> Posting:
        payment = self._payment(payment_id)
        taken = self._store.read_entry(payment.wallet_id, key=undoes)
        if taken is None:
            return Posting(
                key, 0, is_new=False
            )  # Nothing was left to take, so there is nothing to give back.
        entry = Entry(
            key=key,
            wallet_id=payment.wallet_id,
            kind=kind,
            amount_micros=taken.amount_micros,
            at_ms=self._clock.now_ms(),
            reference=reference,
            cause=cause,
            adjustment=adjustment,
            payment_id=payment_id,
        )
        write = PutBackWrite(
            entry=entry, payment_id=payment_id, credited_micros=payment.credited_micros, undoes=undoes
        )
        return self._post(entry, lambda: self._store.write_put_back(write))

    def _payment(self, payment_id: str) -> StoredPayment:
        payment = self._store.read_payment(payment_id)
        if payment is None:
            raise InvariantViolationError(f"payment {payment_id} was never credited")
        return payment

    def _post(self, entry: Entry, write: Callable[[], None]) -> Posting:
        def explain() -> Posting:
            if surely_posted(self._store, entry) is Settlement.LOST:
                raise InvariantViolationError(f"{entry.key} is posted as something else")
            return Posting(entry.key, entry.amount_micros, is_new=False)

        return self._until_known(write, explain, done=_new(entry))

    def _corrected(self, entry: Entry) -> Posting | None:
        """The very correction, if it is posted already."""
        stored = self._store.read_entry(entry.wallet_id, key=entry.key)
        if stored is None:
            return None
        if (stored.amount_micros, stored.adjustment) != (entry.amount_micros, entry.adjustment):
            raise ConflictingCorrectionError(f"{entry.key} stands for {stored.amount_micros} micro-dollars.")
        return Posting(entry.key, stored.amount_micros, is_new=False)

    def _earlier(self, wallet_id: str, *, key: str) -> Posting | None:
        """What is posted under the key already."""
        stored = self._store.read_entry(wallet_id, key=key)
        return Posting(key, stored.amount_micros, is_new=False) if stored is not None else None

    def _until_known[T](self, write: Callable[[], None], explain: Callable[[], T], *, done: T) -> T:
        return self._run(write, done, explain, deadline_s=self._deadline_s())

    def _deadline_s(self) -> float:
        return self._clock.monotonic_s() + WRITE_TIMEOUT_S


def _new(entry: Entry) -> Posting:
    return Posting(entry.key, entry.amount_micros, is_new=True)
