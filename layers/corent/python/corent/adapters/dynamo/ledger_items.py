"""The balances table's items, and the actions that the ledger's transactions are made of.

pk = A#<wallet>  sk = BAL      available, held, credits, debits, captured (micro-dollars), open_jobs,
                               open_batches, jobs, ver, status, cause (of the last freeze or unfreeze),
                               refilled_on, check_shard, moved_h; low_at and low_told
                                   (notices.py), topup_at and topup_capped (topups.py)
pk = A#<wallet>  sk = E#<key>  kind, amount, debit, credit, at, ref, cause; never changed, never deleted
                               jobs only on a batch's hold, pi only on card money, receipt only on a
                               deposit; ord only on entries that belong to no job: `hold#<job>`,
                               `hold#<batch>` and `settle#<job>` sort by their time already
pk = CS#<order>    sk = CS     acct, amount, currency, state created or credited, pi, at
pk = PI#<payment>  sk = PI     acct, credited, left, note_<dispute> (when it was noted)
index entries_by_time  pk, ord (sparse, all attributes)
index moved_accounts   check_shard, moved_h   wallets by the hour in which money last moved; as the hour
                                              is the key, it costs a wallet one change of the index an hour
"""

import zlib
from typing import Any, Final

from corent.adapters.dynamo.transactions import ABSENT, PRESENT, Action
from corent.adapters.dynamo.values import (
    Value,
    number,
    number_of,
    optional_number,
    optional_text,
    text,
    text_of,
)
from corent.ledger.balances import Balance, WalletStatus
from corent.ledger.entries import CUSTOMER, OF_JOBS, Adjustment, Counterpart, Entry, EntryKind, entry_order
from corent.ledger.payment_store import StoredPayment

CHECK_SHARDS: Final = 8
NOTE: Final = "note_"
HOUR_MS: Final = 3_600_000


def balance_key(wallet_id: str) -> dict[str, Value]:
    return {"pk": text(f"A#{wallet_id}"), "sk": text("BAL")}


def entry_key(wallet_id: str, key: str) -> dict[str, Value]:
    return {"pk": text(f"A#{wallet_id}"), "sk": text(f"E#{key}")}


def new_balance_item(wallet_id: str, *, at_ms: int) -> dict[str, Value]:
    """A wallet with nothing in it."""
    money = ("available", "held", "credits", "debits", "captured")
    counts = ("open_jobs", "open_batches", "jobs", "ver")
    return {
        **balance_key(wallet_id),
        **dict.fromkeys((*money, *counts), number(0)),
        "status": text(WalletStatus.ACTIVE.value),
        "check_shard": text(str(zlib.crc32(wallet_id.encode()) % CHECK_SHARDS)),
        "moved_h": number(at_ms // HOUR_MS),
    }


def put_entry(table: str, entry: Entry) -> Action:
    """Post the entry, unless one is posted under its key."""
    effect = entry.effect
    item = {
        **entry_key(entry.wallet_id, entry.key),
        "kind": text(entry.kind.value),
        "amount": number(entry.amount_micros),
        "debit": text(effect.debit),
        "credit": text(effect.credit),
        "at": number(entry.at_ms),
        "ref": text(entry.reference),
        "cause": text(entry.cause),
    }
    if entry.kind not in OF_JOBS:
        item["ord"] = text(entry_order(entry))
    if entry.jobs > 1:
        item["jobs"] = number(entry.jobs)
    if entry.payment_id is not None:
        item["pi"] = text(entry.payment_id)
    if entry.receipt_url is not None:
        item["receipt"] = text(entry.receipt_url)
    return {"Put": {"TableName": table, "Item": item, "ConditionExpression": ABSENT}}


def update_balance(
    table: str,
    wallet_id: str,
    *,
    at_ms: int,
    update: str,
    condition: str,
    values: dict[str, Value],
    names: dict[str, str] | None = None,
) -> Action:
    """Change the wallet's balance by `update`, a SET expression, and note that it moved."""
    return {
        "Update": {
            "TableName": table,
            "Key": balance_key(wallet_id),
            "UpdateExpression": f"{update}, moved_h = :moved",
            "ConditionExpression": condition,
            "ExpressionAttributeValues": {**values, ":moved": number(at_ms // HOUR_MS)},
            **({"ExpressionAttributeNames": names} if names else {}),
        }
    }


def freeze_balance(table: str, wallet_id: str, *, cause: str) -> dict[str, Any]:
    """Stop a wallet's spending, and say why."""
    return {
        "TableName": table,
        "Key": balance_key(wallet_id),
        "UpdateExpression": "SET #status = :frozen, #cause = :cause",
        "ConditionExpression": PRESENT,
        "ExpressionAttributeNames": {"#status": "status", "#cause": "cause"},
        "ExpressionAttributeValues": {":frozen": text(WalletStatus.FROZEN.value), ":cause": text(cause)},
    }


def balance_of(item: dict[str, Value]) -> Balance:
    return Balance(
        wallet_id=text_of(item, "pk").removeprefix("A#"),
        available_micros=number_of(item, "available"),
        held_micros=number_of(item, "held"),
        credits_micros=number_of(item, "credits"),
        debits_micros=number_of(item, "debits"),
        captured_micros=number_of(item, "captured"),
        open_jobs=number_of(item, "open_jobs"),
        open_batches=number_of(item, "open_batches"),
        jobs_total=number_of(item, "jobs"),
        version=number_of(item, "ver"),
        status=WalletStatus(text_of(item, "status")),
        refilled_on=optional_text(item, "refilled_on"),
        low_micros=optional_number(item, "low_at"),
        is_low_told="low_told" in item,
        topup_micros=optional_number(item, "topup_at"),
        topup_capped=optional_text(item, "topup_capped"),
    )


def entry_of(item: dict[str, Value]) -> Entry:
    kind = EntryKind(text_of(item, "kind"))
    return Entry(
        key=text_of(item, "sk").removeprefix("E#"),
        wallet_id=text_of(item, "pk").removeprefix("A#"),
        kind=kind,
        amount_micros=number_of(item, "amount"),
        at_ms=number_of(item, "at"),
        reference=text_of(item, "ref"),
        cause=text_of(item, "cause"),
        jobs=optional_number(item, "jobs") or 1,
        adjustment=_adjustment_of(item) if kind is EntryKind.ADJUST else None,
        payment_id=optional_text(item, "pi"),
        receipt_url=optional_text(item, "receipt"),
    )


def payment_key(payment_id: str) -> dict[str, Value]:
    return {"pk": text(f"PI#{payment_id}"), "sk": text("PI")}


def payment_of(item: dict[str, Value]) -> StoredPayment:
    return StoredPayment(
        id=text_of(item, "pk").removeprefix("PI#"),
        wallet_id=text_of(item, "acct"),
        credited_micros=number_of(item, "credited"),
        left_micros=number_of(item, "left"),
        frozen_for=frozenset(name.removeprefix(NOTE) for name in item if name.startswith(NOTE)),
    )


def _adjustment_of(item: dict[str, Value]) -> Adjustment:
    debit, credit = text_of(item, "debit"), text_of(item, "credit")
    into_wallet = credit == CUSTOMER
    return Adjustment(Counterpart(debit if into_wallet else credit), into_wallet=into_wallet)
