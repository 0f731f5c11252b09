"""Objects in Stripe's shapes: the fields that clients read, with what a new object has in them.

Fields and their meaning: the types of stripe-python 16.1.0, made for the API version below, read 2026-11-25.
"""

from typing import Any, Final

from local.stripe_stand_in.store import Record, new_id

API_VERSION: Final = "2026-10-28.endive"
DISPUTE_FEE: Final = 1_500
EVIDENCE_S: Final = 7 * 24 * 3600
_NOBODY: Final = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}
_CARD: Final = {
    "brand": "visa",
    "country": "US",
    "exp_month": 12,
    "exp_year": 2034,
    "fingerprint": "standinstandin00",
    "funding": "credit",
    "last4": "4242",
    "wallet": None,
}


def session(
    *,
    base_url: str,
    created: int,
    expires_at: int,
    amount_total: int,
    currency: str,
    asked: dict[str, Any],
) -> Record:
    """Return an open Checkout Session; `asked` is what the request said, read."""
    id_ = new_id("cs_test", length=58)
    return {
        "id": id_,
        "object": "checkout.session",
        "amount_subtotal": amount_total,
        "amount_total": amount_total,
        "cancel_url": asked.get("cancel_url"),
        "client_reference_id": asked.get("client_reference_id"),
        "created": created,
        "currency": currency,
        "customer": asked.get("customer"),
        "customer_creation": None if "customer" in asked else asked.get("customer_creation", "if_required"),
        "customer_details": None,
        "customer_email": None,
        "expires_at": expires_at,
        "livemode": False,
        "metadata": asked.get("metadata", {}),
        "mode": "payment",
        "payment_intent": None,
        "payment_link": None,
        "payment_method_types": ["card", "us_bank_account"],
        "payment_status": "unpaid",
        "status": "open",
        "success_url": asked["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted",
        "url": f"{base_url}/c/pay/{id_}",
    }


def customer(*, created: int, asked: dict[str, Any]) -> Record:
    """Return a customer."""
    return {
        "id": new_id("cus", length=14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": created,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": asked.get("description"),
        "email": asked.get("email"),
        "livemode": False,
        "metadata": asked.get("metadata", {}),
        "name": asked.get("name"),
        "phone": None,
        "shipping": None,
    }


def payment_method(*, created: int, type_: str, customer: str | None) -> Record:
    """Return a card, or a bank account; saved when it has a customer."""
    details: Record = dict(_CARD) if type_ == "card" else {"bank_name": "STAND-IN BANK", "last4": "6789"}
    return {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": dict(_NOBODY),
        type_: details,
        "created": created,
        "customer": customer,
        "livemode": False,
        "metadata": {},
        "type": type_,
    }


def payment_intent(
    *,
    created: int,
    amount: int,
    currency: str,
    customer: str | None,
    metadata: dict[str, str],
    description: str | None = None,
    setup_future_usage: str | None = None,
) -> Record:
    """Return an intent that nothing was paid for yet."""
    id_ = new_id("pi")
    return {
        "id": id_,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": new_id(f"{id_}_secret"),
        "confirmation_method": "automatic",
        "created": created,
        "currency": currency,
        "customer": customer,
        "description": description,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": metadata,
        "next_action": None,
        "payment_method": None,
        "payment_method_types": ["card", "us_bank_account"],
        "processing": None,
        "receipt_email": None,
        "setup_future_usage": setup_future_usage,
        "status": "requires_payment_method",
    }


def charge(*, base_url: str, created: int, intent: Record, method: Record) -> Record:
    """Return a pending charge of the intent's whole amount."""
    id_ = new_id("ch")
    return {
        "id": id_,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": dict(_NOBODY),
        "captured": False,
        "created": created,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {method["type"]: dict(method[method["type"]]), "type": method["type"]},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": f"{base_url}/receipts/{id_}",
        "refunded": False,
        "status": "pending",
    }


def refund(
    *, created: int, of: Record, amount: int, status: str, reason: str | None, metadata: dict[str, str]
) -> Record:
    """Return a refund of a charge."""
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": new_id("txn"),
        "charge": of["id"],
        "created": created,
        "currency": of["currency"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": metadata,
        "payment_intent": of["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }


def dispute(*, created: int, of: Record, amount: int, status: str, reason: str) -> Record:
    """Return a dispute about a charge, before any money was taken for it."""
    return {
        "id": new_id("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": of["id"],
        "created": created,
        "currency": of["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": created + EVIDENCE_S,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": status.startswith("warning_"),
        "livemode": False,
        "metadata": {},
        "network_reason_code": None,
        "payment_intent": of["payment_intent"],
        "reason": reason,
        "status": status,
    }


def dispute_movement(*, created: int, of: Record, sign: int) -> Record:
    """Return the entry in Stripe's books for money that a dispute takes (sign -1) or gives back (+1)."""
    amount, fee = sign * of["amount"], DISPUTE_FEE if sign < 0 else 0
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "created": created,
        "currency": of["currency"],
        "fee": fee,
        "net": amount - fee,
        "reporting_category": "dispute" if sign < 0 else "dispute_reversal",
        "source": of["id"],
        "status": "available",
        "type": "adjustment",
    }


def event(
    *,
    created: int,
    type_: str,
    about: Record,
    request_id: str | None,
    idempotency_key: str | None,
) -> Record:
    """Return an event about an object; the caller gives a copy that nobody will change."""
    return {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": {"object": about},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": request_id, "idempotency_key": idempotency_key},
        "type": type_,
    }


def line_item(
    *, name: str, description: str | None, unit_amount: int, quantity: int, currency: str
) -> Record:
    """Return one line of a session."""
    total = unit_amount * quantity
    return {
        "id": new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": currency,
        "description": description or name,
        "price": {
            "id": new_id("price"),
            "object": "price",
            "currency": currency,
            "livemode": False,
            "type": "one_time",
            "unit_amount": unit_amount,
        },
        "quantity": quantity,
    }
