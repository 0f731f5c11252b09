"""Bodies of the account endpoints."""

from typing import Annotated

from pydantic import Field

from corent.edge.bodies import Body, JobKind, JobStatus, Reply

DEPOSIT_CENTS_MIN = 500
DEPOSIT_CENTS_MAX = 1_000_000


class BalanceReply(Reply):
    balance_cents: int
    available_cents: int
    held_cents: int


class UsageJob(Reply):
    id: str
    kind: JobKind
    status: JobStatus
    model: str
    cost_cents: int
    duration_ms: int | None
    created_at: str


class UsageReply(Reply):
    total_spent_cents: int
    total_jobs: int
    recent_jobs: list[UsageJob]
    next_cursor: str | None


class DepositBody(Body):
    """`POST /v1/account/deposit`."""

    amount_cents: Annotated[int, Field(ge=DEPOSIT_CENTS_MIN, le=DEPOSIT_CENTS_MAX)]
    save_card: bool = False


class DepositReply(Reply):
    """A page on which the account's owner can pay. The balance grows once that is done."""

    checkout_url: str
    session_id: str
    expires_at: str


class LedgerEntry(Reply):
    id: str
    kind: str
    amount_cents: int
    available_change_cents: int
    created_at: str
    job_id: str | None
    batch_id: str | None
    receipt_url: str | None


class LedgerReply(Reply):
    entries: list[LedgerEntry]
    next_cursor: str | None
