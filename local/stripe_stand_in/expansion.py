"""Objects as a request wants to see them: `expand[]` replaces an id by the object that it names.

Which fields may be expanded: the `ExpandableField`s of stripe-python 16.1.0, read 2026-11-25, as far as the
stand-in has the object.
"""

from collections.abc import Sequence
from typing import Final

from local.stripe_stand_in.account import Account
from local.stripe_stand_in.refusals import bad_parameter
from local.stripe_stand_in.store import Record

DEPTH_MAX: Final = 4
EXPANDABLE: Final[dict[str, tuple[str, ...]]] = {
    "checkout.session": ("customer", "line_items", "payment_intent"),
    "payment_intent": ("customer", "latest_charge", "payment_method"),
    "charge": ("customer", "payment_intent"),
    "refund": ("charge", "payment_intent"),
    "dispute": ("charge", "payment_intent"),
    "payment_method": ("customer",),
}
KIND_OF: Final = {"latest_charge": "charge"}


def check(kind: str, paths: Sequence[str]) -> None:
    """Raise RefusedError for a path that cannot be expanded on this kind of object."""
    for path in paths:
        parts = path.split(".")
        at = kind
        for part in parts:
            if part not in EXPANDABLE.get(at, ()) or len(parts) > DEPTH_MAX:
                raise bad_parameter(f"{path} cannot be expanded.", "expand")
            at = KIND_OF.get(part, part)


def expanded(account: Account, record: Record, paths: Sequence[str]) -> Record:
    """Return a copy of the object with these paths expanded; the caller has checked them."""
    shown = account.store.copied(record)
    for first in dict.fromkeys(path.split(".")[0] for path in paths):
        below = [path.removeprefix(f"{first}.") for path in paths if path.startswith(f"{first}.")]
        if first == "line_items":
            shown[first] = _line_items(account, record)
        elif shown[first] is not None:
            shown[first] = expanded(account, account.find(KIND_OF.get(first, first), shown[first]), below)
    return shown


def _line_items(account: Account, session: Record) -> Record:
    lines = account.store.unseen(session["id"]).get("line_items", [])
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return {"object": "list", "data": account.store.copied(lines), "has_more": False, "url": url}
