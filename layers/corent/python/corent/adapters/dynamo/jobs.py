"""Jobs table: one item a job, one an Idempotency-Key.

    pk = J#<job>                    sk = JOB    see new_job_item; open_shard and open_by_s until settled
    pk = I#<wallet>#<sha256(key)>   sk = IDEM   fp, job, exp (seconds; ttl_s the same, for the clean-up)

    index by_account  acct, pk              a wallet's jobs by time
    index open_jobs   open_shard, open_by_s unsettled jobs past their grace

The order, the attempts and the images are compact JSON in one attribute each: a job of a 200-character prompt
stays below one kilobyte, which is what one write unit carries.
"""

import json
import zlib
from typing import Any, Final

from botocore.exceptions import ClientError

from corent.adapters.dynamo.client import DynamoClient
from corent.adapters.dynamo.outcomes import answering, is_condition
from corent.adapters.dynamo.values import (
    Value,
    number,
    number_of,
    optional_number,
    optional_text,
    text,
    text_of,
)
from corent.core.tiers import AspectRatio, ImageFormat, Kind, Preference
from corent.jobs.job import (
    OPEN_GRACE_S,
    Attempt,
    AttemptOutcome,
    DeliveredImage,
    ImageOrder,
    Job,
    JobEnd,
    JobFailure,
    JobState,
)
from corent.jobs.store import JobPage

OPEN_SHARDS: Final = 4
BATCH_GET_MAX: Final = 100
# How many index entries one filtered page looks at before it hands out a cursor.
LIST_LOOKED_AT_MAX: Final = 1_000


class DynamoJobs:
    """JobStore on DynamoDB."""

    def __init__(self, client: DynamoClient, *, table: str) -> None:
        self._client = client
        self._table = table

    @answering()
    def read(self, job_id: str) -> Job | None:
        answer = self._client.get_item(TableName=self._table, Key=job_key(job_id), ConsistentRead=True)
        return job_of(answer["Item"]) if "Item" in answer else None

    def defer(self, job_id: str, *, attempts: tuple[Attempt, ...]) -> bool:
        return self._update_open(
            job_id,
            update="SET handed_on = :one, attempts = :a, #state = :p",
            values={
                ":one": number(1),
                ":a": text(dump_attempts(attempts)),
                ":p": text(JobState.PROCESSING.value),
            },
            names={"#state": "state"},
        )

    def claim(self, job_id: str, *, worker: str, now_ms: int, until_ms: int) -> bool:
        return self._update_open(
            job_id,
            update="SET lease_until = :u, lease_by = :w",
            values={":u": number(until_ms), ":now": number(now_ms), ":w": text(worker)},
            condition="(attribute_not_exists(lease_until) OR lease_until <= :now OR lease_by = :w)",
        )

    def record_attempts(self, job_id: str, *, attempts: tuple[Attempt, ...]) -> bool:
        return self._update_open(
            job_id, update="SET attempts = :a", values={":a": text(dump_attempts(attempts))}
        )

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

    @answering()
    def list_overdue(self, *, now_s: int, limit: int) -> list[str]:
        overdue: list[str] = []
        for shard in range(OPEN_SHARDS):
            answer = self._client.query(
                TableName=self._table,
                IndexName="open_jobs",
                KeyConditionExpression="open_shard = :s AND open_by_s <= :now",
                ExpressionAttributeValues={":s": text(str(shard)), ":now": number(now_s)},
                Limit=limit,
            )
            overdue += [text_of(item, "pk").removeprefix("J#") for item in answer["Items"]]
        return overdue

    def _read_many(self, keys: list[str]) -> list[Job]:
        """The jobs under those keys, in the same order."""
        if not keys:
            return []
        pending: Any = {
            self._table: {
                "Keys": [{"pk": text(key), "sk": text("JOB")} for key in keys],
                "ConsistentRead": True,
            }
        }
        items: dict[str, dict[str, Value]] = {}
        while pending:
            answer = self._client.batch_get_item(RequestItems=pending)
            for item in answer["Responses"].get(self._table, []):
                items[text_of(item, "pk")] = item
            pending = answer.get("UnprocessedKeys")
        return [job_of(items[key]) for key in keys if key in items]

    def _update_open(
        self,
        job_id: str,
        *,
        update: str,
        values: dict[str, Value],
        condition: str | None = None,
        names: dict[str, str] | None = None,
    ) -> bool:
        """Update a job that is not settled; False when it is, or when `condition` fails."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=job_key(job_id),
                UpdateExpression=update,
                ConditionExpression=" AND ".join(filter(None, ["money = :held", condition])),
                ExpressionAttributeValues={**values, ":held": text("held")},
                **({"ExpressionAttributeNames": names} if names else {}),
            )
        except ClientError as error:
            if is_condition(error):
                return False
            raise
        return True


def job_key(job_id: str) -> dict[str, Value]:
    return {"pk": text(f"J#{job_id}"), "sk": text("JOB")}


def new_job_item(job: Job) -> dict[str, Value]:
    """The item a hold puts: the job with its money held, in the sparse index of open jobs."""
    item = {
        **job_key(job.id),
        "acct": text(job.wallet_id),
        "kind": text(job.kind.value),
        "tier": text(job.tier),
        "state": text(job.state.value),
        "money": text("held"),
        "hold_micros": number(job.hold_micros),
        "ask": text(_dump_order(job.order)),
        "route": text(job.route),
        "files": text(job.files_key),
        "made": number(job.created_at_ms),
        "due": number(job.deadline_ms),
        "open_shard": text(str(zlib.crc32(job.id.encode()) % OPEN_SHARDS)),
        "open_by_s": number(job.deadline_ms // 1000 + OPEN_GRACE_S),
    }
    if job.deferred:
        item["handed_on"] = number(1)
    if job.spent_month is not None and job.key_sha256 is not None:
        item["spent_month"] = text(job.spent_month)
        item["key"] = text(job.key_sha256)
    return item


def end_update(end: JobEnd, *, money: str, hold_micros: int) -> dict[str, Any]:
    """The job's action of a settlement: only an unsettled job with just that hold can end."""
    sets = ["#state = :s", "money = :m", "attempts = :a", "ended = :e"]
    values = {
        ":s": text(end.state.value),
        ":m": text(money),
        ":a": text(dump_attempts(tuple(_without_ticket(attempt) for attempt in end.attempts))),
        ":e": number(end.finished_at_ms),
        ":held": text("held"),
        ":h": number(hold_micros),
    }
    if end.images:
        sets.append("images = :i")
        values[":i"] = text(_compact([[image.width_px, image.height_px] for image in end.images]))
    if end.failure is not None:
        sets.append("failure = :f")
        values[":f"] = text(end.failure.value)
    return {
        "UpdateExpression": f"SET {', '.join(sets)} REMOVE open_by_s, open_shard, lease_until, lease_by",
        "ConditionExpression": "money = :held AND hold_micros = :h",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": values,
    }


def job_of(item: dict[str, Value]) -> Job:
    """The job of a stored item, also of a stream record's image."""
    failure = optional_text(item, "failure")
    return Job(
        id=text_of(item, "pk").removeprefix("J#"),
        wallet_id=text_of(item, "acct"),
        kind=Kind(text_of(item, "kind")),
        tier=text_of(item, "tier"),
        state=JobState(text_of(item, "state")),
        hold_micros=number_of(item, "hold_micros"),
        order=_load_order(text_of(item, "ask")),
        route=text_of(item, "route"),
        files_key=text_of(item, "files"),
        created_at_ms=number_of(item, "made"),
        deadline_ms=number_of(item, "due"),
        deferred="handed_on" in item,
        attempts=_load_attempts(optional_text(item, "attempts") or "[]"),
        images=tuple(
            DeliveredImage(width_px=width, height_px=height)
            for width, height in json.loads(optional_text(item, "images") or "[]")
        ),
        failure=JobFailure(failure) if failure is not None else None,
        finished_at_ms=optional_number(item, "ended"),
        key_sha256=optional_text(item, "key"),
        spent_month=optional_text(item, "spent_month"),
    )


def dump_attempts(attempts: tuple[Attempt, ...]) -> str:
    return _compact(
        [
            [a.candidate, a.outcome.value, a.started_ms, a.duration_ms, a.cost_micros, a.ticket]
            if a.ticket is not None
            else [a.candidate, a.outcome.value, a.started_ms, a.duration_ms, a.cost_micros]
            for a in attempts
        ]
    )


def _load_attempts(stored: str) -> tuple[Attempt, ...]:
    return tuple(
        Attempt(
            candidate=row[0],
            outcome=AttemptOutcome(row[1]),
            started_ms=row[2],
            duration_ms=row[3],
            cost_micros=row[4],
            ticket=row[5] if len(row) > 5 else None,
        )
        for row in json.loads(stored)
    )


def _without_ticket(attempt: Attempt) -> Attempt:
    """A settled job asks for nothing any more; tickets name upstreams and are not kept."""
    return Attempt(
        candidate=attempt.candidate,
        outcome=attempt.outcome,
        started_ms=attempt.started_ms,
        duration_ms=attempt.duration_ms,
        cost_micros=attempt.cost_micros,
    )


_ORDER_DEFAULTS: Final[dict[str, Any]] = {"r": "1:1", "n": 1, "f": "png", "p": "balanced"}


def _dump_order(order: ImageOrder) -> str:
    record: dict[str, Any] = {
        "t": order.prompt,
        "p": order.preference.value,
        "r": order.aspect_ratio.value,
        "n": order.n,
        "f": order.output_format.value,
        "y": order.style,
        "s": order.seed,
        "x": order.negative_prompt,
        "i": order.image_url,
        "m": order.metadata or None,
    }
    return _compact(
        {
            key: value
            for key, value in record.items()
            if value is not None and _ORDER_DEFAULTS.get(key) != value
        }
    )


def _load_order(stored: str) -> ImageOrder:
    record: dict[str, Any] = {**_ORDER_DEFAULTS, **json.loads(stored)}
    return ImageOrder(
        prompt=record["t"],
        preference=Preference(record["p"]),
        aspect_ratio=AspectRatio(record["r"]),
        n=record["n"],
        output_format=ImageFormat(record["f"]),
        style=record.get("y"),
        seed=record.get("s"),
        negative_prompt=record.get("x"),
        image_url=record.get("i"),
        metadata=record.get("m") or {},
    )


def _compact(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
