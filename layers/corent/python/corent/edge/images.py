"""The image endpoint's request and answer, between the contract's words and ours."""

from corent.core.tiers import AspectRatio, ImageFormat, Preference
from corent.edge.bodies.images import ImageItem, ImageReply
from corent.edge.bodies.orders import AcceptedReply
from corent.edge.http import Exchange
from corent.edge.orders import accepted, note_replay
from corent.jobs.document import cost_cents, duration_ms, failure_error, results
from corent.jobs.job import ImageOrder, OnRefusal
from corent.usecases.generate_image import Answer


def order_of(body: ImageItem) -> ImageOrder:
    """What is to be made."""
    return ImageOrder(
        prompt=body.prompt,
        preference=Preference(body.preference),
        aspect_ratio=AspectRatio(body.aspect_ratio),
        n=body.n,
        output_format=ImageFormat(body.output_format),
        style=body.style,
        seed=body.seed,
        negative_prompt=body.negative_prompt,
        image_url=body.image_url,
        on_refusal=OnRefusal(body.on_refusal),
        metadata=body.metadata,
    )


def answer_body(
    answer: Answer, exchange: Exchange, *, public_base_url: str
) -> tuple[int, ImageReply | AcceptedReply]:
    """Status and body for the job after the wait. Raises a failed job's error.

    A repeat of a request that was answered 202 is answered 202 again, whatever became of the job since.
    """
    job = answer.job
    if job.deferred:
        return 202, accepted(answer, exchange)
    note_replay(exchange, replayed=answer.replayed, subject_id=job.id)
    if job.failure is not None:
        raise failure_error(job.failure, retry_after_s=answer.retry_after_s)
    exchange.charged_micros = job.hold_micros
    document = {
        "id": job.id,
        "status": "completed",
        "images": results(job, public_base_url=public_base_url),
        "meta": {"model": job.tier, "cost_cents": cost_cents(job), "duration_ms": duration_ms(job)},
    }
    return 200, ImageReply.model_validate(document)
