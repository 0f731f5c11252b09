"""What the account check reads: a wallet's balance, all its entries, its jobs' money and its payments."""

from collections.abc import Iterator, Sequence
from typing import Any

from corent.adapters.dynamo.batch_get import batch_get
from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.job_items import job_key, job_of
from corent.adapters.dynamo.ledger_items import (
    CHECK_SHARDS,
    HOUR_MS,
    balance_key,
    balance_of,
    entry_of,
    payment_key,
    payment_of,
)
from corent.adapters.dynamo.outcomes import answering
from corent.adapters.dynamo.values import Value, number, text, text_of
from corent.ledger.audit_store import JobMoney
from corent.ledger.balances import Balance
from corent.ledger.entries import Entry
from corent.ledger.payment_store import StoredPayment
from corent.routing.route import load_route


class DynamoAudits:
    """AuditStore on DynamoDB."""

    def __init__(self, client: DynamoClient, *, balances_table: str, jobs_table: str) -> None:
        self._client = client
        self._balances = balances_table
        self._jobs = jobs_table

    def moved_since(self, time_ms: int) -> Iterator[str]:
        for shard in range(CHECK_SHARDS):
            found = self._query(
                IndexName="moved_accounts",
                KeyConditionExpression="check_shard = :shard AND moved_h >= :hour",
                ExpressionAttributeValues={":shard": text(str(shard)), ":hour": number(time_ms // HOUR_MS)},
            )
            yield from (text_of(item, "pk").removeprefix("A#") for item in found)

    @answering()
    def read_balance(self, wallet_id: str) -> Balance | None:
        answer = self._client.get_item(
            TableName=self._balances, Key=balance_key(wallet_id), ConsistentRead=True
        )
        return balance_of(answer["Item"]) if "Item" in answer else None

    def read_entries(self, wallet_id: str) -> Iterator[Entry]:
        found = self._query(
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :entry)",
            ExpressionAttributeValues={":pk": text(f"A#{wallet_id}"), ":entry": text("E#")},
        )
        return (entry_of(item) for item in found)

    @answering()
    def read_jobs(self, job_ids: Sequence[str]) -> dict[str, JobMoney]:
        keys = [job_key(job_id) for job_id in job_ids]
        items = batch_get(self._client, table=self._jobs, keys=keys)
        return {text_of(item, "pk").removeprefix("J#"): _job_money(item) for item in items}

    @answering()
    def read_payments(self, payment_ids: Sequence[str]) -> dict[str, StoredPayment]:
        keys = [payment_key(payment_id) for payment_id in payment_ids]
        items = batch_get(self._client, table=self._balances, keys=keys)
        return {payment.id: payment for payment in map(payment_of, items)}

    def _query(self, **query: Any) -> Iterator[dict[str, Value]]:
        while True:
            with answering():
                answer = self._client.query(TableName=self._balances, **query)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _job_money(item: dict[str, Value]) -> JobMoney:
    job = job_of(item)
    candidates = load_route(job.route).candidates
    return JobMoney(
        # A staged job has no money of its own yet: its batch's hold is for it.
        money="held" if job.staged else text_of(item, "money"),
        state=job.state.value,
        hold_micros=job.hold_micros,
        costs_micros=tuple(
            (candidates[attempt.candidate].offer_id, attempt.cost_micros)
            for attempt in job.attempts
            if attempt.cost_micros is not None
        ),
    )
