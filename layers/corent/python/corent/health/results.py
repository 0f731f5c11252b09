"""The health documents and how results are folded into them. Pure; bounded in size."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Final

OFFER_WINDOW: Final = 20
TIER_WINDOW: Final = 100
DAYS_KEPT: Final = 90
# Fewer results than this say nothing about a state.
RESULTS_MIN: Final = 5
STALE_AFTER_MS: Final = 300_000
DEGRADED_BELOW: Final = 0.95
OUTAGE_BELOW: Final = 0.50


@dataclass(frozen=True, slots=True)
class Result:
    """One attempt or one job: whether it succeeded, and how long it took."""

    success: bool
    duration_ms: int


@dataclass(frozen=True, slots=True)
class OfferResult:
    """One attempt at an offer. Refusals and requests it cannot take say nothing of its health."""

    offer_id: str
    result: Result


@dataclass(frozen=True, slots=True)
class TierResult:
    """One job of a tier, as its caller saw it. `day` is `YYYY-MM-DD`."""

    tier: str
    result: Result
    day: str


@dataclass(frozen=True, slots=True)
class Spend:
    """What upstreams cost us on one day, `YYYY-MM-DD` in UTC, in micro-dollars."""

    day: str = ""
    micros: dict[str, int] = field(default_factory=dict)

    def of(self, day: str) -> dict[str, int]:
        """What they cost on that day, as far as it is known."""
        return self.micros if day == self.day else {}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one attempt cost us, and when it was paid for."""

    upstream: str
    micros: int
    day: str


@dataclass(frozen=True, slots=True)
class OfferWindow:
    """The last results of every offer, oldest first, and what upstreams cost on the last day that counts."""

    results: dict[str, tuple[Result, ...]] = field(default_factory=dict)
    spend: Spend = field(default_factory=Spend)


@dataclass(frozen=True, slots=True)
class DayCount:
    """A tier's jobs of one day."""

    successes: int
    total: int


@dataclass(frozen=True, slots=True)
class TierWindow:
    """The last results of every tier and its daily counts. `updated_at_ms` is None before the first."""

    results: dict[str, tuple[Result, ...]] = field(default_factory=dict)
    days: dict[str, dict[str, DayCount]] = field(default_factory=dict)
    updated_at_ms: int | None = None


class TierStatus(StrEnum):
    """A tier's public state."""

    OPERATIONAL = "operational"
    DEGRADED = "degraded"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class TierSummary:
    """A tier's public figures; None where nothing was measured yet."""

    status: TierStatus
    latency_ms_p50: int | None
    latency_ms_p95: int | None
    success_rate: float | None
    uptime_90d: float | None


def fold_offers(window: OfferWindow, results: list[OfferResult]) -> OfferWindow:
    """The window with those results added and the oldest beyond OFFER_WINDOW dropped."""
    folded = dict(window.results)
    for each in results:
        folded[each.offer_id] = (*folded.get(each.offer_id, ()), each.result)[-OFFER_WINDOW:]
    return replace(window, results=folded)


def fold_costs(window: OfferWindow, costs: list[Cost]) -> OfferWindow:
    """The window with those costs added; a new day begins at nothing, and older costs are dropped."""
    spend = window.spend
    for cost in costs:
        if cost.day > spend.day:
            spend = Spend(day=cost.day)
        if cost.day == spend.day:
            micros = spend.micros.get(cost.upstream, 0) + cost.micros
            spend = replace(spend, micros={**spend.micros, cost.upstream: micros})
    return replace(window, spend=spend)


def fold_tiers(window: TierWindow, results: list[TierResult], *, now_ms: int) -> TierWindow:
    """The window with those results added; days beyond DAYS_KEPT are dropped."""
    recent = dict(window.results)
    today = datetime.fromtimestamp(now_ms / 1000, UTC)
    oldest = f"{today - timedelta(days=DAYS_KEPT - 1):%Y-%m-%d}"
    days = {tier: dict(counts) for tier, counts in window.days.items()}
    for each in results:
        recent[each.tier] = (*recent.get(each.tier, ()), each.result)[-TIER_WINDOW:]
        counts = days.setdefault(each.tier, {})
        count = counts.get(each.day, DayCount(successes=0, total=0))
        counts[each.day] = replace(
            count, successes=count.successes + each.result.success, total=count.total + 1
        )
    days = {
        tier: {day: count for day, count in counts.items() if day >= oldest} for tier, counts in days.items()
    }
    return TierWindow(results=recent, days=days, updated_at_ms=now_ms if results else window.updated_at_ms)


def summarize_tier(window: TierWindow, tier: str) -> TierSummary:
    """The public figures of one tier, from its last results."""
    results = window.results.get(tier, ())
    durations = sorted(result.duration_ms for result in results if result.success)
    rate = sum(result.success for result in results) / len(results) if results else None
    days = window.days.get(tier, {}).values()
    total = sum(day.total for day in days)
    return TierSummary(
        status=_status(rate if len(results) >= RESULTS_MIN else None),
        latency_ms_p50=median_ms(durations),
        latency_ms_p95=durations[(95 * len(durations) - 1) // 100] if durations else None,
        success_rate=round(rate, 4) if rate is not None else None,
        uptime_90d=round(sum(day.successes for day in days) / total, 4) if total else None,
    )


def is_degraded(results: tuple[Result, ...]) -> bool:
    """Whether an offer's last results are bad enough to try others first."""
    successes = sum(result.success for result in results)
    return len(results) >= RESULTS_MIN and successes < OUTAGE_BELOW * len(results)


def median_ms(durations_ms: list[int]) -> int | None:
    """The middle duration, None of none."""
    return round(median(durations_ms)) if durations_ms else None


def _status(rate: float | None) -> TierStatus:
    if rate is None or rate >= DEGRADED_BELOW:
        return TierStatus.OPERATIONAL
    return TierStatus.DEGRADED if rate >= OUTAGE_BELOW else TierStatus.OUTAGE
