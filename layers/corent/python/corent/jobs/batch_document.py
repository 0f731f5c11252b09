"""The batch document: the one body that a batch's polls and its webhook show."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from corent.core.clock import rfc3339
from corent.core.money import cents_floor
from corent.jobs.batch import Batch
from corent.jobs.document import cost_cents, job_document
from corent.jobs.job import Job, JobState


def batch_document(batch: Batch, jobs: Sequence[Job], *, public_base_url: str, now_ms: int) -> dict[str, Any]:
    """The document of api.md, from the stored items alone; `jobs` are all of the batch's, in order."""
    counts = Counter(job.state for job in jobs)
    return {
        "id": batch.id,
        "status": batch.state.value,
        "created_at": rfc3339(batch.created_at_ms),
        "completed_at": rfc3339(batch.finished_at_ms) if batch.finished_at_ms is not None else None,
        "quote_cents": cents_floor(batch.hold_micros),
        "cost_cents": sum(cost_cents(job) for job in jobs),
        "counts": {"total": batch.size, **{state.value: counts[state] for state in JobState}},
        "jobs": [
            {
                "index": index,
                "id": job.id,
                "job": job_document(job, public_base_url=public_base_url, now_ms=now_ms),
            }
            for index, job in enumerate(jobs)
        ],
    }
