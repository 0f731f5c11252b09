"""Bodies of the account endpoints."""

from corent.edge.bodies import JobKind, JobStatus, Reply


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


class LedgerEntry(Reply):
    id: str
    kind: str
    amount_cents: int
    created_at: str
    job_id: str | None
    batch_id: str | None


class LedgerReply(Reply):
    entries: list[LedgerEntry]
    next_cursor: str | None
