"""What happens to disputes: opened by a bank, moved on, closed; an inquiry (`warning_*`) takes no money.

The states: stripe-python 16.1.0 (`_dispute.py`). That a dispute takes the money when it is opened, and gives
it back when it is won: support.stripe.com/topics/disputes, read 2026-11-25.
"""

from typing import Final

from local.stripe_stand_in import objects
from local.stripe_stand_in.account import Account
from local.stripe_stand_in.refusals import RefusedError
from local.stripe_stand_in.store import Record

CLOSED: Final = frozenset({"won", "lost", "warning_closed"})
_DISPUTED: Final = frozenset({"needs_response", "under_review", "won", "lost"})
_INQUIRY: Final = frozenset({"warning_needs_response", "warning_under_review", "warning_closed"})
STATUSES: Final = _DISPUTED | _INQUIRY
MOVES: Final = {
    "warning_needs_response": {"warning_under_review", "warning_closed", "needs_response"},
    "warning_under_review": {"warning_closed", "needs_response"},
    "needs_response": {"under_review", "won", "lost"},
    "under_review": {"won", "lost"},
}


def create(account: Account, *, charge: Record, amount: int | None, status: str, reason: str) -> Record:
    """Open a dispute about a charge. Raises RefusedError for more than was paid."""
    if amount is not None and amount > charge["amount"]:
        raise RefusedError(
            f"The charge was {charge['amount']}, which is less than {amount}.", param="amount_cents"
        )
    dispute = account.add(
        objects.dispute(
            created=account.store.now_s(),
            of=charge,
            amount=charge["amount"] if amount is None else amount,
            # One that is opened as closed goes through the state before it.
            status={"won": "needs_response", "lost": "needs_response"}.get(status, status),
            reason=reason,
        )
    )
    charge["disputed"] = True
    account.emit("charge.dispute.created", dispute)
    if status in _DISPUTED:
        _take(account, dispute)
    if status in ("won", "lost"):
        move(account, dispute, status=status)
    elif status in CLOSED:
        account.emit("charge.dispute.closed", dispute)
    return dispute


def move(account: Account, dispute: Record, *, status: str) -> None:
    """Take a dispute to its next state, with the money that goes with it.

    Raises RefusedError for an impossible step.
    """
    before = dispute["status"]
    if status not in MOVES.get(before, set()):
        raise RefusedError(f"A dispute that is {before} cannot become {status}.", param="status")
    dispute["status"] = status
    if status not in CLOSED:
        account.emit("charge.dispute.updated", dispute)
    if status in _DISPUTED and before in _INQUIRY:
        _take(account, dispute)
    if status == "won":
        dispute["balance_transactions"].append(
            objects.dispute_movement(created=account.store.now_s(), of=dispute, sign=1)
        )
        account.emit("charge.dispute.funds_reinstated", dispute)
    if status in CLOSED:
        account.emit("charge.dispute.closed", dispute)


def forbids_refund(account: Account, charge: Record) -> bool:
    """Tell whether a dispute took the charge's money and has not given it back: it is not refunded then."""
    return any(
        each["charge"] == charge["id"] and each["status"] in _DISPUTED - {"won"}
        for each in account.store.table("disputes").values()
    )


def _take(account: Account, dispute: Record) -> None:
    dispute["is_charge_refundable"] = False
    dispute["balance_transactions"].append(
        objects.dispute_movement(created=account.store.now_s(), of=dispute, sign=-1)
    )
    account.emit("charge.dispute.funds_withdrawn", dispute)
