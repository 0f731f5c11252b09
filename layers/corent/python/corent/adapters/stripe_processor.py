"""Stripe as the card processor: Checkout Sessions, and the truth of each payment.

Source: Stripe's API reference of Checkout Sessions, PaymentIntents, Refunds, Disputes and Events, with the
shapes of its library (stripe 16.1.0), read 2026-11-25.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import stripe

from corent.adapters.stripe_account import StripeAccount
from corent.core.errors import InternalError, TemporarilyUnavailableError
from corent.payments.events import TYPES, payment_of
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

PRODUCT: Final = "Corent balance"
PAGE_MAX: Final = 100
# What we write on everything we make: whose it is.
ACCOUNT: Final = "corent_account"
ORDER: Final = "corent_order"

_REFUNDS: Final = {
    "pending": RefundState.STANDING,
    "requires_action": RefundState.STANDING,
    "succeeded": RefundState.STANDING,
    "failed": RefundState.UNDONE,
    "canceled": RefundState.UNDONE,
}
_DISPUTES: Final = {
    "warning_needs_response": DisputeState.INQUIRY,
    "warning_under_review": DisputeState.INQUIRY,
    "warning_closed": DisputeState.INQUIRY,
    "prevented": DisputeState.INQUIRY,
    "needs_response": DisputeState.OPEN,
    "under_review": DisputeState.OPEN,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
}
_CHARGES: Final = {"succeeded": ChargeState.SUCCEEDED, "processing": ChargeState.PENDING}


class StripeProcessor:
    """CardProcessor on Stripe. `return_url` is where a payer goes back to, whether he paid or left."""

    def __init__(self, *, account: StripeAccount, return_url: str) -> None:
        self._account = account
        self._return_url = return_url

    def open_checkout(
        self, *, account_id: str, amount_cents: int, currency: str, idempotency_key: str, saves_card: bool
    ) -> Checkout:
        marks = {ACCOUNT: account_id}
        saving: Any = {"customer_creation": "always"} if saves_card else {}
        usage: Any = {"setup_future_usage": "off_session"} if saves_card else {}
        with _answering():
            params: Any = {
                "mode": "payment",
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": currency,
                            "unit_amount": amount_cents,
                            "product_data": {"name": PRODUCT},
                        },
                    }
                ],
                "client_reference_id": account_id,
                "metadata": marks,
                "payment_intent_data": {"metadata": marks, **usage},
                **saving,
                "success_url": self._return_url,
                "cancel_url": self._return_url,
            }
            session = self._account.client().v1.checkout.sessions.create(
                params, {"idempotency_key": idempotency_key}
            )
        if session.url is None:
            raise TemporarilyUnavailableError("The payment page could not be made. Begin a new deposit.")
        return Checkout(session_id=session.id, url=session.url, expires_at_s=session.expires_at)

    def charge(
        self, card: SavedCard, *, account_id: str, order_id: str, amount_cents: int, currency: str
    ) -> Charge:
        with _answering():
            intents = self._account.client().v1.payment_intents
            try:
                intent = intents.create(
                    {
                        "amount": amount_cents,
                        "currency": currency,
                        "customer": card.customer_id,
                        "payment_method": card.method_id,
                        "off_session": True,
                        "confirm": True,
                        "metadata": {ACCOUNT: account_id, ORDER: order_id},
                    },
                    {"idempotency_key": order_id},
                )
                # A repeat is answered as the first time was, so what has become of it is asked for.
                intent = intents.retrieve(intent.id)
            except stripe.CardError as error:
                needs_owner = error.code == "authentication_required"
                return Charge(payment_id=None, state=ChargeState.FAILED, needs_owner=needs_owner)
            except stripe.InvalidRequestError as error:
                if error.param in ("customer", "payment_method"):  # Its owner has removed the card.
                    return Charge(payment_id=None, state=ChargeState.FAILED)
                raise
        return Charge(payment_id=intent.id, state=_CHARGES.get(intent.status, ChargeState.FAILED))

    def payment(self, payment_id: str) -> Payment | None:
        with _answering():
            client = self._account.client().v1
            try:
                intent = client.payment_intents.retrieve(payment_id, {"expand": ["latest_charge"]})
            except stripe.InvalidRequestError as error:
                if error.http_status == 404:
                    return None
                raise
            sessions = client.checkout.sessions.list({"payment_intent": payment_id, "limit": 1}).data
            refunds = client.refunds.list({"payment_intent": payment_id, "limit": PAGE_MAX})
            disputes = client.disputes.list({"payment_intent": payment_id, "limit": PAGE_MAX})
            return Payment(
                id=intent.id,
                **_ordered(sessions[0] if sessions else None, intent),
                paid_cents=intent.amount_received,
                is_live=intent.livemode,
                receipt_url=_receipt_url(intent),
                saved_card=_saved_card(intent),
                refunds=tuple(map(_refund, refunds.auto_paging_iter())),
                disputes=tuple(map(_dispute, disputes.auto_paging_iter())),
            )

    def changed_payments(self, *, since_s: int, until_s: int) -> Iterator[str]:
        with _answering():
            events = self._account.client().v1.events.list(
                {"types": list(TYPES), "created": {"gte": since_s, "lt": until_s}, "limit": PAGE_MAX}
            )
            seen = set()
            for event in events.auto_paging_iter():
                payment_id = payment_of(event.to_dict())
                if payment_id is not None and payment_id not in seen:
                    seen.add(payment_id)
                    yield payment_id


def _ordered(session: stripe.checkout.Session | None, intent: stripe.PaymentIntent) -> dict[str, Any]:
    """What was asked for, of whom, and whether it is paid."""
    if session is None:
        marks = _marks(intent.metadata)
        return {
            "order_id": marks.get(ORDER),
            "account_id": marks.get(ACCOUNT),
            "is_paid": intent.status == "succeeded",
            "asked_cents": intent.amount,
            "currency": intent.currency,
        }
    account_id = _marks(session.metadata).get(ACCOUNT)
    return {
        # A session without our mark is another's: the operator may sell other things with the same account.
        "order_id": session.id if account_id is not None else None,
        "account_id": account_id,
        "is_paid": session.payment_status == "paid",
        "asked_cents": session.amount_total or 0,
        "currency": session.currency or "",
    }


def _marks(metadata: Any) -> dict[str, str]:
    """What we wrote on it."""
    marks: dict[str, str] = metadata.to_dict() if metadata is not None else {}
    return marks


def _saved_card(intent: stripe.PaymentIntent) -> SavedCard | None:
    customer, method = intent.customer, intent.payment_method
    if intent.setup_future_usage != "off_session" or customer is None or method is None:
        return None
    return SavedCard(customer_id=_id_of(customer), method_id=_id_of(method), saved_at_s=intent.created)


def _id_of(expandable: Any) -> str:
    return expandable if isinstance(expandable, str) else str(expandable.id)


def _receipt_url(intent: stripe.PaymentIntent) -> str | None:
    charge = intent.latest_charge
    return charge.receipt_url if isinstance(charge, stripe.Charge) else None


def _refund(refund: stripe.Refund) -> Refund:
    state = _REFUNDS.get(refund.status or "")
    if state is None:
        raise InternalError(f"refund {refund.id} has the unknown status {refund.status}")
    return Refund(id=refund.id, amount_cents=refund.amount, created_s=refund.created, state=state)


def _dispute(dispute: stripe.Dispute) -> Dispute:
    state = _DISPUTES.get(dispute.status)
    if state is None:
        raise InternalError(f"dispute {dispute.id} has the unknown status {dispute.status}")
    return Dispute(id=dispute.id, amount_cents=dispute.amount, created_s=dispute.created, state=state)


@contextmanager
def _answering() -> Iterator[None]:
    """Say the library's errors in our words. Their texts may name a customer, so they go no further."""
    try:
        yield
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise InternalError(f"the card processor refuses our key: {type(error).__name__}") from error
    except stripe.InvalidRequestError as error:
        raise InternalError(f"the card processor refuses what we ask: {error.code} {error.param}") from error
    except stripe.StripeError as error:
        raise TemporarilyUnavailableError(
            "The payment service does not answer just now.", retry_after_s=5
        ) from error
