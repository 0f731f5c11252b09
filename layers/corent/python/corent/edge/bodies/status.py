"""Bodies of the status endpoint."""

from typing import Any, Literal

from corent.edge.bodies import Reply


class TierReply(Reply):
    name: str
    status: Literal["operational", "degraded", "outage"]
    latency_ms_p50: int | None
    latency_ms_p95: int | None
    success_rate: float | None
    uptime_90d: float | None


class StatusReply(Reply):
    tiers: list[TierReply]
    updated_at: str | None
    stale: bool
    incidents: list[dict[str, Any]]
