"""Bodies of the status endpoint."""

from typing import Literal

from corent.edge.bodies import Reply


class DayReply(Reply):
    date: str
    uptime: float | None


class TierReply(Reply):
    name: str
    status: Literal["operational", "degraded", "outage"]
    latency_ms_p50: int | None
    latency_ms_p95: int | None
    success_rate: float | None
    uptime_90d: float | None
    uptime_by_day: list[DayReply]


class IncidentReply(Reply):
    """`status` is the worst that it came to."""

    tier: str
    status: Literal["degraded", "outage"]
    opened_at: str
    closed_at: str | None


class StatusReply(Reply):
    tiers: list[TierReply]
    updated_at: str | None
    stale: bool
    incidents: list[IncidentReply]
