"""What happens to Checkout Sessions, their payment intents and charges.

Payments that settle at once and later, and the events of both: docs.stripe.com/checkout/fulfillment, read
2026-11-25. Events that Corent has no use for are left out.
"""

from typing import Final

from local.stripe_stand_in import objects
from local.stripe_stand_in.account import Account
from local.stripe_stand_in.refusals import CARD, RefusedError
from local.stripe_stand_in.store import Record, new_id

# What a saved card may be scripted to do, with the codes and sentence of its failure.
FAILURES: Final = {
    "decline": ("card_declined", "generic_decline", "The card was declined."),
    "authentication_required": (
        "authentication_required",
        "authentication_required",
        "The card's owner must authenticate this payment.",
    ),
}


def pay(account: Account, session: Record) -> bool:
    """Pay an open session by card; False, and nothing happens, when it is no longer open."""
    charge = _submit(account, session, type_="card", completes=True)
    if charge is None:
        return False
    _succeed(account, charge)
    session["payment_status"] = "paid"
    _complete(account, session, charge)
    return True


def pay_later(account: Account, session: Record) -> bool:
    """Complete an open session by a bank payment that is still to settle; False when it is no longer open."""
    charge = _submit(account, session, type_="us_bank_account", completes=True)
    if charge is None:
        return False
    _complete(account, session, charge)
    return True


def decline(account: Account, session: Record) -> bool:
    """Let the card of an open session be declined: it stays open. False when it was no longer open."""
    charge = _submit(account, session, type_="card", completes=False)
    if charge is None:
        return False
    _fail(account, charge, behaviour="decline")
    return True


def settle(account: Account, session: Record, *, succeeds: bool) -> bool:
    """End a bank payment that was to settle; False when there is none."""
    if session["status"] != "complete" or session["payment_status"] != "unpaid":
        return False
    charge = account.find("charge", _intent_of(account, session)["latest_charge"])
    if charge["status"] != "pending":
        return False
    if succeeds:
        _succeed(account, charge)
        session["payment_status"] = "paid"
        account.emit("checkout.session.async_payment_succeeded", session)
    else:
        _fail(account, charge, behaviour="decline")
        account.emit("checkout.session.async_payment_failed", session)
    return True


def expire(account: Account, session: Record) -> None:
    """End a session that nobody may pay any more. Raises RefusedError when it is not open."""
    if session["status"] != "open":
        raise RefusedError(
            f"Only an open session can expire; this one is {session['status']}.", param="session"
        )
    session |= {"status": "expired", "url": None}
    account.emit("checkout.session.expired", session)


def expire_due(account: Account) -> None:
    """Expire every session whose time is over."""
    with account.store.reading():
        if not _due(account):
            return
    with account.acting():
        for session in _due(account):
            expire(account, session)


def charge_saved_card(account: Account, *, intent: Record, method: Record) -> None:
    """Confirm an intent with a saved card while its owner is away. Raises RefusedError (402) when that fails.

    A failed one stays, as `requires_payment_method` and with the error on it.
    """
    charge = _charge(account, intent, method)
    behaviour = account.store.unseen(method["customer"]).get("behaviour", "succeed")
    if behaviour == "succeed":
        _succeed(account, charge)
        return
    _fail(account, charge, behaviour=behaviour)
    raise RefusedError(
        intent["last_payment_error"]["message"],
        status=402,
        type_=CARD,
        code=intent["last_payment_error"]["code"],
        more={
            "charge": charge["id"],
            "decline_code": intent["last_payment_error"]["decline_code"],
            "payment_intent": account.store.copied(intent),
            "payment_method": account.store.copied(method),
        },
    )


def _due(account: Account) -> list[Record]:
    now_s = account.store.now_s()
    sessions = account.store.table("sessions").values()
    return [each for each in sessions if each["status"] == "open" and each["expires_at"] <= now_s]


def _submit(account: Account, session: Record, *, type_: str, completes: bool) -> Record | None:
    """Return the pending charge of an open session, None when it is no longer open."""
    if session["status"] != "open":
        return None
    if completes and session["customer"] is None and _wants_customer(account, session):
        made = account.add(objects.customer(created=account.store.now_s(), asked={}))
        session["customer"] = made["id"]
    intent = _intent_of(account, session)
    intent["customer"] = session["customer"]
    saves = completes and type_ == "card" and intent["setup_future_usage"] is not None
    method = account.add(
        objects.payment_method(
            created=account.store.now_s(), type_=type_, customer=session["customer"] if saves else None
        )
    )
    return _charge(account, intent, method)


def _wants_customer(account: Account, session: Record) -> bool:
    data = account.store.unseen(session["id"]).get("payment_intent_data", {})
    return session["customer_creation"] == "always" or "setup_future_usage" in data


def _intent_of(account: Account, session: Record) -> Record:
    """Return the session's intent, made at the first try to pay it, as Stripe does."""
    unseen = account.store.unseen(session["id"])
    if "payment_intent" not in unseen:
        data = unseen.get("payment_intent_data", {})
        intent = account.add(
            objects.payment_intent(
                created=account.store.now_s(),
                amount=session["amount_total"],
                currency=session["currency"],
                customer=session["customer"],
                metadata=data.get("metadata", {}),
                setup_future_usage=data.get("setup_future_usage"),
            )
        )
        unseen["payment_intent"] = intent["id"]
        account.emit("payment_intent.created", intent)
    return account.find("payment_intent", unseen["payment_intent"])


def _charge(account: Account, intent: Record, method: Record) -> Record:
    charge = account.add(
        objects.charge(base_url=account.base_url, created=account.store.now_s(), intent=intent, method=method)
    )
    intent |= {"latest_charge": charge["id"], "payment_method": method["id"], "status": "processing"}
    return charge


def _succeed(account: Account, charge: Record) -> None:
    intent = account.find("payment_intent", charge["payment_intent"])
    charge |= {
        "amount_captured": charge["amount"],
        "balance_transaction": new_id("txn"),
        "captured": True,
        "outcome": {
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "type": "authorized",
        },
        "paid": True,
        "status": "succeeded",
    }
    intent |= {"amount_received": charge["amount"], "last_payment_error": None, "status": "succeeded"}
    account.emit("charge.succeeded", charge)
    account.emit("payment_intent.succeeded", intent)


def _complete(account: Account, session: Record, charge: Record) -> None:
    session |= {
        "customer_details": {"address": None, "email": None, "name": None, "phone": None, "tax_ids": []},
        "payment_intent": charge["payment_intent"],
        "status": "complete",
        "url": None,
    }
    account.emit("checkout.session.completed", session)


def _fail(account: Account, charge: Record, *, behaviour: str) -> None:
    code, decline_code, message = FAILURES[behaviour]
    intent = account.find("payment_intent", charge["payment_intent"])
    method = account.find("payment_method", charge["payment_method"])
    charge |= {
        "failure_code": code,
        "failure_message": message,
        "outcome": {
            "network_status": "declined_by_network",
            "reason": decline_code,
            "risk_level": "normal",
            "type": "issuer_declined",
        },
        "status": "failed",
    }
    intent |= {
        "last_payment_error": {
            "type": CARD,
            "charge": charge["id"],
            "code": code,
            "decline_code": decline_code,
            "message": message,
            "payment_method": account.store.copied(method),
        },
        "payment_method": None,
        "status": "requires_payment_method",
    }
    account.emit("charge.failed", charge)
    account.emit("payment_intent.payment_failed", intent)
