"""A job's events: what a stream says of it. Each follows from the stored item and the time alone.

    id 1         queued
    id 2 … 101   processing, at id - 2 percent
    id 102       completed, failed or cancelled

An id says all there is to know about what came before it, so that any process can go on from it.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, Final

from corent.jobs.document import job_document
from corent.jobs.job import TERMINAL, Job, JobState

STEP_PERCENT: Final = 5
BEGINNING_ID: Final = 0
QUEUED_ID: Final = 1
PROCESSING_ID: Final = 2  # At 0 percent; each percent more is one more.
ENDED_ID: Final = 102
_ID: Final = re.compile(r"[0-9]{1,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One event of a stream; `id` only grows inside one job. `document` is the job's as it was then."""

    id: int
    state: JobState
    document: dict[str, Any]


def id_to_resume_after(text: str | None, *, job: Job) -> int:
    """What a `Last-Event-ID` says; the beginning for none and for one no stream of this job can have sent."""
    if text is None or _ID.fullmatch(text) is None:
        return BEGINNING_ID
    last_id = int(text)
    return last_id if last_id <= _highest_id(job.state) else BEGINNING_ID


def events_after(last_id: int, *, job: Job, public_base_url: str, now_ms: int) -> tuple[JobEvent, ...]:
    """What a reader who has had `last_id` has not been told yet, in order; at most one event a state.

    A state that passed unseen is told all the same, as the item tells it; of progress only the latest.
    """
    told = []
    if last_id < QUEUED_ID and (job.state is JobState.QUEUED or job.deferred):
        told.append(_queued(job, public_base_url=public_base_url, now_ms=now_ms))
    if job.state is JobState.PROCESSING or (job.state in TERMINAL and _was_processing(job)):
        processing = _processing(job, public_base_url=public_base_url, now_ms=now_ms)
        is_step = job.state is JobState.PROCESSING and processing.id >= last_id + STEP_PERCENT
        if last_id < PROCESSING_ID or is_step:
            told.append(processing)
    if job.state in TERMINAL and last_id < ENDED_ID:
        document = job_document(job, public_base_url=public_base_url, now_ms=now_ms)
        told.append(JobEvent(id=ENDED_ID, state=job.state, document=document))
    return tuple(told)


def _highest_id(state: JobState) -> int:
    if state in TERMINAL:
        return ENDED_ID
    return QUEUED_ID if state is JobState.QUEUED else ENDED_ID - 1


def _was_processing(job: Job) -> bool:
    """Whether an ended job was worked on; one that was cancelled or given up while queued was not."""
    return job.state is JobState.COMPLETED or bool(job.attempts)


def _queued(job: Job, *, public_base_url: str, now_ms: int) -> JobEvent:
    if job.state is not JobState.QUEUED:
        now_ms = job.created_at_ms
        job = replace(_open(job, state=JobState.QUEUED), progress_percent=0)
    document = job_document(job, public_base_url=public_base_url, now_ms=now_ms)
    return JobEvent(id=QUEUED_ID, state=JobState.QUEUED, document=document)


def _processing(job: Job, *, public_base_url: str, now_ms: int) -> JobEvent:
    """As it is, or as it was last before the end."""
    if job.finished_at_ms is not None:
        now_ms = job.finished_at_ms
        job = _open(job, state=JobState.PROCESSING)
    document = job_document(job, public_base_url=public_base_url, now_ms=now_ms)
    percent: int = document["meta"]["progress_percent"]
    return JobEvent(id=PROCESSING_ID + percent, state=JobState.PROCESSING, document=document)


def _open(job: Job, *, state: JobState) -> Job:
    """The job as it was in a state that is over."""
    return replace(job, state=state, files=(), failure=None, finished_at_ms=None)
