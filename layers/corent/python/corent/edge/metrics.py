"""Metrics for alarms and the operator's dashboard, as lines of the log in CloudWatch's embedded format.

Everything that is measured is named in METRICS. The lines are written here and not by Powertools, which adds
a dimension `service` where the environment names one: an alarm on the metric alone would never see it.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from corent.core.clock import SystemClock

NAMESPACE: Final = "Corent"
# Of one metric in one line, by the format's specification (read 2026-11-28).
VALUES_MAX: Final = 100

type Value = float | Sequence[float]


class Unit(StrEnum):
    """CloudWatch's units, as far as they are used."""

    COUNT = "Count"
    MILLISECONDS = "Milliseconds"
    PERCENT = "Percent"
    NONE = "None"  # Of money: the metric's name says which.


@dataclass(frozen=True, slots=True)
class Measured:
    """What one metric counts in, and the sets of dimensions it comes with; the empty set is the whole."""

    unit: Unit
    dimensions: tuple[frozenset[str], ...]


_WHOLE: Final = (frozenset[str](),)
_TIER: Final = (frozenset({"tier"}),)
_OFFER: Final = (frozenset({"offer"}),)

METRICS: Final[Mapping[str, Measured]] = {
    # Jobs of paying callers, as they end.
    "JobsCompleted": Measured(Unit.COUNT, _TIER),
    "JobsFailed": Measured(Unit.COUNT, _TIER),
    "JobsRefused": Measured(Unit.COUNT, _TIER),
    "JobsCancelled": Measured(Unit.COUNT, _TIER),
    "JobDurationMs": Measured(Unit.MILLISECONDS, _TIER),
    "Failovers": Measured(Unit.COUNT, _TIER),
    "ChargedCents": Measured(Unit.NONE, _TIER),
    # Their attempts. Offers name upstreams: for operators only.
    "Attempts": Measured(Unit.COUNT, (frozenset({"offer", "outcome"}),)),
    "AttemptDurationMs": Measured(Unit.MILLISECONDS, _OFFER),
    "CostMicros": Measured(Unit.NONE, _OFFER),
    # The prober, every minute. TierLevel: 0 operational, 1 degraded, 2 outage.
    "TierLevel": Measured(Unit.NONE, _TIER),
    "BreakerOpen": Measured(Unit.COUNT, _OFFER),
    "BreakersOpen": Measured(Unit.COUNT, _WHOLE),
    "ProbeFailures": Measured(Unit.COUNT, _WHOLE),
    "ProbeSpendCents": Measured(Unit.NONE, _WHOLE),
    "SpendCents": Measured(Unit.NONE, (*_WHOLE, frozenset({"upstream"}))),
    "SpendOfCapPercent": Measured(Unit.PERCENT, (*_WHOLE, frozenset({"upstream"}))),
    "SpendOfNearestCapPercent": Measured(Unit.PERCENT, _WHOLE),
    # What looks at books and payments.
    "AccountsChecked": Measured(Unit.COUNT, _WHOLE),
    "ReconciliationDifferences": Measured(Unit.COUNT, _WHOLE),
    "ReconciliationIncomplete": Measured(Unit.COUNT, _WHOLE),
    "PaymentsChecked": Measured(Unit.COUNT, _WHOLE),
    "PaymentsFoundByCheck": Measured(Unit.COUNT, _WHOLE),
    "PaymentsFailing": Measured(Unit.COUNT, _WHOLE),
    "ClawBackShortfalls": Measured(Unit.COUNT, _WHOLE),
}


def emit(values: Mapping[str, Value], **dimensions: str) -> None:
    """Several metrics of one set of dimensions, each with one value or with many."""
    many = {
        name: [value] if isinstance(value, int | float) else list(value) for name, value in values.items()
    }
    for name in many:
        if frozenset(dimensions) not in METRICS[name].dimensions:
            raise ValueError(f"{name} does not come by {sorted(dimensions)}")
    for start in range(0, max(map(len, many.values()), default=0), VALUES_MAX):
        part = {name: some for name, all_ in many.items() if (some := all_[start : start + VALUES_MAX])}
        sys.stdout.write(_line(part, dimensions) + "\n")


def count(name: str, value: int, **dimensions: str) -> None:
    """One metric of a report; each set of dimensions is a metric of its own."""
    emit({name: value}, **dimensions)


def _line(values: Mapping[str, list[float]], dimensions: Mapping[str, str]) -> str:
    described = [{"Name": name, "Unit": METRICS[name].unit.value} for name in values]
    metrics = {"Namespace": NAMESPACE, "Dimensions": [list(dimensions)], "Metrics": described}
    head = {"Timestamp": SystemClock().now_ms(), "CloudWatchMetrics": [metrics]}
    return json.dumps({"_aws": head, **dimensions, **values}, separators=(",", ":"))
