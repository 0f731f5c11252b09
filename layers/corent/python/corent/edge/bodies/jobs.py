"""Bodies of the job endpoints."""

from typing import Literal

from pydantic import Field

from corent.edge.bodies import JobKind, JobStatus, Reply
from corent.edge.bodies.images import Image
from corent.edge.bodies.videos import Video


class JobMeta(Reply):
    model: str
    cost_cents: int
    duration_ms: int | None
    progress_percent: int


class JobError(Reply):
    type: str
    code: str
    message: str
    param: str | None
    request_id: str
    retryable: bool


class WebhookState(Reply):
    status: Literal["none", "pending", "delivered", "undelivered"]
    attempts: int


class JobDocument(Reply):
    """The job document, as every way to learn of a job shows it."""

    id: str
    kind: JobKind
    status: JobStatus
    created_at: str
    completed_at: str | None
    images: list[Image] = Field(default_factory=list, exclude_if=lambda images: not images)
    videos: list[Video] = Field(default_factory=list, exclude_if=lambda videos: not videos)
    meta: JobMeta
    metadata: dict[str, str]
    error: JobError | None


class JobReply(JobDocument):
    """The job document as polls and lists show it: with how its webhook stands."""

    webhook: WebhookState


class JobsReply(Reply):
    jobs: list[JobReply]
    next_cursor: str | None


class WebhookTry(Reply):
    """One try of a delivery; what the receiver answered is a class, how long it took a bucket."""

    at: str
    outcome: Literal["delivered", "rejected", "unanswered"]
    status_class: str | None
    duration_ms: int


class WebhookReply(Reply):
    """The log of a job's webhook."""

    status: Literal["none", "pending", "delivered", "undelivered"]
    attempts: list[WebhookTry]
