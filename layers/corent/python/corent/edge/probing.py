"""What the prober reports: metrics by tier, and by offer for operators; a line in the log; an answer."""

from typing import Any, Final

from aws_lambda_powertools.logging import Logger

from corent.edge.metrics import count
from corent.health.status import Level
from corent.usecases.probe_upstreams import ProbeReport

log = Logger(service="corent")
# How bad a level is, as a number that an alarm can compare.
_BADNESS: Final = {Level.OPERATIONAL: 0, Level.DEGRADED: 1, Level.OUTAGE: 2}


def probe_report(report: ProbeReport) -> dict[str, Any]:
    """Say what one minute showed."""
    for tier, level in report.levels.items():
        count("TierLevel", _BADNESS[level], tier=tier)
    for offer in report.open_breakers:
        count("BreakerOpen", 1, offer=offer)
    count("BreakersOpen", len(report.open_breakers))
    count("ProbeFailures", len(report.failures))
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
