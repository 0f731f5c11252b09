"""The chart of what was spent: its figures add up, and its bars lie inside."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboard.chart import BOTTOM, DAYS, HEIGHT, LEFT, TOP, WIDTH, spending

TODAY = date(2026, 11, 28)
TIERS = ("corent-image-fast", "corent-video-premium", "corent-image-studio")


def job(days_ago: int, tier: str, cents: int) -> dict[str, Any]:
    day = TODAY - timedelta(days=days_ago)
    return {"created_at": f"{day.isoformat()}T12:00:00.000Z", "model": tier, "cost_cents": cents}


jobs = st.lists(
    st.builds(job, st.integers(-3, DAYS + 5), st.sampled_from(TIERS), st.integers(0, 10_000)), max_size=60
)


@given(jobs)
def test_every_cent_of_the_days_shown_stands_in_bars_table_and_legend(rows: list[dict[str, Any]]) -> None:
    first = (TODAY - timedelta(days=DAYS - 1)).isoformat()
    spent = sum(row["cost_cents"] for row in rows if first <= row["created_at"][:10] <= TODAY.isoformat())
    chart = spending(rows, until=TODAY)
    assert chart.total_cents == spent
    assert sum(bar.cents for bar in chart.bars) == spent
    assert sum(cents for *_, cents in chart.table) == spent
    assert sum(cents for *_, cents in chart.tiers) == spent


@given(jobs)
def test_bars_stand_inside_the_drawing_and_on_one_another(rows: list[dict[str, Any]]) -> None:
    chart = spending(rows, until=TODAY)
    floor: dict[str, float] = {}
    for bar in chart.bars:
        assert LEFT <= bar.x <= bar.x + bar.width <= WIDTH
        assert TOP - 0.2 <= bar.y <= bar.y + bar.height <= HEIGHT - BOTTOM + 0.2
        assert abs(bar.y + bar.height - floor.get(bar.day, HEIGHT - BOTTOM)) < 0.35
        floor[bar.day] = bar.y


def test_a_tier_has_one_colour_on_all_days() -> None:
    chart = spending([job(ago, tier, 5) for ago in range(5) for tier in TIERS], until=TODAY)
    assert len({(bar.tier, bar.colour) for bar in chart.bars}) == len(TIERS)
    assert len({bar.colour for bar in chart.bars}) == len(TIERS)


def test_the_scale_ends_on_a_round_figure_that_holds_the_dearest_day() -> None:
    tops = [
        spending([job(1, TIERS[0], cents)], until=TODAY).lines[-1].cents for cents in (1, 3, 11, 41, 12_345)
    ]
    assert tops == [2, 4, 20, 100, 20_000]


def test_nothing_spent_is_no_bar() -> None:
    chart = spending([job(1, TIERS[0], 0)], until=TODAY)
    assert (chart.bars, chart.tiers, chart.table, chart.total_cents) == ([], [], [], 0)
