"""What was spent by day and tier, as bars: geometry only, the template draws them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

DAYS: Final = 30
WIDTH: Final = 760
HEIGHT: Final = 220
LEFT: Final = 56
BOTTOM: Final = 24
TOP: Final = 10
GAP: Final = 4
# Colours are eight, as many as there are tiers.
COLOURS: Final = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """One tier on one day, in the drawing's own units."""

    x: float
    y: float
    width: float
    height: float
    colour: int
    tier: str
    day: str
    cents: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the grid and what it stands for."""

    y: float
    cents: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, grid, the days under it, the tiers with their colours, and the same figures as a table."""

    bars: list[Bar]
    lines: list[Line]
    days: list[tuple[float, str]]
    tiers: list[tuple[str, int, int]]
    table: list[tuple[str, str, int]]
    total_cents: int


def spending(jobs: Iterable[dict[str, Any]], *, until: date) -> Chart:
    """The chart of the DAYS up to that one; a job counts on the day it was ordered (UTC)."""
    first = until - timedelta(days=DAYS - 1)
    spent: dict[tuple[str, str], int] = defaultdict(int)
    for job in jobs:
        ordered_on = job["created_at"][:10]
        if job["cost_cents"] > 0 and first.isoformat() <= ordered_on <= until.isoformat():
            spent[ordered_on, job["model"]] += job["cost_cents"]
    tiers = sorted({tier for _, tier in spent})
    colours = {tier: index % COLOURS + 1 for index, tier in enumerate(tiers)}
    by_day: dict[str, int] = defaultdict(int)
    for (day, _), cents in spent.items():
        by_day[day] += cents
    top_cents = _rounded_up(max(by_day.values(), default=0))
    plot, step = HEIGHT - BOTTOM - TOP, (WIDTH - LEFT) / DAYS
    bars: list[Bar] = []
    days: list[tuple[float, str]] = []
    for index in range(DAYS):
        day = (first + timedelta(days=index)).isoformat()
        x, y = LEFT + index * step, float(HEIGHT - BOTTOM)
        if index % 7 == (DAYS - 1) % 7:
            days.append((round(x + step / 2, 1), day))
        for tier in tiers:
            cents = spent.get((day, tier), 0)
            height = plot * cents / top_cents
            y -= height
            if cents:
                bars.append(
                    Bar(
                        x=round(x + GAP / 2, 1),
                        y=round(y, 1),
                        width=round(step - GAP, 1),
                        height=round(height, 1),
                        colour=colours[tier],
                        tier=tier,
                        day=day,
                        cents=cents,
                    )
                )
    return Chart(
        bars=bars,
        lines=[Line(round(TOP + plot * (1 - part / 2), 1), top_cents * part // 2) for part in range(3)],
        days=days,
        tiers=[
            (tier, colours[tier], sum(cents for (_, t), cents in spent.items() if t == tier))
            for tier in tiers
        ],
        table=sorted(((day, tier, cents) for (day, tier), cents in spent.items()), reverse=True),
        total_cents=sum(spent.values()),
    )


def _rounded_up(cents: int) -> int:
    """The top of the scale: the next of 2, 4, 10, 20, 40, 100, … that holds it."""
    scale = 1
    while True:
        for step in (2, 4, 10):
            if cents <= step * scale:
                return step * scale
        scale *= 10
