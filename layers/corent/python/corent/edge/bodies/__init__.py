"""The shapes of requests and answers, closed on both sides; one file a group of endpoints."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

type JobStatus = Literal["queued", "processing", "completed", "failed", "cancelled"]
type JobKind = Literal["image", "video"]


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
