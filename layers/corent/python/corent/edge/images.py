"""The image endpoint's request and answer, between the contract's words and ours."""

from corent.core.errors import InvalidRequestError
from corent.core.tiers import AspectRatio, ImageFormat, Preference
from corent.edge.bodies.images import AcceptedMeta, AcceptedReply, ImageBody, ImageReply
from corent.edge.http import Exchange
from corent.jobs.document import cost_cents, duration_ms, failure_error, images
from corent.jobs.job import ImageOrder, JobState
from corent.usecases.authenticate import Caller
from corent.usecases.generate_image import ImageAnswer, Purchase, fingerprint

IDEMPOTENCY_KEY_MAX = 255


def order_of(body: ImageBody) -> ImageOrder:
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
        metadata=body.metadata,
    )


def purchase_of(body: ImageBody, exchange: Exchange, *, caller: Caller, path: str) -> Purchase:
    """How it is bought. Raises InvalidRequestError for an unusable Idempotency-Key."""
    return Purchase(
        caller=caller,
        ulid=exchange.ulid,
        wait_s=body.wait_s,
        max_cost_cents=body.max_cost_cents,
        idempotency_key=idempotency_key(exchange),
        fingerprint=fingerprint("POST", path, exchange.raw_body),
    )


def idempotency_key(exchange: Exchange) -> str | None:
    """The `Idempotency-Key` header: 1 to 255 printable ASCII characters."""
    key = exchange.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= IDEMPOTENCY_KEY_MAX and key.isascii() and key.isprintable()):
        raise InvalidRequestError(
            f"Idempotency-Key must be 1 to {IDEMPOTENCY_KEY_MAX} printable characters.",
            code="invalid_idempotency_key",
            param="Idempotency-Key",
        )
    return key


def answer_body(
    answer: ImageAnswer, exchange: Exchange, *, public_base_url: str
) -> tuple[int, ImageReply | AcceptedReply]:
    """Status and body for the job after the wait. Raises a failed job's error.

    A repeat of a request that was answered 202 is answered 202 again, whatever became of the job since.
    """
    job = answer.job
    if answer.replayed:
        exchange.answer_headers["Idempotency-Replayed"] = "true"
        exchange.error_request_id = job.request_id
    if job.deferred:
        exchange.held_micros = job.hold_micros if job.finished_at_ms is None else 0
        exchange.charged_micros = job.hold_micros if job.state is JobState.COMPLETED else 0
        return 202, AcceptedReply(id=job.id, status="processing", meta=AcceptedMeta(model=job.tier))
    if job.failure is not None:
        raise failure_error(job.failure)
    exchange.charged_micros = job.hold_micros
    document = {
        "id": job.id,
        "status": "completed",
        "images": images(job, public_base_url=public_base_url),
        "meta": {"model": job.tier, "cost_cents": cost_cents(job), "duration_ms": duration_ms(job)},
    }
    return 200, ImageReply.model_validate(document)
