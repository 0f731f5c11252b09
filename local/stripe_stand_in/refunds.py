"""What happens to refunds, and to the charge that they give back.

Events: docs.stripe.com/api/refunds and the changelog of 2024-10-28 (refund-webhook-update), read 2026-11-25.
"""

from typing import Final

from local.stripe_stand_in import objects
from local.stripe_stand_in.account import Account
from local.stripe_stand_in.refusals import RefusedError
from local.stripe_stand_in.store import Record, new_id

MOVES: Final = {"pending": {"succeeded", "failed"}, "succeeded": {"failed"}}


def create(
    account: Account,
    *,
    charge: Record,
    amount: int | None,
    status: str = "succeeded",
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Record:
    """Give back a part of a charge, or what is left of it. Raises RefusedError when less is left."""
    left = charge["amount_captured"] - charge["amount_refunded"]
    if left == 0:
        raise RefusedError("Nothing is left of this charge to refund.", code="charge_already_refunded")
    if amount is not None and amount > left:
        raise RefusedError(f"Of this charge {left} is left, which is less than {amount}.", param="amount")
    refund = account.add(
        objects.refund(
            created=account.store.now_s(),
            of=charge,
            amount=left if amount is None else amount,
            status="pending" if status == "failed" else status,
            reason=reason,
            metadata=metadata or {},
        )
    )
    _count(charge, refund["amount"])
    account.emit("refund.created", refund)
    account.emit("charge.refunded", charge)
    if status == "failed":
        move(account, refund, status="failed")
    return refund


def move(account: Account, refund: Record, *, status: str) -> None:
    """Take a refund to its next state; a failed one is no longer counted.

    Raises RefusedError for an impossible step.
    """
    if status not in MOVES.get(refund["status"], set()):
        raise RefusedError(f"A refund that is {refund['status']} cannot become {status}.", param="status")
    refund["status"] = status
    if status == "failed":
        _count(account.find("charge", refund["charge"]), -refund["amount"])
        refund |= {"failure_balance_transaction": new_id("txn"), "failure_reason": "unknown"}
    account.emit("refund.updated", refund)
    if status == "failed":
        account.emit("refund.failed", refund)


def _count(charge: Record, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
