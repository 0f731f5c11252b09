"""Bring one card payment into the books: fetch what is true of it now, and post whatever is missing.

Events only wake this. So duplicates, any order and lost events all end in the same entries.
"""

from dataclasses import dataclass, field
from typing import Final, Protocol

from corent.core.errors import PaymentMismatchError, TemporarilyUnavailableError
from corent.core.money import MICROS_PER_CENT
from corent.ledger.entries import EntryKind
from corent.ledger.payment_store import OrderState, PaymentOrder
from corent.ledger.payments import PaymentLedger, Posting
from corent.payments.processor import (
    CardProcessor,
    Dispute,
    DisputeState,
    Payment,
    Refund,
    RefundState,
)
from corent.payments.topup import SavedCard
from corent.usecases.watch_balances import Wake

RETRY_AFTER_S: Final = 60


@dataclass(slots=True)
class SyncReport:
    """What one look at a payment did. `posted` are the keys of new entries.

    `short_micros` could not be taken back because less was left of the payment; a person has to look at it.
    """

    payment_id: str
    wallet_id: str | None = None
    posted: list[str] = field(default_factory=list)
    frozen_for: list[str] = field(default_factory=list)
    short_micros: int = 0


class KeepCard(Protocol):
    """Keeps a card that its owner allowed to be charged again."""

    def __call__(self, wallet_id: str, card: SavedCard) -> None:
        """Keep it, unless a newer one is kept. May be repeated."""
        ...


class SyncPayment:
    """Looks at one payment. May be repeated, may die anywhere, may run twice at once."""

    def __init__(
        self,
        *,
        processor: CardProcessor,
        ledger: PaymentLedger,
        keep_card: KeepCard,
        wake: Wake,
        expects_live: bool,
    ) -> None:
        self._processor = processor
        self._ledger = ledger
        self._keep_card = keep_card
        self._wake = wake
        self._expects_live = expects_live

    def __call__(self, payment_id: str, *, cause: str) -> SyncReport:
        """What was missing and is posted now. `cause` is the event or check that asked.

        Raises PaymentMismatchError, with nothing posted, for a payment that is not what was asked for, and
        TemporarilyUnavailableError when the processor or the books did not answer: ask again.
        """
        report = SyncReport(payment_id)
        payment = self._processor.payment(payment_id)
        if payment is None or payment.order_id is None:
            return report  # Somebody else's: the processor's account may be used for more than this.
        order = self._order_of(payment)
        report.wallet_id = order.wallet_id
        self._post(payment, order, cause=cause, report=report)
        # Whoever waits for the charge, or watches the balance, looks again.
        self._wake(order.wallet_id)
        return report

    def _post(self, payment: Payment, order: PaymentOrder, *, cause: str, report: SyncReport) -> None:
        """Post what is missing of a payment that is ours."""
        if not payment.is_paid:
            if payment.refunds or payment.disputes:
                raise TemporarilyUnavailableError(
                    "The payment is not settled yet.", retry_after_s=RETRY_AFTER_S
                )
            return
        if payment.saved_card is not None:
            self._keep_card(order.wallet_id, payment.saved_card)
        if order.state is OrderState.CREATED:
            deposit = self._ledger.deposit(
                order, payment_id=payment.id, cause=cause, receipt_url=payment.receipt_url
            )
            self._note(deposit, report)
        # In the order in which they were begun: each takes what the earlier ones left.
        claims: list[Refund | Dispute] = [*payment.refunds, *payment.disputes]
        claims.sort(key=lambda each: (each.created_s, each.id))
        for claim in claims:
            if isinstance(claim, Refund):
                self._refund(claim, payment_id=payment.id, cause=cause, report=report)
            else:
                self._dispute(claim, payment_id=payment.id, cause=cause, report=report)

    def _order_of(self, payment: Payment) -> PaymentOrder:
        """What was asked for, which the payment must be."""
        order = self._ledger.order(payment.order_id or "")
        if order is None:
            raise PaymentMismatchError(f"payment {payment.id} is for an unknown order {payment.order_id}")
        amount_cents = order.amount_micros // MICROS_PER_CENT
        said = (payment.account_id, payment.asked_cents, payment.currency, payment.is_live)
        asked = (order.wallet_id, amount_cents, order.currency, self._expects_live)
        if said != asked or (payment.is_paid and payment.paid_cents != amount_cents):
            raise PaymentMismatchError(f"{payment} is not what order {order.id} says: {asked}")
        return order

    def _refund(self, refund: Refund, *, payment_id: str, cause: str, report: SyncReport) -> None:
        if refund.state is RefundState.UNDONE:
            self._note(self._ledger.return_refund(refund.id, payment_id=payment_id, cause=cause), report)
            return
        self._take(EntryKind.REFUND, refund, payment_id=payment_id, cause=cause, report=report)

    def _dispute(self, dispute: Dispute, *, payment_id: str, cause: str, report: SyncReport) -> None:
        if dispute.state is DisputeState.INQUIRY:
            self._freeze(dispute.id, payment_id=payment_id, report=report)
            return
        taken_micros = self._take(
            EntryKind.DISPUTE, dispute, payment_id=payment_id, cause=cause, report=report
        )
        if taken_micros == 0:
            # No entry freezes the wallet, as nothing is left to take.
            self._freeze(dispute.id, payment_id=payment_id, report=report)
        if dispute.state is DisputeState.WON:
            self._note(self._ledger.reinstate(dispute.id, payment_id=payment_id, cause=cause), report)

    def _take(
        self, kind: EntryKind, claim: Refund | Dispute, *, payment_id: str, cause: str, report: SyncReport
    ) -> int:
        """Take the claim back; how much there was to take, in micro-dollars."""
        amount_micros = claim.amount_cents * MICROS_PER_CENT
        posting = self._ledger.claw_back(
            kind, reference=claim.id, payment_id=payment_id, amount_micros=amount_micros, cause=cause
        )
        self._note(posting, report)
        if posting.is_new or posting.amount_micros == 0:
            report.short_micros += amount_micros - posting.amount_micros
        return posting.amount_micros

    def _freeze(self, dispute_id: str, *, payment_id: str, report: SyncReport) -> None:
        if self._ledger.note_dispute(dispute_id, payment_id=payment_id):
            report.frozen_for.append(dispute_id)

    def _note(self, posting: Posting, report: SyncReport) -> None:
        if posting.is_new:
            report.posted.append(posting.key)
