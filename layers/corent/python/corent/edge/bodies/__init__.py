"""The shapes of requests and answers, closed on both sides; one file a group of endpoints."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

type JobStatus = Literal["queued", "processing", "completed", "failed", "cancelled"]
type JobKind = Literal["image", "video"]
JOB_CURSOR = r"^job_[0-7][0-9A-HJKMNP-TV-Z]{25}$"
# Where a body is of one of two kinds, which one stands in the places of its errors; spelt as no field is.
IMAGE_TAG = "<image>"
VIDEO_TAG = "<video>"
LEDGER_CURSOR = r"^[A-Za-z0-9_-]+={0,2}$"
# RFC 3339 or its date alone; whether there is such a day shows once it is parsed.
TIME = r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})?)?$"


class Body(BaseModel):
    """A request body: no unknown fields, no silent conversions."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Reply(BaseModel):
    """An answer: nothing leaves that is not listed here."""

    model_config = ConfigDict(extra="forbid")


class ErrorBody(Reply):
    type: str
    code: str
    message: str
    param: str | None
    request_id: str
    retryable: bool
    required_cents: int | None = None
    available_cents: int | None = None
    limit_cents: int | None = None
    spent_cents: int | None = None


class ErrorReply(Reply):
    error: ErrorBody
