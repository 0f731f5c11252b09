"""Balances table: one balance item a wallet, one item an entry. The ledger's transactions are here.

    pk = A#<wallet>  sk = BAL      available, held, credits, debits, captured (micro-dollars), open_jobs,
                                   open_batches, jobs, ver, status, refilled_on
    pk = A#<wallet>  sk = E#<key>  kind, amount, debit, credit, at, ref, cause; never changed, never deleted
                                   jobs only on a batch's hold; ord only on entries that belong to no job:
                                   `hold#<job>`, `hold#<batch>` and `settle#<job>` sort by their time already
    index entries_by_time  pk, ord (sparse, all attributes)

Each write is one TransactWriteItems over this table, the jobs table and, for a key with a spending limit, the
keys table. The order of actions is fixed.
"""

import base64
import hashlib
import heapq
import itertools
import json
from collections.abc import Iterator
from typing import Any, Final

from botocore.exceptions import ClientError, HTTPClientError

from corent.adapters.dynamo.batches import batch_end_update, new_batch_item
from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.job_items import batch_key, end_update, job_key, new_job_item
from corent.adapters.dynamo.outcomes import (
    UNKNOWN_REASONS,
    answering,
    is_condition,
    is_unknown,
    reason_codes,
)
from corent.adapters.dynamo.values import (
    Value,
    number,
    number_of,
    optional_number,
    optional_text,
    text,
    text_of,
)
from corent.adapters.dynamo.webhooks import new_outbox_item
from corent.core.ids import last_ulid_at
from corent.jobs.batch import Batch, BatchEnd
from corent.jobs.job import Job, JobEnd
from corent.ledger.balances import Balance, WalletStatus
from corent.ledger.entries import EFFECTS, Entry, EntryKind, entry_order
from corent.ledger.store import (
    ConditionFailedError,
    HoldWrite,
    IdempotencyRecord,
    JobSums,
    KeyLimit,
    OutcomeUnknownError,
    SettleWrite,
)

_ABSENT: Final = "attribute_not_exists(pk)"
_MONEY: Final = {EntryKind.CAPTURE: "captured", EntryKind.RELEASE: "released"}


class DynamoBalances:
    """LedgerStore on DynamoDB; the transaction is what makes a posting exactly-once."""

    def __init__(
        self, client: DynamoClient, *, balances_table: str, jobs_table: str, keys_table: str
    ) -> None:
        self._client = client
        self._balances = balances_table
        self._jobs = jobs_table
        self._keys = keys_table

    def write_hold(self, write: HoldWrite, job: Job) -> None:
        self._hold(write, item=new_job_item(job), counter="open_jobs")

    def write_batch_hold(self, write: HoldWrite, batch: Batch) -> None:
        self._hold(write, item=new_batch_item(batch), counter="open_batches")

    def write_batch_end(self, wallet_id: str, batch_id: str, end: BatchEnd) -> None:
        actions = [
            {"Update": {"TableName": self._jobs, "Key": batch_key(batch_id), **batch_end_update(end)}},
            self._update_balance(
                wallet_id,
                update="SET open_batches = open_batches - :o",
                condition="open_batches >= :o",
                values={":o": number(1)},
            ),
        ]
        if end.owes_webhook:
            actions.append(self._put_outbox(batch_id, wallet_id=wallet_id, now_ms=end.finished_at_ms))
        self._transact(actions, name=batch_id)

    def write_settlement(self, write: SettleWrite, end: JobEnd) -> None:
        entry = write.entry
        if entry.kind is EntryKind.CAPTURE:
            moves = "debits = debits + :a, captured = captured + :a"
        else:
            moves = "available = available + :a"
        # A batch's jobs are not counted: the batch is.
        counts = "" if write.in_batch else "open_jobs = open_jobs - :o, "
        actions = [
            {
                "Update": {
                    "TableName": self._jobs,
                    "Key": job_key(write.job_id),
                    **end_update(end, money=_MONEY[entry.kind], hold_micros=entry.amount_micros),
                }
            },
            self._put_entry(entry),
            self._update_balance(
                entry.wallet_id,
                update=f"SET held = held - :a, {moves}, {counts}ver = ver + :o",
                condition="held >= :a",
                values={":a": number(entry.amount_micros), ":o": number(1)},
            ),
        ]
        if end.owes_webhook:
            actions.append(
                self._put_outbox(write.job_id, wallet_id=entry.wallet_id, now_ms=end.finished_at_ms)
            )
        if write.key_limit is not None and entry.kind is EntryKind.RELEASE:
            actions.append(
                self._update_spent(
                    write.key_limit,
                    update="SET #spent = #spent - :a",
                    condition="attribute_exists(pk)",
                    values={":a": number(entry.amount_micros)},
                )
            )
        self._transact(actions, name=entry.key)

    def open_wallet(self, wallet_id: str) -> None:
        money = ("available", "held", "credits", "debits", "captured")
        zero = dict.fromkeys((*money, "open_jobs", "open_batches", "jobs", "ver"), number(0))
        try:
            self._client.put_item(
                TableName=self._balances,
                Item={**_balance_key(wallet_id), **zero, "status": text(WalletStatus.ACTIVE.value)},
                ConditionExpression=_ABSENT,
            )
        except ClientError as error:
            if not is_condition(error):
                raise

    def write_promo(self, entry: Entry, *, refilled_on: str | None) -> None:
        update = "SET available = available + :a, credits = credits + :a, ver = ver + :o"
        values = {":a": number(entry.amount_micros), ":o": number(1)}
        if refilled_on is not None:
            update += ", refilled_on = :day"
            values[":day"] = text(refilled_on)
        balance = self._update_balance(
            entry.wallet_id, update=update, condition="attribute_exists(pk)", values=values
        )
        self._transact([self._put_entry(entry), balance], name=entry.key)

    def freeze(self, wallet_id: str) -> None:
        self._client.update_item(
            TableName=self._balances,
            Key=_balance_key(wallet_id),
            UpdateExpression="SET #status = :frozen",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":frozen": text(WalletStatus.FROZEN.value)},
        )

    @answering()
    def read_entry(self, wallet_id: str, *, key: str) -> Entry | None:
        answer = self._client.get_item(
            TableName=self._balances, Key=_entry_key(wallet_id, key), ConsistentRead=True
        )
        return _entry_of(answer["Item"]) if "Item" in answer else None

    @answering()
    def read_balance(self, wallet_id: str) -> Balance | None:
        answer = self._client.get_item(
            TableName=self._balances, Key=_balance_key(wallet_id), ConsistentRead=True
        )
        if "Item" not in answer:
            return None
        item = answer["Item"]
        return Balance(
            wallet_id=wallet_id,
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
        )

    @answering()
    def read_idempotency(self, wallet_id: str, *, key_sha256: str) -> IdempotencyRecord | None:
        answer = self._client.get_item(
            TableName=self._jobs, Key=_idempotency_key(wallet_id, key_sha256), ConsistentRead=True
        )
        if "Item" not in answer:
            return None
        item = answer["Item"]
        return IdempotencyRecord(
            fingerprint=text_of(item, "fp"),
            purchase_id=text_of(item, "job"),
            expires_at_s=number_of(item, "exp"),
        )

    @answering()
    def read_key_spent_micros(self, limit: KeyLimit) -> int:
        attribute = _spent_attribute(limit)
        answer = self._client.get_item(
            TableName=self._keys,
            Key=_limit_key(limit),
            ConsistentRead=True,
            ProjectionExpression="#spent",
            ExpressionAttributeNames={"#spent": attribute},
        )
        item = answer.get("Item", {})
        return number_of(item, attribute) if attribute in item else 0

    def list_entries(
        self, wallet_id: str, *, limit: int, before: str | None
    ) -> tuple[list[Entry], str | None]:
        streams = [
            *(
                self._entry_stream(wallet_id, prefix=prefix, limit=limit, before=before)
                for prefix in ("hold#job_", "hold#batch_", "settle#job_")
            ),
            self._promo_stream(wallet_id, limit=limit, before=before),
        ]
        merged = heapq.merge(*streams, key=entry_order, reverse=True)
        page = list(itertools.islice(merged, limit))
        more = next(merged, None) is not None
        return page, entry_order(page[-1]) if more else None

    def sum_jobs(self, wallet_id: str, *, since: str, before: str) -> JobSums:
        """Jobs begun and money captured for them, over jobs with ids from `since` to below `before`."""

        def within(prefix: str) -> Iterator[Entry]:
            span = self._range(wallet_id, f"{prefix}{since}", f"{prefix}{before}")
            # A key range includes its upper end.
            return (entry for entry in span if entry.key != f"{prefix}{before}")

        holds = itertools.chain(within("hold#job_"), within("hold#batch_"))
        # A batch's jobs have the ids right after its own: those of one span begin in it.
        settled = within("settle#job_")
        captured = [entry.amount_micros for entry in settled if entry.kind is EntryKind.CAPTURE]
        return JobSums(jobs=sum(entry.jobs for entry in holds), captured_micros=sum(captured))

    def _entry_stream(
        self, wallet_id: str, *, prefix: str, limit: int, before: str | None
    ) -> Iterator[Entry]:
        """Entries of purchases of one kind, latest first: their keys sort by the purchase's time."""
        upper = f"{prefix}~" if before is None else f"{prefix}{last_ulid_at(_order_ms(before))}"
        entries = self._range(wallet_id, prefix, upper, newest_first=True, page=limit + 1)
        return (entry for entry in entries if before is None or entry_order(entry) < before)

    def _promo_stream(self, wallet_id: str, *, limit: int, before: str | None) -> Iterator[Entry]:
        """Entries that belong to no job, latest first, from the sparse index."""
        answers = self._pages(
            IndexName="entries_by_time",
            KeyConditionExpression="pk = :pk AND ord < :before",
            ExpressionAttributeValues={":pk": text(f"A#{wallet_id}"), ":before": text(before or "~")},
            ScanIndexForward=False,
            Limit=limit + 1,
        )
        return (_entry_of(item) for item in answers)

    def _range(
        self, wallet_id: str, lower: str, upper: str, *, newest_first: bool = False, page: int | None = None
    ) -> Iterator[Entry]:
        answers = self._pages(
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :lower AND :upper",
            ExpressionAttributeValues={
                ":pk": text(f"A#{wallet_id}"),
                ":lower": text(f"E#{lower}"),
                ":upper": text(f"E#{upper}"),
            },
            ScanIndexForward=not newest_first,
            **({} if page is None else {"Limit": page}),
        )
        return (_entry_of(item) for item in answers)

    def _pages(self, **query: Any) -> Iterator[dict[str, Value]]:
        """Every item the query finds, read page by page as it is asked for."""
        while True:
            answer = self._client.query(TableName=self._balances, **query)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _hold(self, write: HoldWrite, *, item: dict[str, Value], counter: str) -> None:
        """T1, of a job or a batch; `counter` counts what of its sort is open."""
        entry = write.entry
        actions = [{"Put": {"TableName": self._jobs, "Item": item, "ConditionExpression": _ABSENT}}]
        if write.idempotency is not None:
            claim = write.idempotency
            actions.append(
                {
                    "Put": {
                        "TableName": self._jobs,
                        "Item": {
                            **_idempotency_key(entry.wallet_id, claim.key_sha256),
                            "fp": text(claim.fingerprint),
                            "job": text(write.purchase_id),
                            "exp": number(claim.expires_at_s),
                            "ttl_s": number(claim.expires_at_s),
                        },
                        "ConditionExpression": f"{_ABSENT} OR #exp < :now",
                        "ExpressionAttributeNames": {"#exp": "exp"},
                        "ExpressionAttributeValues": {":now": number(write.now_s)},
                    }
                }
            )
        actions.append(self._put_entry(entry))
        actions.append(
            self._update_balance(
                entry.wallet_id,
                update=f"SET available = available - :a, held = held + :a, {counter} = {counter} + :o, "
                "jobs = jobs + :n, ver = ver + :o",
                condition="attribute_exists(pk) AND #status = :active AND available >= :a "
                f"AND {counter} <= :room",
                values={
                    ":a": number(entry.amount_micros),
                    ":o": number(1),
                    ":n": number(entry.jobs),
                    ":active": text(WalletStatus.ACTIVE.value),
                    ":room": number(write.open_max - 1),
                },
                names={"#status": "status"},
            )
        )
        if write.key_limit is not None:
            actions.append(
                self._update_spent(
                    write.key_limit,
                    update="SET #spent = if_not_exists(#spent, :zero) + :a",
                    condition="attribute_not_exists(#spent) OR #spent <= :room",
                    values={
                        ":zero": number(0),
                        ":a": number(entry.amount_micros),
                        ":room": number(write.key_limit.limit_micros - entry.amount_micros),
                    },
                )
            )
        self._transact(actions, name=entry.key)

    def _put_outbox(self, subject_id: str, *, wallet_id: str, now_ms: int) -> dict[str, Any]:
        owed = new_outbox_item(subject_id, wallet_id=wallet_id, now_ms=now_ms)
        return {"Put": {"TableName": self._jobs, "Item": owed, "ConditionExpression": _ABSENT}}

    def _put_entry(self, entry: Entry) -> dict[str, Any]:
        effect = EFFECTS[entry.kind]
        return {
            "Put": {
                "TableName": self._balances,
                "Item": {
                    **_entry_key(entry.wallet_id, entry.key),
                    **({"ord": text(entry_order(entry))} if entry.kind is EntryKind.PROMO else {}),
                    "kind": text(entry.kind.value),
                    "amount": number(entry.amount_micros),
                    "debit": text(effect.debit),
                    "credit": text(effect.credit),
                    "at": number(entry.at_ms),
                    "ref": text(entry.reference),
                    "cause": text(entry.cause),
                    **({"jobs": number(entry.jobs)} if entry.jobs > 1 else {}),
                },
                "ConditionExpression": _ABSENT,
            }
        }

    def _update_balance(
        self,
        wallet_id: str,
        *,
        update: str,
        condition: str,
        values: dict[str, Value],
        names: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": self._balances,
                "Key": _balance_key(wallet_id),
                "UpdateExpression": update,
                "ConditionExpression": condition,
                "ExpressionAttributeValues": values,
                **({"ExpressionAttributeNames": names} if names else {}),
            }
        }

    def _update_spent(
        self, limit: KeyLimit, *, update: str, condition: str, values: dict[str, Value]
    ) -> dict[str, Any]:
        names = {"#spent": _spent_attribute(limit)}
        return {
            "Update": {
                "TableName": self._keys,
                "Key": _limit_key(limit),
                "UpdateExpression": update,
                "ConditionExpression": condition,
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": values,
            }
        }

    def _transact(self, actions: list[dict[str, Any]], *, name: str) -> None:
        """Run the actions once. The token only saves work on a repeat; the conditions are what counts."""
        token = hashlib.sha256(json.dumps(actions, sort_keys=True).encode()).digest()[:24]
        try:
            self._client.transact_write_items(
                TransactItems=actions,
                ClientRequestToken=base64.urlsafe_b64encode(token).decode(),
            )
        except HTTPClientError as error:
            raise OutcomeUnknownError(f"{name}: no answer") from error
        except ClientError as error:
            reasons = reason_codes(error)
            if "ConditionalCheckFailed" in reasons:
                raise ConditionFailedError(f"{name}: {reasons}") from error
            if is_unknown(error) or UNKNOWN_REASONS.intersection(reasons):
                raise OutcomeUnknownError(f"{name}: {reasons}") from error
            raise


def _balance_key(wallet_id: str) -> dict[str, Value]:
    return {"pk": text(f"A#{wallet_id}"), "sk": text("BAL")}


def _entry_key(wallet_id: str, key: str) -> dict[str, Value]:
    return {"pk": text(f"A#{wallet_id}"), "sk": text(f"E#{key}")}


def _idempotency_key(wallet_id: str, key_sha256: str) -> dict[str, Value]:
    return {"pk": text(f"I#{wallet_id}#{key_sha256}"), "sk": text("IDEM")}


def _limit_key(limit: KeyLimit) -> dict[str, Value]:
    return {"pk": text(f"K#{limit.key_sha256}"), "sk": text("KEY")}


def _spent_attribute(limit: KeyLimit) -> str:
    return f"spent_{limit.month}"


def _order_ms(order: str) -> int:
    return int(order.partition("#")[0])


def _entry_of(item: dict[str, Value]) -> Entry:
    return Entry(
        key=text_of(item, "sk").removeprefix("E#"),
        wallet_id=text_of(item, "pk").removeprefix("A#"),
        kind=EntryKind(text_of(item, "kind")),
        amount_micros=number_of(item, "amount"),
        at_ms=number_of(item, "at"),
        reference=text_of(item, "ref"),
        cause=text_of(item, "cause"),
        jobs=optional_number(item, "jobs") or 1,
    )
