"""Wallets, and the ledger's transactions over them and the jobs that they pay for.

They touch the balances table, the jobs table and, for a key with a spending limit, the keys table. Items are
drawn in ledger_items.py. The order of a transaction's actions is fixed.
"""

import heapq
import itertools
from collections.abc import Iterator
from typing import Any, Final

from botocore.exceptions import ClientError

from corent.adapters.dynamo.batches import batch_end_update, new_batch_item
from corent.adapters.dynamo.claims import DynamoClaims, put_claim
from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.job_items import batch_key, end_update, job_key, new_job_item
from corent.adapters.dynamo.ledger_items import (
    balance_key,
    balance_of,
    entry_key,
    entry_of,
    freeze_balance,
    new_balance_item,
    put_entry,
    update_balance,
)
from corent.adapters.dynamo.outcomes import answering, is_condition
from corent.adapters.dynamo.transactions import ABSENT, PRESENT, Action, transact
from corent.adapters.dynamo.values import Value, number, number_of, text
from corent.adapters.dynamo.webhooks import new_outbox_item
from corent.core.idempotency import IdempotencyRecord
from corent.core.ids import last_ulid_at
from corent.jobs.batch import Batch, BatchEnd
from corent.jobs.job import Job, JobEnd
from corent.ledger.balances import Balance, WalletStatus
from corent.ledger.entries import Entry, EntryKind, entry_order
from corent.ledger.store import HoldWrite, JobSums, KeyLimit, SettleWrite

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
        self._claims = DynamoClaims(client, table=jobs_table)

    def write_hold(self, write: HoldWrite, job: Job) -> None:
        self._hold(write, item=new_job_item(job), counter="open_jobs")

    def write_batch_hold(self, write: HoldWrite, batch: Batch) -> None:
        self._hold(write, item=new_batch_item(batch), counter="open_batches")

    def write_batch_end(self, wallet_id: str, batch_id: str, end: BatchEnd) -> None:
        actions = [
            {"Update": {"TableName": self._jobs, "Key": batch_key(batch_id), **batch_end_update(end)}},
            self._update_balance(
                wallet_id,
                at_ms=end.finished_at_ms,
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
            put_entry(self._balances, entry),
            self._update_balance(
                entry.wallet_id,
                at_ms=entry.at_ms,
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
                    condition=PRESENT,
                    values={":a": number(entry.amount_micros)},
                )
            )
        self._transact(actions, name=entry.key)

    def open_wallet(self, wallet_id: str, *, at_ms: int) -> None:
        try:
            self._client.put_item(
                TableName=self._balances,
                Item=new_balance_item(wallet_id, at_ms=at_ms),
                ConditionExpression=ABSENT,
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
            entry.wallet_id, at_ms=entry.at_ms, update=update, condition=PRESENT, values=values
        )
        self._transact([put_entry(self._balances, entry), balance], name=entry.key)

    def freeze(self, wallet_id: str, *, cause: str) -> None:
        self._client.update_item(**freeze_balance(self._balances, wallet_id, cause=cause))

    @answering()
    def read_entry(self, wallet_id: str, *, key: str) -> Entry | None:
        answer = self._client.get_item(
            TableName=self._balances, Key=entry_key(wallet_id, key), ConsistentRead=True
        )
        return entry_of(answer["Item"]) if "Item" in answer else None

    @answering()
    def read_balance(self, wallet_id: str) -> Balance | None:
        answer = self._client.get_item(
            TableName=self._balances, Key=balance_key(wallet_id), ConsistentRead=True
        )
        return balance_of(answer["Item"]) if "Item" in answer else None

    def read_idempotency(self, wallet_id: str, *, key_sha256: str) -> IdempotencyRecord | None:
        return self._claims.read_idempotency(wallet_id, key_sha256=key_sha256)

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
            self._other_stream(wallet_id, limit=limit, before=before),
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

    def _other_stream(self, wallet_id: str, *, limit: int, before: str | None) -> Iterator[Entry]:
        """Entries that belong to no job, latest first, from the sparse index."""
        answers = self._pages(
            IndexName="entries_by_time",
            KeyConditionExpression="pk = :pk AND ord < :before",
            ExpressionAttributeValues={":pk": text(f"A#{wallet_id}"), ":before": text(before or "~")},
            ScanIndexForward=False,
            Limit=limit + 1,
        )
        return (entry_of(item) for item in answers)

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
        return (entry_of(item) for item in answers)

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
        actions = [{"Put": {"TableName": self._jobs, "Item": item, "ConditionExpression": ABSENT}}]
        if write.idempotency is not None:
            claim = put_claim(
                self._jobs,
                entry.wallet_id,
                write.idempotency,
                purchase_id=write.purchase_id,
                now_s=write.now_s,
            )
            actions.append({"Put": claim})
        actions.append(put_entry(self._balances, entry))
        actions.append(
            self._update_balance(
                entry.wallet_id,
                at_ms=entry.at_ms,
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
        return {"Put": {"TableName": self._jobs, "Item": owed, "ConditionExpression": ABSENT}}

    def _update_balance(self, wallet_id: str, **change: Any) -> Action:
        return update_balance(self._balances, wallet_id, **change)

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

    def _transact(self, actions: list[Action], *, name: str) -> None:
        transact(self._client, actions, name=name)


def _limit_key(limit: KeyLimit) -> dict[str, Value]:
    return {"pk": text(f"K#{limit.key_sha256}"), "sk": text("KEY")}


def _spent_attribute(limit: KeyLimit) -> str:
    return f"spent_{limit.month}"


def _order_ms(order: str) -> int:
    return int(order.partition("#")[0])
