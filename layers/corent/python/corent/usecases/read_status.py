"""The public status: one read of what the prober last wrote."""

from typing import Any, Final

from corent.core.clock import Clock, rfc3339
from corent.core.tiers import Tier
from corent.health.status import Figures, Incident, Standing, uptime
from corent.health.store import HealthStore

STALE_AFTER_MS: Final = 300_000


class ReadStatus:
    """What anyone may know of each tier."""

    def __init__(self, *, health: HealthStore, tiers: tuple[Tier, ...], clock: Clock) -> None:
        self._health = health
        self._tiers = tiers
        self._clock = clock

    def __call__(self) -> dict[str, Any]:
        """The body of `GET /v1/status`. `stale` where nobody has looked in the last five minutes."""
        document = self._health.read_status()
        updated_at_ms = document.updated_at_ms
        return {
            "tiers": [
                _tier(
                    tier,
                    standing=document.standings.get(tier.name, Standing()),
                    figures=document.figures.get(tier.name, Figures()),
                )
                for tier in self._tiers
            ],
            "updated_at": rfc3339(updated_at_ms) if updated_at_ms is not None else None,
            "stale": updated_at_ms is None or self._clock.now_ms() - updated_at_ms > STALE_AFTER_MS,
            "incidents": [_incident(each) for each in reversed(document.incidents)],
        }


def _tier(tier: Tier, *, standing: Standing, figures: Figures) -> dict[str, Any]:
    days = sorted(standing.days.items())
    return {
        "name": tier.name,
        "status": standing.level.value,
        "latency_ms_p50": figures.latency_ms_p50,
        "latency_ms_p95": figures.latency_ms_p95,
        "success_rate": figures.success_rate,
        "uptime_90d": uptime([seen for _, seen in days]),
        "uptime_by_day": [{"date": day, "uptime": uptime([seen])} for day, seen in days],
    }


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "tier": incident.tier,
        "status": incident.level.value,
        "opened_at": rfc3339(incident.opened_at_ms),
        "closed_at": rfc3339(incident.closed_at_ms) if incident.closed_at_ms is not None else None,
    }
