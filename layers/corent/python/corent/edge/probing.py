"""What the prober reports: metrics by tier, and by offer for operators; a line in the log; an answer."""

from typing import Any, Final

from aws_lambda_powertools.logging import Logger

from corent.core.money import MICROS_PER_CENT
from corent.edge.metrics import Value, count, emit
from corent.health.status import Level
from corent.usecases.probe_upstreams import ProbeReport, SpentToday

log = Logger(service="corent")
# How bad a level is, as a number that an alarm can compare.
_BADNESS: Final = {Level.OPERATIONAL: 0, Level.DEGRADED: 1, Level.OUTAGE: 2}


def probe_report(report: ProbeReport) -> dict[str, Any]:
    """Say what one minute showed."""
    for tier, level in report.levels.items():
        count("TierLevel", _BADNESS[level], tier=tier)
    for offer in report.open_breakers:
        count("BreakerOpen", 1, offer=offer)
    emit(
        {
            "BreakersOpen": len(report.open_breakers),
            "ProbeFailures": len(report.failures),
            "ProbeSpendCents": report.spent.probes_micros / MICROS_PER_CENT,
        }
    )
    _spent(report.spent)
    answer = {
        "asked": report.asked,
        "generated": report.generated,
        "failures": dict(report.failures),
        "levels": {tier: level.value for tier, level in report.levels.items()},
        "open_breakers": list(report.open_breakers),
        "cost_micros": report.cost_micros,
    }
    (log.warning if report.failures else log.info)("probed", report=answer)
    return answer


def _spent(spent: SpentToday) -> None:
    """What upstreams cost today, each and together, and how much of its cap that is where there is one."""
    caps = {**dict.fromkeys(spent.micros, None), **spent.caps.micros}
    shares = []
    for upstream, cap_micros in caps.items():
        micros = spent.micros.get(upstream, 0)
        values = _against(micros, cap_micros)
        emit(values, upstream=upstream)
        shares += [_percent(micros, cap_micros)] if cap_micros is not None else []
    total_cap_micros = spent.caps.total_micros
    if total_cap_micros is not None:
        shares.append(_percent(spent.total_micros, total_cap_micros))
    whole = _against(spent.total_micros, total_cap_micros)
    # Alarms cannot search: the one number that says whether any cap is near. 0 where there is none.
    emit({**whole, "SpendOfNearestCapPercent": max(shares, default=0.0)})


def _against(micros: int, cap_micros: int | None) -> dict[str, Value]:
    values: dict[str, Value] = {"SpendCents": micros / MICROS_PER_CENT}
    if cap_micros is not None:
        values["SpendOfCapPercent"] = _percent(micros, cap_micros)
    return values


def _percent(micros: int, cap_micros: int) -> float:
    """A cap of nothing is reached from the start."""
    return 100 * micros / cap_micros if cap_micros else 100.0
