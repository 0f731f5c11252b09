"""Documents as the API answers them."""

from typing import Any

JOB = "job_01M81Y9DXCQAE5FE239C74RJYB"
BATCH = "batch_01M894J6ZV1W0T5G8Q2K7XRBND"
KEY = "co_test_0123456789abcdefghijklmnopqrstuvwx"

BALANCE = {"balance_cents": 998, "available_cents": 935, "held_cents": 63}


def image_file(url: str = "https://files.test/a.png") -> dict[str, Any]:
    return {"url": url, "width": 1024, "height": 1024}


def image_answer(url: str = "https://files.test/a.png") -> dict[str, Any]:
    return {
        "id": JOB,
        "status": "completed",
        "images": [image_file(url)],
        "meta": {"model": "corent-image-fast", "cost_cents": 2, "duration_ms": 947},
    }


def accepted(kind: str = "image") -> dict[str, Any]:
    return {"id": JOB, "status": "processing", "meta": {"model": f"corent-{kind}-fast"}}


def job(status: str = "processing", percent: int = 0, *, kind: str = "image", **more: Any) -> dict[str, Any]:
    ended = status in {"completed", "failed", "cancelled"}
    return {
        "id": JOB,
        "kind": kind,
        "status": status,
        "created_at": "2026-11-22T15:34:10.609Z",
        "completed_at": "2026-11-22T15:34:11.556Z" if ended else None,
        "meta": {
            "model": "corent-image-fast",
            "cost_cents": 2 if status == "completed" else 0,
            "duration_ms": 947 if ended else None,
            "progress_percent": 100 if status == "completed" else percent,
        },
        "metadata": {},
        "error": None,
        **more,
    }


def completed(*urls: str) -> dict[str, Any]:
    return job("completed", images=[image_file(url) for url in urls or ("https://files.test/a.png",)])


def failed(code: str = "tier_unavailable") -> dict[str, Any]:
    return job(
        "failed",
        error={
            "type": "api_error",
            "code": code,
            "message": f"It is {code}.",
            "param": None,
            "request_id": "req_1",
            "retryable": True,
        },
    )


def batch(*jobs: dict[str, Any]) -> dict[str, Any]:
    statuses = [each["status"] for each in jobs]
    names = ("queued", "processing", "completed", "failed", "cancelled")
    counts = {"total": len(jobs), **{name: statuses.count(name) for name in names}}
    going_on = counts["queued"] + counts["processing"] > 0
    return {
        "id": BATCH,
        "status": "processing" if going_on else "completed",
        "created_at": "2026-11-22T15:34:10.609Z",
        "completed_at": None if going_on else "2026-11-22T15:34:11.556Z",
        "quote_cents": 2 * len(jobs),
        "cost_cents": 2 * counts["completed"],
        "counts": counts,
        "jobs": [{"index": place, "id": each["id"], "job": each} for place, each in enumerate(jobs)],
    }


def accepted_batch(count: int) -> dict[str, Any]:
    counts = {"total": count, "queued": count, "processing": 0, "completed": 0, "failed": 0, "cancelled": 0}
    return {
        "id": BATCH,
        "status": "processing",
        "counts": counts,
        "quote_cents": 2 * count,
        "jobs": [{"index": place, "id": f"{JOB}{place}"} for place in range(count)],
    }
