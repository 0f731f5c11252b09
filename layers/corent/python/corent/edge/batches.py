"""The batch endpoints' requests and answers, between the contract's words and ours."""

from collections.abc import Callable, Iterable, Sequence

from corent.core.money import cents_floor
from corent.edge.bodies.batches import (
    AcceptedBatchReply,
    AcceptedJob,
    BatchCounts,
    BatchReply,
)
from corent.edge.bodies.orders import OrderFields
from corent.edge.http import Exchange
from corent.edge.orders import note_replay
from corent.jobs.batch_document import batch_document
from corent.jobs.job import TERMINAL, Job, JobState, Order
from corent.usecases.buy_batch import BatchItem, BoughtBatch
from corent.usecases.read_batches import BatchView


def items_of[T: OrderFields](requests: Sequence[T], *, order_of: Callable[[T], Order]) -> list[BatchItem]:
    """What is to be made, in order."""
    return [BatchItem(order=order_of(each), max_cost_cents=each.max_cost_cents) for each in requests]


def accepted_batch(bought: BoughtBatch, exchange: Exchange) -> AcceptedBatchReply:
    """The body of a 202: the same for every repeat, whatever became of the batch since."""
    batch = bought.batch
    note_replay(exchange, replayed=bought.replayed, subject_id=batch.id)
    _note_money(bought.jobs, exchange)
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


def _note_money(jobs: Iterable[Job], exchange: Exchange) -> None:
    """What the batch has cost so far, and what it still holds."""
    for job in jobs:
        if job.state is JobState.COMPLETED:
            exchange.charged_micros += job.hold_micros
        elif job.state not in TERMINAL:
            exchange.held_micros += job.hold_micros
