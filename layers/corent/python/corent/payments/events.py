"""Which of the card processor's events concern a payment, and which payment that is.

Source: the processor's API reference, "Types of events" and the objects they carry (Stripe, read 2026-11-25).
"""

from typing import Any, Final

# Each carries a session, charge, refund, dispute or intent, which all name the payment they belong to.
TYPES: Final = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
)


def payment_of(event: dict[str, Any]) -> str | None:
    """The id of the payment the event is about; None for an event that changes nothing for us.

    Raises KeyError or TypeError for what has not the shape of an event.
    """
    if event["type"] not in TYPES:
        return None
    subject = event["data"]["object"]
    payment = subject["id"] if event["type"].startswith("payment_intent.") else subject.get("payment_intent")
    if payment is not None and not isinstance(payment, str):
        raise TypeError("a payment's id is text")
    return payment
