"""The job document: the one body that polls, lists and answers show."""

from typing import Any

from corent.core.clock import rfc3339
from corent.core.errors import (
    ContentRefusedError,
    CorentError,
    DeadlineExceededError,
    InvalidRequestError,
    TierUnavailableError,
)
from corent.core.money import cents_floor
from corent.core.tiers import ImageFormat
from corent.jobs.job import Job, JobFailure, JobState

_EXTENSIONS = {ImageFormat.PNG: "png", ImageFormat.JPEG: "jpg", ImageFormat.WEBP: "webp"}


def file_name(job: Job, *, index: int) -> str:
    """Where a result lies, both in the bucket and below our own address."""
    return f"files/{job.files_key}-{index}.{_EXTENSIONS[job.order.output_format]}"


def failure_error(failure: JobFailure) -> CorentError:
    """The error a failed job carries, and that a synchronous caller gets instead of a result."""
    match failure:
        case JobFailure.CONTENT_REFUSED:
            return ContentRefusedError("The prompt or the result was refused by the content policy.")
        case JobFailure.TIER_UNAVAILABLE:
            return TierUnavailableError(
                "This tier could not serve the request just now. Nothing was charged.", retry_after_s=5
            )
        case JobFailure.DEADLINE_EXCEEDED:
            return DeadlineExceededError("The job did not end before its deadline. Nothing was charged.")
        case JobFailure.INVALID_IMAGE_URL:
            return InvalidRequestError(
                "image_url does not lead to an image that can be used.",
                code="invalid_image_url",
                param="image_url",
            )


def error_document(error: CorentError, *, request_id: str) -> dict[str, Any]:
    """The one error shape, without its envelope."""
    return {
        "type": error.type,
        "code": error.code,
        "message": error.message,
        "param": error.param,
        **error.details,
        "request_id": request_id,
        "retryable": error.retryable,
    }


def cost_cents(job: Job) -> int:
    """What was charged: the quote once completed, else nothing."""
    return cents_floor(job.hold_micros) if job.state is JobState.COMPLETED else 0


def images(job: Job, *, public_base_url: str) -> list[dict[str, Any]]:
    """The results' permanent addresses."""
    return [
        {
            "url": f"{public_base_url}/{file_name(job, index=index)}",
            "width": image.width_px,
            "height": image.height_px,
        }
        for index, image in enumerate(job.images)
    ]


def job_document(job: Job, *, public_base_url: str, now_ms: int) -> dict[str, Any]:
    """The document of api.md, from the stored item alone. `now_ms` only feeds the estimate of progress."""
    document: dict[str, Any] = {
        "id": job.id,
        "kind": job.kind.value,
        "status": job.state.value,
        "created_at": rfc3339(job.created_at_ms),
        "completed_at": rfc3339(job.finished_at_ms) if job.finished_at_ms is not None else None,
    }
    if job.state is JobState.COMPLETED:
        document["images"] = images(job, public_base_url=public_base_url)
    document["meta"] = {
        "model": job.tier,
        "cost_cents": cost_cents(job),
        "duration_ms": duration_ms(job),
        "progress_percent": _progress_percent(job, now_ms=now_ms),
    }
    document["metadata"] = job.order.metadata
    document["error"] = (
        error_document(failure_error(job.failure), request_id=job.request_id) if job.failure else None
    )
    document["webhook"] = {"status": "none", "attempts": 0}
    return document


def duration_ms(job: Job) -> int | None:
    """From submit to end; None before the end."""
    return None if job.finished_at_ms is None else job.finished_at_ms - job.created_at_ms


def _progress_percent(job: Job, *, now_ms: int) -> int:
    if job.state is JobState.COMPLETED:
        return 100
    until_ms = now_ms if job.finished_at_ms is None else job.finished_at_ms
    elapsed_ms = max(0, until_ms - job.created_at_ms)
    return min(99, 100 * elapsed_ms // (job.deadline_ms - job.created_at_ms))
