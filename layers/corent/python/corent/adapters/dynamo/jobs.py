"""The jobs of the jobs table, one by one and by wallet; what their items hold is in job_items.py."""

from collections.abc import Iterator
from typing import Any, Final

from botocore.exceptions import ClientError

from corent.adapters.dynamo.batch_get import BATCH_GET_MAX, batch_get
from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.job_items import (
    OPEN_SHARDS,
    STAGED,
    batch_key,
    dump_attempts,
    dump_files,
    job_key,
    job_of,
    open_shard,
)
from corent.adapters.dynamo.outcomes import answering, is_condition
from corent.adapters.dynamo.values import Value, number, text, text_of
from corent.core.tiers import Kind
from corent.jobs.job import Attempt, DeliveredFile, Job, JobState
from corent.jobs.store import JobPage

# How many index entries one filtered page looks at before it hands out a cursor.
LIST_LOOKED_AT_MAX: Final = 1_000


class DynamoJobs:
    """JobStore on DynamoDB."""

    def __init__(self, client: DynamoClient, *, table: str) -> None:
        self._client = client
        self._table = table

    @answering()
    def read(self, job_id: str) -> Job | None:
        item = self._get(job_key(job_id))
        if item is None:
            return None
        job = job_of(item)
        is_real = not job.staged or self._get(batch_key(job.batch_id or "")) is not None
        return job if is_real else None

    @answering()
    def admit(self, job: Job) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=job_key(job.id),
                UpdateExpression="SET #state = :queued, money = :held, acct = :w, open_shard = :shard, "
                "open_by_s = :l REMOVE wallet, ttl_s",
                ConditionExpression="#state = :staged",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues={
                    ":queued": text(JobState.QUEUED.value),
                    ":held": text("held"),
                    ":w": text(job.wallet_id),
                    ":shard": text(open_shard(job.id)),
                    ":l": number(job.swept_at_s),
                    ":staged": text(STAGED),
                },
            )
        except ClientError as error:
            if not is_condition(error):
                raise

    def defer(self, job_id: str, *, attempts: tuple[Attempt, ...], look_at_s: int) -> bool:
        attempted, values = _set_attempts(attempts)
        return self._update_open(
            job_id,
            sets=["handed_on = :one", *attempted, "#state = :p", "open_by_s = :l"],
            values={**values, ":one": number(1), ":l": number(look_at_s)},
        )

    def advance(
        self,
        job: Job,
        *,
        attempts: tuple[Attempt, ...],
        files: tuple[DeliveredFile, ...] = (),
        progress_percent: int | None = None,
        wake_token: str | None = None,
    ) -> bool:
        attempted, values = _set_attempts(attempts)
        sets = [*attempted, "#state = :p", "open_by_s = :l"]
        values[":l"] = number(job.swept_at_s)
        if files:
            sets.append("made_files = :f")
            values[":f"] = text(dump_files(files))
        if progress_percent is not None:
            sets.append("progress = :g")
            values[":g"] = number(progress_percent)
        if wake_token is not None:
            sets.append("wake = :w")
            values[":w"] = text(wake_token)
        unchanged = "attempts = :before"
        values[":before"] = text(dump_attempts(job.attempts))
        if not job.attempts:
            unchanged = f"(attribute_not_exists(attempts) OR {unchanged})"
        return self._update_open(job.id, sets=sets, values=values, condition=unchanged)

    @answering()
    def list_by_wallet(
        self,
        wallet_id: str,
        *,
        limit: int,
        before: str | None,
        since: str | None = None,
        state: JobState | None = None,
        kind: Kind | None = None,
    ) -> JobPage:
        found: list[Job] = []
        looked_at = 0
        upper = f"J#{before}" if before is not None else "J#~"
        lower = f"J#{since}" if since is not None else "J#"
        while True:
            answer = self._client.query(
                TableName=self._table,
                IndexName="by_account",
                KeyConditionExpression="acct = :w AND pk BETWEEN :lower AND :upper",
                ExpressionAttributeValues={
                    ":w": text(wallet_id),
                    ":lower": text(lower),
                    ":upper": text(upper),
                },
                ScanIndexForward=False,
                # One more than asked: BETWEEN includes its upper end, which the last page showed.
                Limit=min(BATCH_GET_MAX, limit + 1),
            )
            keys = [text_of(item, "pk") for item in answer["Items"]]
            more = "LastEvaluatedKey" in answer
            fresh = [key for key in keys if before is None or key != f"J#{before}"]
            looked_at += len(fresh)
            for position, job in enumerate(self._read_many(fresh)):
                if state in (None, job.state) and kind in (None, job.kind):
                    found.append(job)
                if len(found) == limit:
                    at_end = not more and position == len(fresh) - 1
                    return JobPage(jobs=tuple(found), next_before=None if at_end else job.id)
            if not more:
                return JobPage(jobs=tuple(found), next_before=None)
            before = keys[-1].removeprefix("J#")
            upper = keys[-1]
            if looked_at >= LIST_LOOKED_AT_MAX:
                return JobPage(jobs=tuple(found), next_before=before)

    def due(self, *, now_s: int) -> Iterator[str]:
        for shard in range(OPEN_SHARDS):
            query: dict[str, Any] = {
                "TableName": self._table,
                "IndexName": "open_jobs",
                "KeyConditionExpression": "open_shard = :s AND open_by_s <= :now",
                "ExpressionAttributeValues": {":s": text(str(shard)), ":now": number(now_s)},
            }
            while True:
                with answering():
                    answer = self._client.query(**query)
                yield from (text_of(item, "pk").partition("#")[2] for item in answer["Items"])
                if "LastEvaluatedKey" not in answer:
                    break
                query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _read_many(self, keys: list[str]) -> list[Job]:
        """The jobs under those keys, in the same order."""
        return [job_of(item) for item in read_items(self._client, table=self._table, keys=keys)]

    def _get(self, key: dict[str, Value]) -> dict[str, Value] | None:
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        found: dict[str, Value] | None = answer.get("Item")
        return found

    @answering()
    def _update_open(
        self, job_id: str, *, sets: list[str], values: dict[str, Value], condition: str | None = None
    ) -> bool:
        """Update a job that is not settled, to processing; False when it is, or when `condition` fails."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=job_key(job_id),
                UpdateExpression=f"SET {', '.join(sets)}",
                ConditionExpression=" AND ".join(filter(None, ["money = :held", condition])),
                ExpressionAttributeValues={
                    **values,
                    ":held": text("held"),
                    ":p": text(JobState.PROCESSING.value),
                },
                ExpressionAttributeNames={"#state": "state"},
            )
        except ClientError as error:
            if is_condition(error):
                return False
            raise
        return True


def _set_attempts(attempts: tuple[Attempt, ...]) -> tuple[list[str], dict[str, Value]]:
    """The attempts, and apart what the last one came to: a stream's filter cannot look into them."""
    sets, values = ["attempts = :a"], {":a": text(dump_attempts(attempts))}
    if attempts:
        sets.append("last_outcome = :o")
        values[":o"] = text(attempts[-1].outcome.value)
    return sets, values


def read_items(client: DynamoClient, *, table: str, keys: list[str]) -> list[dict[str, Value]]:
    """The job items under those partition keys, in the same order."""
    wanted = [{"pk": text(key), "sk": text("JOB")} for key in keys]
    items = {text_of(item, "pk"): item for item in batch_get(client, table=table, keys=wanted)}
    return [items[key] for key in keys if key in items]
