"""Figures of a run, the tables, and the aims that were missed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from benchmarks.routing.simulator import Job
from benchmarks.routing.utility import utility
from benchmarks.routing.worlds import OFFERS
from corent.core.tiers import Preference
from corent.health.evidence import median_ms, slow_ms
from corent.routing.rank import WEIGHTS

CORENT: Final = "corent"
ORACLE: Final = "oracle"
REGRET_AIM: Final = 0.05
OF_BEST_RIVAL_AIM: Final = 0.5
FAILURES_AIM: Final = 0.001
NAME_WIDTH: Final = 21
CELL_WIDTH: Final = 9


@dataclass(frozen=True, slots=True)
class Figures:
    """One policy in one world with one preference. Shares are of requests; `waste` is of what was paid.

    `failed_healthy` is among the requests that came while an offer could well have served them. Times are of
    deliveries, and the cost is all that was paid over what was delivered.
    """

    requests: int
    failed: float
    failed_healthy: float
    p50_ms: int
    p95_ms: int
    cost_micros: float
    waste: float
    retries: float
    utility: float


type Results = Mapping[tuple[str, Preference], Mapping[str, Figures]]


def figures(jobs: Sequence[Job], preference: Preference) -> Figures:
    """All that is told of a run."""
    delivered = [job for job in jobs if job.served_by is not None]
    healthy = [job for job in jobs if job.was_healthy]
    times_ms = [job.ended_ms - job.arrived_ms for job in delivered]
    paid_micros = sum(each.cost_micros for job in jobs for each in job.attempts)
    wasted_micros = sum(each.cost_micros for job in jobs for each in job.attempts if each.fault is not None)
    return Figures(
        requests=len(jobs),
        failed=1 - len(delivered) / len(jobs),
        failed_healthy=sum(job.served_by is None for job in healthy) / max(1, len(healthy)),
        p50_ms=median_ms(times_ms) or 0,
        p95_ms=slow_ms(times_ms) or 0,
        cost_micros=paid_micros / max(1, len(delivered)),
        waste=wasted_micros / max(1.0, paid_micros),
        retries=sum(len(job.attempts) - 1 for job in jobs) / len(jobs),
        utility=sum(_worth(job, preference) for job in delivered) / len(jobs),
    )


def tables(results: Results, *, of_all: bool = False) -> list[str]:
    """Lines: Corent's figures, or everyone's, everyone's regret, the aims missed, the digest."""
    out = []
    for name in next(iter(results.values())) if of_all else (CORENT,):
        titles = ("requests", "failed %", "healthy %", "p50 s", "p95 s", "cost $", "waste %", "retry %")
        out.append(_line(name, *titles))
        out += [
            _line(f"{world} {preference.value}", *_cells(policies[name]))
            for (world, preference), policies in results.items()
        ]
        out.append("")
    names = [name for name in next(iter(results.values())) if name != ORACLE]
    out.append(_line("regret %", *names))
    for (world, preference), policies in results.items():
        cells = [f"{100 * regret(policies, name):.2f}" for name in names]
        out.append(_line(f"{world} {preference.value}", *cells))
    every = {name: [100 * regret(policies, name) for policies in results.values()] for name in names}
    out.append(_line("mean", *(f"{sum(each) / len(each):.2f}" for each in every.values())))
    out.append(_line("worst", *(f"{max(each):.2f}" for each in every.values())))
    out += ["", _line("failed, healthy %", *names, ORACLE)]
    for (world, preference), policies in results.items():
        cells = [f"{100 * policies[name].failed_healthy:.3f}" for name in (*names, ORACLE)]
        out.append(_line(f"{world} {preference.value}", *cells))
    missed = aims_missed(results)
    out += ["", "aims missed", *(missed or ["none"]), "", f"digest {digest(results)}"]
    return out


def regret(policies: Mapping[str, Figures], name: str) -> float:
    """What a policy lacks to the oracle, as a share of the oracle's utility."""
    return 1 - policies[name].utility / policies[ORACLE].utility


def aims_missed(results: Results) -> list[str]:
    """World, preference and number of every aim that was missed."""
    missed = []
    for (world, preference), policies in results.items():
        where = f"{world} {preference.value}"
        own = regret(policies, CORENT)
        rivals = {name: regret(policies, name) for name in policies if name not in (CORENT, ORACLE)}
        best = min(rivals, key=rivals.__getitem__)
        if own > REGRET_AIM:
            missed.append(f"{where}: regret {100 * own:.2f} % of the oracle's utility")
        if own > OF_BEST_RIVAL_AIM * rivals[best]:
            missed.append(f"{where}: regret {100 * own:.2f} %, of {best} {100 * rivals[best]:.2f} %")
        if policies[CORENT].failed_healthy > FAILURES_AIM:
            missed.append(
                f"{where}: {100 * policies[CORENT].failed_healthy:.3f} % failed beside a healthy offer"
            )
    return missed


def digest(results: Results) -> str:
    """The same for the same results, on every machine."""
    rows = [
        [world, preference.value, name, {key: float(value) for key, value in asdict(each).items()}]
        for (world, preference), policies in results.items()
        for name, each in policies.items()
    ]
    text = json.dumps(rows, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _cells(own: Figures) -> tuple[str, ...]:
    return (
        str(own.requests),
        f"{100 * own.failed:.3f}",
        f"{100 * own.failed_healthy:.3f}",
        f"{own.p50_ms / 1000:.1f}",
        f"{own.p95_ms / 1000:.1f}",
        f"{own.cost_micros / 1e6:.4f}",
        f"{100 * own.waste:.2f}",
        f"{100 * own.retries:.2f}",
    )


def _worth(job: Job, preference: Preference) -> float:
    return utility(
        WEIGHTS[preference],
        time_ms=job.ended_ms - job.arrived_ms,
        paid_micros=sum(each.cost_micros for each in job.attempts),
        quality=OFFERS[job.attempts[-1].offer].quality,
    )


def _line(name: str, *cells: str) -> str:
    return f"{name:{NAME_WIDTH}}" + "".join(f" {cell:>{CELL_WIDTH}}" for cell in cells)
