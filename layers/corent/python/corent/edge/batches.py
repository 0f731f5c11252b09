"""The batch endpoints' requests and answers, between the contract's words and ours."""

from collections.abc import Iterable

from corent.core.money import cents_floor
from corent.edge.bodies.batches import (
    AcceptedBatchReply,
    AcceptedJob,
    BatchCounts,
    BatchReply,
    ImageBatchBody,
    VideoBatchBody,
)
from corent.edge.http import Exchange
from corent.edge.images import order_of as image_order_of
from corent.edge.orders import note_replay
from corent.edge.videos import order_of as video_order_of
from corent.jobs.batch_document import batch_document
from corent.jobs.job import TERMINAL, Job, JobState
from corent.usecases.buy_batch import BatchItem, BoughtBatch
from corent.usecases.read_batches import BatchView


def image_items_of(body: ImageBatchBody) -> list[BatchItem]:
    """What is to be made, in order."""
    return [
        BatchItem(order=image_order_of(item), max_cost_cents=item.max_cost_cents) for item in body.requests
    ]


def video_items_of(body: VideoBatchBody) -> list[BatchItem]:
    """What is to be filmed, in order."""
    return [
        BatchItem(order=video_order_of(item), max_cost_cents=item.max_cost_cents) for item in body.requests
    ]


def accepted_batch(bought: BoughtBatch, exchange: Exchange) -> AcceptedBatchReply:
    """The body of a 202: the same for every repeat, whatever became of the batch since."""
    batch = bought.batch
    note_replay(exchange, replayed=bought.replayed, request_id=batch.request_id)
    note_money(bought.jobs, exchange)
    counts = {"processing": 0, "completed": 0, "failed": 0, "cancelled": 0}
    return AcceptedBatchReply(
        id=batch.id,
        status="processing",
        counts=BatchCounts(total=batch.size, queued=batch.size, **counts),
        quote_cents=cents_floor(batch.hold_micros),
        jobs=[AcceptedJob(index=index, id=job_id) for index, job_id in enumerate(batch.job_ids)],
    )


def batch_reply(view: BatchView, *, public_base_url: str, now_ms: int) -> BatchReply:
    """The batch with all its jobs."""
    document = batch_document(view.batch, view.jobs, public_base_url=public_base_url, now_ms=now_ms)
    return BatchReply.model_validate(document)


def note_money(jobs: Iterable[Job], exchange: Exchange) -> None:
    """What the batch has cost so far, and what it still holds."""
    for job in jobs:
        if job.state is JobState.COMPLETED:
            exchange.charged_micros += job.hold_micros
        elif job.state not in TERMINAL:
            exchange.held_micros += job.hold_micros
