"""The job document: the one body that polls, lists, streams and webhooks show."""

import json
from typing import Any, Final

from corent.core.clock import rfc3339
from corent.core.errors import (
    ContentRefusedError,
    CorentError,
    DeadlineExceededError,
    InvalidRequestError,
    TierUnavailableError,
)
from corent.core.money import cents_floor
from corent.core.tiers import ImageFormat, Kind
from corent.jobs.job import ImageOrder, Job, JobFailure, JobState

_EXTENSIONS = {ImageFormat.PNG: "png", ImageFormat.JPEG: "jpg", ImageFormat.WEBP: "webp"}
# When to come back where nobody knows better.
RETRY_AFTER_S: Final = 5
# Of the expected time, until the estimate slows down; it never reaches the whole before the end.
_STEADY_PERCENT = 90


def file_name(job: Job, *, index: int) -> str:
    """Where a result lies, both in the bucket and below our own address."""
    order = job.order
    extension = _EXTENSIONS[order.output_format] if isinstance(order, ImageOrder) else "mp4"
    return f"files/{job.files_key}-{index}.{extension}"


def failure_error(failure: JobFailure, *, retry_after_s: int = RETRY_AFTER_S) -> CorentError:
    """The error a failed job carries, and that a synchronous caller gets instead of a result.

    `retry_after_s` is when its tier may do better, where that is known.
    """
    match failure:
        case JobFailure.CONTENT_REFUSED:
            return ContentRefusedError("The prompt or the result was refused by the content policy.")
        case JobFailure.TIER_UNAVAILABLE:
            return TierUnavailableError(
                "This tier could not serve the request just now. Nothing was charged.",
                retry_after_s=max(RETRY_AFTER_S, retry_after_s),
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


def results(job: Job, *, public_base_url: str) -> list[dict[str, Any]]:
    """The results' permanent addresses and sizes."""
    return [
        {
            "url": f"{public_base_url}/{file_name(job, index=index)}",
            "width": file.width_px,
            "height": file.height_px,
            **({} if file.duration_s is None else {"duration_s": file.duration_s}),
        }
        for index, file in enumerate(job.files)
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
        name = "images" if job.kind is Kind.IMAGE else "videos"
        document[name] = results(job, public_base_url=public_base_url)
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
    return document


def document_bytes(document: dict[str, Any]) -> bytes:
    """The document as it is signed and sent; the same document is always the same bytes."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def duration_ms(job: Job) -> int | None:
    """From submit to end; None before the end."""
    return None if job.finished_at_ms is None else job.finished_at_ms - job.created_at_ms


def _progress_percent(job: Job, *, now_ms: int) -> int:
    """What an upstream reported, or what the time that has passed suggests, whichever is further.

    Both only grow, so the estimate never goes back; it is below 100 until the result is there.
    """
    if job.state is JobState.COMPLETED:
        return 100
    until_ms = now_ms if job.finished_at_ms is None else job.finished_at_ms
    elapsed_ms = max(0, until_ms - _begun_ms(job, until_ms=until_ms))
    estimate = _STEADY_PERCENT * elapsed_ms // job.expected_ms
    if estimate > _STEADY_PERCENT:
        rest = 100 - _STEADY_PERCENT
        estimate = 100 - rest * job.expected_ms // elapsed_ms
    return min(99, max(estimate, job.progress_percent))


def _begun_ms(job: Job, *, until_ms: int) -> int:
    """From when on the estimate counts: one of a batch's jobs waits for its turn first."""
    if job.batch_id is None:
        return job.created_at_ms
    return job.created_at_ms + job.attempts[0].started_ms if job.attempts else until_ms
