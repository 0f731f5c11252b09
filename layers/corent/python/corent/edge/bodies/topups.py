"""Bodies of the top-up endpoints."""

from typing import Annotated, Literal

from pydantic import Field

from corent.edge.bodies import Body, Reply
from corent.edge.bodies.account import DEPOSIT_CENTS_MAX, DEPOSIT_CENTS_MIN


class TopUpBody(Body):
    """`PUT /v1/account/auto-topup`."""

    threshold_cents: Annotated[int, Field(ge=100, le=DEPOSIT_CENTS_MAX)]
    amount_cents: Annotated[int, Field(ge=DEPOSIT_CENTS_MIN, le=DEPOSIT_CENTS_MAX)]
    monthly_cap_cents: Annotated[int, Field(ge=DEPOSIT_CENTS_MIN, le=100_000_000)]


class TopUpReply(Reply):
    """The rules and where they stand; without rules all of them are null."""

    enabled: bool
    threshold_cents: int | None
    amount_cents: int | None
    monthly_cap_cents: int | None
    spent_this_month_cents: int
    charging: bool
    disabled_reason: Literal["by_owner", "card_declined", "authentication_required"] | None
    disabled_at: str | None
