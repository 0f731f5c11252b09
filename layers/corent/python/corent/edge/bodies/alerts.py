"""Bodies of the alert endpoints."""

from typing import Annotated

from pydantic import Field, StringConstraints

from corent.edge.bodies import Body, Reply
from corent.edge.bodies.orders import Url


class AlertBody(Body):
    """`PUT /v1/account/alerts`."""

    low_balance_cents: Annotated[int, Field(ge=1, le=100_000_000)]
    webhook_url: Url
    webhook_secret: Annotated[str, StringConstraints(min_length=16, max_length=256)] | None = Field(
        default=None, repr=False
    )


class AlertReply(Reply):
    """What is told, and where to; without an alert all is null."""

    low_balance_cents: int | None
    webhook_url: str | None
    signed: bool
    last_event_id: str | None
