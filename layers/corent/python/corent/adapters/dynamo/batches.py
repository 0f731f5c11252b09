"""Jobs table: one item a batch, beside its jobs, whose ids follow from its own.

    pk = B#<batch>  sk = BATCH   wallet, kind, state, hold_micros, size, made, due, begun, stopping, ended,
                                 hook, seal; open_shard and open_by_s until it has ended

The owner is called `wallet` here: `acct` would put the item into the index of a wallet's jobs.
"""

import itertools
from collections.abc import Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.job_items import (
    batch_key,
    job_of,
    open_shard,
    staged_job_item,
    webhook_attributes,
    webhook_of,
)
from corent.adapters.dynamo.jobs import read_items
from corent.adapters.dynamo.outcomes import answering, is_condition
from corent.adapters.dynamo.values import Value, number, number_of, optional_number, text, text_of
from corent.core.errors import TemporarilyUnavailableError
from corent.core.tiers import Kind
from corent.jobs.batch import Batch, BatchEnd, BatchState
from corent.jobs.job import START_GRACE_S, Job

# What one BatchWriteItem takes (AWS's API reference).
BATCH_WRITE_MAX: Final = 25
# How often a part of a write that was not done is tried again at once.
STAGE_TRIES_MAX: Final = 5


class DynamoBatches:
    """BatchStore on DynamoDB."""

    def __init__(self, client: DynamoClient, *, table: str) -> None:
        self._client = client
        self._table = table

    @answering()
    def stage(self, jobs: Sequence[Job]) -> None:
        for some in itertools.batched(jobs, BATCH_WRITE_MAX, strict=False):
            pending: Any = {self._table: [{"PutRequest": {"Item": staged_job_item(job)}} for job in some]}
            for _ in range(STAGE_TRIES_MAX):
                pending = self._client.batch_write_item(RequestItems=pending).get("UnprocessedItems")
                if not pending:
                    break
            else:
                raise TemporarilyUnavailableError("The batch could not be recorded just now.")

    @answering()
    def read(self, batch_id: str) -> Batch | None:
        answer = self._client.get_item(TableName=self._table, Key=batch_key(batch_id), ConsistentRead=True)
        return batch_of(answer["Item"]) if "Item" in answer else None

    @answering()
    def read_jobs(self, batch: Batch) -> tuple[Job, ...]:
        keys = [f"J#{job_id}" for job_id in batch.job_ids]
        return tuple(job_of(item) for item in read_items(self._client, table=self._table, keys=keys))

    @answering()
    def advance(self, batch_id: str, *, look_at_s: int, begun: bool = False, stopping: bool = False) -> bool:
        sets = ["open_by_s = :l"]
        values = {":l": number(look_at_s), ":p": text(BatchState.PROCESSING.value)}
        marks = [name for name, is_set in (("begun", begun), ("stopping", stopping)) if is_set]
        if marks:
            values[":one"] = number(1)
            sets += [f"{name} = :one" for name in marks]
        try:
            self._client.update_item(
                TableName=self._table,
                Key=batch_key(batch_id),
                UpdateExpression=f"SET {', '.join(sets)}",
                ConditionExpression="#state = :p",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            if is_condition(error):
                return False
            raise
        return True


def new_batch_item(batch: Batch) -> dict[str, Value]:
    """The item a hold puts: the batch, in the sparse index of what is open."""
    return {
        **batch_key(batch.id),
        "wallet": text(batch.wallet_id),
        "kind": text(batch.kind.value),
        "state": text(batch.state.value),
        "hold_micros": number(batch.hold_micros),
        "size": number(batch.size),
        "made": number(batch.created_at_ms),
        "due": number(batch.deadline_ms),
        "open_shard": text(open_shard(batch.id)),
        "open_by_s": number(batch.created_at_ms // 1000 + START_GRACE_S),
        **(webhook_attributes(batch.webhook) if batch.webhook is not None else {}),
    }


def batch_end_update(end: BatchEnd) -> dict[str, Any]:
    """The batch's action of its end: only an open one can end, and only as its cancel was known."""
    as_known = "attribute_exists(stopping)" if end.stopping else "attribute_not_exists(stopping)"
    return {
        "UpdateExpression": "SET #state = :s, ended = :e REMOVE open_by_s, open_shard",
        "ConditionExpression": f"#state = :p AND {as_known}",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {
            ":s": text(end.state.value),
            ":e": number(end.finished_at_ms),
            ":p": text(BatchState.PROCESSING.value),
        },
    }


def batch_of(item: dict[str, Value]) -> Batch:
    return Batch(
        id=text_of(item, "pk").removeprefix("B#"),
        wallet_id=text_of(item, "wallet"),
        kind=Kind(text_of(item, "kind")),
        state=BatchState(text_of(item, "state")),
        hold_micros=number_of(item, "hold_micros"),
        size=number_of(item, "size"),
        created_at_ms=number_of(item, "made"),
        deadline_ms=number_of(item, "due"),
        begun="begun" in item,
        stopping="stopping" in item,
        finished_at_ms=optional_number(item, "ended"),
        webhook=webhook_of(item),
    )
