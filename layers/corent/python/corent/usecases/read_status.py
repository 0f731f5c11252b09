"""The public status: one read, folded from live results."""

from typing import Any

from corent.core.clock import Clock, rfc3339
from corent.core.tiers import Tier
from corent.health.results import STALE_AFTER_MS, summarize_tier
from corent.health.store import HealthStore


class ReadStatus:
    """What anyone may know of each tier."""

    def __init__(self, *, health: HealthStore, tiers: tuple[Tier, ...], clock: Clock) -> None:
        self._health = health
        self._tiers = tiers
        self._clock = clock

    def __call__(self) -> dict[str, Any]:
        """The body of `GET /v1/status`. `stale` until something was measured in the last five minutes."""
        window = self._health.read_tiers()
        now_ms = self._clock.now_ms()
        updated_at_ms = window.updated_at_ms
        tiers = []
        for tier in self._tiers:
            summary = summarize_tier(window, tier.name)
            tiers.append(
                {
                    "name": tier.name,
                    "status": summary.status.value,
                    "latency_ms_p50": summary.latency_ms_p50,
                    "latency_ms_p95": summary.latency_ms_p95,
                    "success_rate": summary.success_rate,
                    "uptime_90d": summary.uptime_90d,
                }
            )
        return {
            "tiers": tiers,
            "updated_at": rfc3339(updated_at_ms) if updated_at_ms is not None else None,
            "stale": updated_at_ms is None or now_ms - updated_at_ms > STALE_AFTER_MS,
            "incidents": [],
        }
