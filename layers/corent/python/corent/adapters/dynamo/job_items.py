"""Jobs table: one item a job, one an Idempotency-Key.

    pk = J#<job>                    sk = JOB    see new_job_item; open_shard and open_by_s until settled. A
                                                staged one (state `staged`) has ttl_s, and its owner in
                                                `wallet`, so that no list knows it
    pk = I#<wallet>#<sha256(key)>   sk = IDEM   fp, job, exp (seconds; ttl_s the same, for the clean-up)

    index by_account  acct, pk              a wallet's jobs by time
    index open_jobs   open_shard, open_by_s unsettled jobs by when the sweep should look at them: soon, until
                                            an execution has advanced them, then past their deadline;
                                            open batches (batches.py) likewise

The order, the attempts and the files are compact JSON in one attribute each: an image's job of a
200-character prompt stays below one kilobyte, which is what one write unit carries. A route of more than
PLAIN_MAX_CHARACTERS, of a tier that many upstreams serve, is packed: "z" and the deflated text in base85.
"""

import base64
import json
import zlib
from typing import Any, Final

from corent.adapters.dynamo.values import (
    Value,
    number,
    number_of,
    optional_number,
    optional_text,
    text,
    text_of,
)
from corent.core.tiers import AspectRatio, ImageFormat, Kind, Preference, Resolution
from corent.jobs.job import (
    START_GRACE_S,
    Attempt,
    AttemptOutcome,
    DeliveredFile,
    ImageOrder,
    Job,
    JobEnd,
    JobFailure,
    JobState,
    OnRefusal,
    Order,
    VideoOrder,
    Webhook,
)

OPEN_SHARDS: Final = 4
# What every attempt is stored with; a ticket and a wait follow where there are any.
ATTEMPT_COLUMNS_MIN: Final = 5
STAGED: Final = "staged"
# What a job of a 200-character prompt has room for in its kilobyte, and some to spare.
PLAIN_MAX_CHARACTERS: Final = 300
_PACKED: Final = "z"
# How long a staged job is kept: longer than starting its batch was ever held up.
STAGED_KEPT_S: Final = 86_400


def job_key(job_id: str) -> dict[str, Value]:
    return {"pk": text(f"J#{job_id}"), "sk": text("JOB")}


def batch_key(batch_id: str) -> dict[str, Value]:
    return {"pk": text(f"B#{batch_id}"), "sk": text("BATCH")}


def open_shard(subject_id: str) -> str:
    """The part of the index of open jobs that a job or batch stands in."""
    return str(zlib.crc32(subject_id.encode()) % OPEN_SHARDS)


def new_job_item(job: Job) -> dict[str, Value]:
    """The item a hold puts: the job with its money held, in the sparse index of open jobs."""
    item = {
        **_common_item(job),
        "acct": text(job.wallet_id),
        "state": text(job.state.value),
        "money": text("held"),
        "open_shard": text(open_shard(job.id)),
        "open_by_s": number(job.swept_at_s),
    }
    if job.deferred:
        item["open_by_s"] = number(job.created_at_ms // 1000 + START_GRACE_S)
    return item


def staged_job_item(job: Job) -> dict[str, Value]:
    """The item of one of a batch's jobs before the batch is bought: without money, and in no index."""
    return {
        **_common_item(job),
        "wallet": text(job.wallet_id),
        "state": text(STAGED),
        "ttl_s": number(job.created_at_ms // 1000 + STAGED_KEPT_S),
    }


def _common_item(job: Job) -> dict[str, Value]:
    item = {
        **job_key(job.id),
        "kind": text(job.kind.value),
        "tier": text(job.tier),
        "hold_micros": number(job.hold_micros),
        "ask": text(_dump_order(job.order)),
        "route": text(_pack(job.route)),
        "files": text(job.files_key),
        "made": number(job.created_at_ms),
        "due": number(job.deadline_ms),
        "eta": number(job.expected_ms),
    }
    if job.deferred:
        item["handed_on"] = number(1)
    if job.batch_id is not None:
        item["batch"] = text(job.batch_id)
    if job.webhook is not None:
        item |= webhook_attributes(job.webhook)
    if job.spent_month is not None and job.key_sha256 is not None:
        item["spent_month"] = text(job.spent_month)
        item["key"] = text(job.key_sha256)
    return item


def webhook_attributes(webhook: Webhook) -> dict[str, Value]:
    """Where the end is told: on a job's item or a batch's."""
    attributes = {"hook": text(webhook.url)}
    if webhook.sealed_secret is not None:
        attributes["seal"] = text(webhook.sealed_secret)
    return attributes


def webhook_of(item: dict[str, Value]) -> Webhook | None:
    if "hook" not in item:
        return None
    return Webhook(url=text_of(item, "hook"), sealed_secret=optional_text(item, "seal"))


def end_update(end: JobEnd, *, money: str, hold_micros: int) -> dict[str, Any]:
    """The job's action of a settlement: only an unsettled job with just that hold can end."""
    sets = ["#state = :s", "money = :m", "attempts = :a", "ended = :e"]
    values = {
        ":s": text(end.state.value),
        ":m": text(money),
        ":a": text(dump_attempts(tuple(attempt.settled() for attempt in end.attempts))),
        ":e": number(end.finished_at_ms),
        ":held": text("held"),
        ":h": number(hold_micros),
    }
    if end.files:
        sets.append("made_files = :i")
        values[":i"] = text(dump_files(end.files))
    if end.failure is not None:
        sets.append("failure = :f")
        values[":f"] = text(end.failure.value)
    return {
        "UpdateExpression": f"SET {', '.join(sets)} REMOVE open_by_s, open_shard",
        "ConditionExpression": "money = :held AND hold_micros = :h",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": values,
    }


def job_of(item: dict[str, Value]) -> Job:
    """The job of a stored item, also of a stream record's image."""
    failure = optional_text(item, "failure")
    kind = Kind(text_of(item, "kind"))
    state = text_of(item, "state")
    is_staged = state == STAGED
    return Job(
        id=text_of(item, "pk").removeprefix("J#"),
        wallet_id=text_of(item, "wallet" if is_staged else "acct"),
        kind=kind,
        tier=text_of(item, "tier"),
        state=JobState.QUEUED if is_staged else JobState(state),
        hold_micros=number_of(item, "hold_micros"),
        order=_load_order(text_of(item, "ask"), kind=kind),
        route=_unpack(text_of(item, "route")),
        files_key=text_of(item, "files"),
        created_at_ms=number_of(item, "made"),
        deadline_ms=number_of(item, "due"),
        expected_ms=number_of(item, "eta"),
        deferred="handed_on" in item,
        attempts=_load_attempts(optional_text(item, "attempts") or "[]"),
        progress_percent=optional_number(item, "progress") or 0,
        wake_token=optional_text(item, "wake"),
        files=_load_files(optional_text(item, "made_files") or "[]"),
        failure=JobFailure(failure) if failure is not None else None,
        finished_at_ms=optional_number(item, "ended"),
        webhook=webhook_of(item),
        key_sha256=optional_text(item, "key"),
        spent_month=optional_text(item, "spent_month"),
        batch_id=optional_text(item, "batch"),
        staged=is_staged,
    )


def dump_attempts(attempts: tuple[Attempt, ...]) -> str:
    return _compact([_dump_attempt(attempt) for attempt in attempts])


def _dump_attempt(attempt: Attempt) -> list[Any]:
    a = attempt
    row = [
        a.candidate,
        a.outcome.value,
        a.started_ms,
        a.duration_ms,
        a.cost_micros,
        a.ticket,
        a.retry_after_ms,
    ]
    while row[-1] is None and len(row) > ATTEMPT_COLUMNS_MIN:
        row.pop()
    return row


def _load_attempts(stored: str) -> tuple[Attempt, ...]:
    return tuple(
        Attempt(
            candidate=row[0],
            outcome=AttemptOutcome(row[1]),
            started_ms=row[2],
            duration_ms=row[3],
            cost_micros=row[4],
            ticket=row[5] if len(row) > 5 else None,
            retry_after_ms=row[6] if len(row) > 6 else None,
        )
        for row in json.loads(stored)
    )


def dump_files(files: tuple[DeliveredFile, ...]) -> str:
    return _compact(
        [
            [file.width_px, file.height_px]
            if file.duration_s is None
            else [file.width_px, file.height_px, file.duration_s]
            for file in files
        ]
    )


def _load_files(stored: str) -> tuple[DeliveredFile, ...]:
    return tuple(
        DeliveredFile(width_px=row[0], height_px=row[1], duration_s=row[2] if len(row) > 2 else None)
        for row in json.loads(stored)
    )


_COMMON_DEFAULTS: Final[dict[str, Any]] = {"p": "balanced", "o": "fail"}
_DEFAULTS: Final[dict[Kind, dict[str, Any]]] = {
    Kind.IMAGE: {**_COMMON_DEFAULTS, "r": "1:1", "n": 1, "f": "png"},
    Kind.VIDEO: {**_COMMON_DEFAULTS, "r": "16:9", "d": 5, "q": "720p"},
}


def _dump_order(order: Order) -> str:
    record: dict[str, Any] = {
        "t": order.prompt,
        "p": order.preference.value,
        "r": order.aspect_ratio.value,
        "s": order.seed,
        "x": order.negative_prompt,
        "i": order.image_url,
        "o": order.on_refusal.value,
        "m": order.metadata or None,
    }
    if isinstance(order, ImageOrder):
        kind = Kind.IMAGE
        record |= {"n": order.n, "f": order.output_format.value, "y": order.style}
    else:
        kind = Kind.VIDEO
        record |= {"d": order.duration_s, "q": order.resolution.value}
    defaults = _DEFAULTS[kind]
    return _compact(
        {key: value for key, value in record.items() if value is not None and defaults.get(key) != value}
    )


def _load_order(stored: str, *, kind: Kind) -> Order:
    record: dict[str, Any] = {**_DEFAULTS[kind], **json.loads(stored)}
    common: dict[str, Any] = {
        "prompt": record["t"],
        "preference": Preference(record["p"]),
        "aspect_ratio": AspectRatio(record["r"]),
        "seed": record.get("s"),
        "negative_prompt": record.get("x"),
        "image_url": record.get("i"),
        "on_refusal": OnRefusal(record["o"]),
        "metadata": record.get("m") or {},
    }
    if kind is Kind.VIDEO:
        return VideoOrder(**common, duration_s=record["d"], resolution=Resolution(record["q"]))
    return ImageOrder(**common, n=record["n"], output_format=ImageFormat(record["f"]), style=record.get("y"))


def _pack(route: str) -> str:
    if len(route) <= PLAIN_MAX_CHARACTERS:
        return route
    return _PACKED + base64.b85encode(zlib.compress(route.encode(), level=9)).decode("ascii")


def _unpack(stored: str) -> str:
    """Raises ValueError for a text that is neither plain nor packed."""
    if not stored.startswith(_PACKED):
        return stored
    try:
        return zlib.decompress(base64.b85decode(stored[len(_PACKED) :])).decode()
    except zlib.error as error:
        raise ValueError("a route that cannot be unpacked") from error


def _compact(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
