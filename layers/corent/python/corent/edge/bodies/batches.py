"""Bodies of the batch endpoints."""

from typing import Annotated, Literal

from pydantic import Field

from corent.edge.bodies import Reply
from corent.edge.bodies.images import ImageItem
from corent.edge.bodies.jobs import JobDocument
from corent.edge.bodies.orders import PurchaseFields
from corent.edge.bodies.videos import VideoItem
from corent.jobs.batch import BATCH_JOBS_MAX


class ImageBatchBody(PurchaseFields):
    """`POST /v1/images/batch`."""

    requests: Annotated[list[ImageItem], Field(min_length=1, max_length=BATCH_JOBS_MAX)]


class VideoBatchBody(PurchaseFields):
    """`POST /v1/videos/batch`."""

    requests: Annotated[list[VideoItem], Field(min_length=1, max_length=BATCH_JOBS_MAX)]


class BatchCounts(Reply):
    """How many of the batch's jobs stand where."""

    total: int
    queued: int
    processing: int
    completed: int
    failed: int
    cancelled: int


class AcceptedJob(Reply):
    index: int
    id: str


class AcceptedBatchReply(Reply):
    """A batch that is being worked on; poll it."""

    id: str
    status: Literal["processing"]
    counts: BatchCounts
    quote_cents: int
    jobs: list[AcceptedJob]


class BatchJob(Reply):
    """One job of a batch, in the place of its request."""

    index: int
    id: str
    job: JobDocument


class BatchReply(Reply):
    """The batch, with the document of every job."""

    id: str
    status: Literal["processing", "completed", "cancelled"]
    created_at: str
    completed_at: str | None
    quote_cents: int
    cost_cents: int
    counts: BatchCounts
    jobs: list[BatchJob]
