"""The public status: how a minute is judged, what becomes of it, incidents and uptime."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corent.core.clock import day_of
from corent.health.status import (
    BETTER_AFTER,
    DAYS_KEPT,
    INCIDENTS_KEPT,
    WORSE_AFTER,
    Implementations,
    Incident,
    Level,
    Standing,
    Uptime,
    judge,
    next_standing,
    uptime,
    with_standing,
)
from corent.health.tiers import MINUTE_MS, JobEnded, TierEvidence, with_call, with_job
from tests.fakes import START_MS

GOOD, BAD, DOWN = Level.OPERATIONAL, Level.DEGRADED, Level.OUTAGE
DAY_MS = 86_400_000
FINE = Implementations(all=4, failing=0)


def calls(good: int, bad: int, *, weight: int = 4, minute: int = 0) -> TierEvidence:
    tier = TierEvidence()
    for success in [True] * good + [False] * bad:
        tier = with_call(tier, success=success, weight=weight, now_ms=START_MS + minute * MINUTE_MS)
    return tier


def jobs(*times_ms: int, day: int = 0, tier: TierEvidence | None = None) -> TierEvidence:
    known = tier or TierEvidence()
    at_ms = START_MS + day * DAY_MS
    for time_ms in times_ms:
        job = JobEnded(tier="tier", ended_at_ms=at_ms, success=True, time_ms=time_ms)
        known = with_job(known, job, now_ms=at_ms)
    return known


def judged(tier: TierEvidence, implementations: Implementations = FINE) -> Level:
    return judge(tier, implementations, now_ms=START_MS)


# ---- one minute --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("good", "bad", "level"),
    [
        (0, 0, GOOD),
        (0, 2, GOOD),  # Too few to say.
        (0, 4, BAD),
        (0, 5, BAD),
        (95, 5, GOOD),
        (94, 6, BAD),
        (97, 3, GOOD),
        (10, 2, GOOD),  # Two failures are chance.
        (10, 3, BAD),
        (50, 50, BAD),
        (49, 51, BAD),
    ],
)
def test_a_minute_at_its_thresholds(good: int, bad: int, level: Level) -> None:
    assert judged(calls(good, bad)) is level


@pytest.mark.parametrize(("failing", "level"), [(0, GOOD), (1, GOOD), (2, BAD), (3, BAD), (4, DOWN)])
def test_half_of_the_implementations_failing_is_bad_and_all_of_them_an_outage(
    failing: int, level: Level
) -> None:
    assert judged(TierEvidence(), Implementations(all=4, failing=failing)) is level


@pytest.mark.parametrize(
    ("good", "bad", "level"), [(0, 4, GOOD), (0, 5, DOWN), (4, 5, DOWN), (5, 5, GOOD), (50, 0, GOOD)]
)
def test_it_is_an_outage_where_most_callers_meet_one(good: int, bad: int, level: Level) -> None:
    tier = TierEvidence()
    for success in [True] * good + [False] * bad:
        job = JobEnded(tier="tier", ended_at_ms=START_MS, success=success, time_ms=1_000)
        tier = with_job(tier, job, now_ms=START_MS)
    assert judged(tier) is level
    assert judge(tier, FINE, now_ms=START_MS + 5 * MINUTE_MS + 1) is GOOD


def test_callers_whom_failover_serves_meet_no_outage() -> None:
    tier = calls(10, 20)
    for _ in range(10):
        job = JobEnded(tier="tier", ended_at_ms=START_MS, success=True, time_ms=1_000, retries=2)
        tier = with_job(tier, job, now_ms=START_MS)
    assert judged(tier, Implementations(all=3, failing=2)) is BAD


def test_a_tier_that_nobody_sells_is_out() -> None:
    assert judged(TierEvidence(), Implementations(all=0, failing=0)) is DOWN


def test_one_failing_implementation_makes_even_few_failures_count() -> None:
    probes = calls(2, 1, weight=1)
    assert judged(probes) is GOOD
    assert judged(probes, Implementations(all=3, failing=1)) is BAD


def test_a_failing_implementation_that_hardly_anybody_meets_is_not_bad() -> None:
    assert judged(calls(96, 4), Implementations(all=4, failing=1)) is GOOD


def test_what_failed_more_than_five_minutes_ago_is_over() -> None:
    tier = calls(0, 50, minute=-5)
    assert judged(tier) is GOOD
    assert judged(calls(0, 50, minute=-4)) is BAD


@pytest.mark.parametrize(("slow_ms", "level"), [(1_900, GOOD), (4_000, BAD)])
def test_twice_the_usual_slow_time_is_bad(slow_ms: int, level: Level) -> None:
    usual = jobs(*[1_000] * 200, day=-1)
    assert judged(jobs(*[slow_ms] * 50, tier=usual)) is level


def test_slow_times_are_compared_only_where_there_are_enough_of_both() -> None:
    assert judged(jobs(*[9_000] * 50, tier=jobs(*[1_000] * 49, day=-1))) is GOOD
    few = jobs(*[9_000] * 9, tier=jobs(*[1_000] * 200, day=-1))
    assert judged(few) is GOOD


# ---- from minutes to a status ------------------------------------------------------------------------


def levels(*minutes: Level) -> list[Level]:
    """The status after each of those minutes, one after another."""
    standing, last_ms, seen = Standing(), None, []
    for number, level in enumerate(minutes):
        now_ms = START_MS + number * MINUTE_MS
        standing = next_standing(standing, level, now_ms=now_ms, last_ms=last_ms)
        last_ms = now_ms
        seen.append(standing.level)
    return seen


def changes(seen: list[Level]) -> list[int]:
    """The minutes in which the status changed."""
    return [n for n, (a, b) in enumerate(itertools.pairwise([GOOD, *seen])) if a is not b]


def test_a_status_grows_worse_with_the_second_bad_minute() -> None:
    assert levels(GOOD, BAD, GOOD, BAD, BAD) == [GOOD, GOOD, GOOD, GOOD, BAD]


def test_a_status_grows_better_with_the_fifth_good_minute_and_only_once() -> None:
    seen = levels(BAD, BAD, *[GOOD] * 30)
    assert seen == [GOOD] + [BAD] * BETTER_AFTER + [GOOD] * 26


def test_two_minutes_of_outage_are_an_outage_and_one_of_each_is_the_milder() -> None:
    assert levels(DOWN, DOWN)[-1] is DOWN
    assert levels(DOWN, BAD)[-1] is BAD


def test_what_grows_worse_still_is_said_at_once() -> None:
    assert levels(BAD, BAD, DOWN, DOWN) == [GOOD, BAD, BAD, DOWN]


def test_an_outage_that_grows_milder_is_degraded_first() -> None:
    seen = levels(DOWN, DOWN, *[BAD] * 5, *[GOOD] * 5)
    assert (seen[6], seen[11]) == (BAD, GOOD)


@given(st.lists(st.sampled_from([GOOD, BAD]), min_size=2, max_size=80))
def test_good_and_bad_in_any_order_change_the_status_once_in_five_minutes_at_most(
    minutes: list[Level],
) -> None:
    at = changes(levels(*minutes))
    assert all(later - earlier >= 5 for earlier, later in itertools.pairwise(at))


def test_alternating_minutes_never_change_the_status() -> None:
    assert changes(levels(*[GOOD, BAD] * 60)) == []


@given(st.lists(st.sampled_from(Level), max_size=80))
def test_no_status_is_one_that_no_recent_minute_was(minutes: list[Level]) -> None:
    for number, level in enumerate(levels(*minutes)):
        assert level is GOOD or level in minutes[: number + 1]


def test_a_minute_that_is_judged_twice_counts_once() -> None:
    once = next_standing(Standing(), BAD, now_ms=START_MS, last_ms=None)
    assert next_standing(once, BAD, now_ms=START_MS + 1_000, last_ms=START_MS) == once
    assert next_standing(once, BAD, now_ms=START_MS - 60_000, last_ms=START_MS) == once


def test_minutes_before_a_gap_do_not_count_towards_a_change() -> None:
    once = next_standing(Standing(), BAD, now_ms=START_MS, last_ms=None)
    later = next_standing(once, BAD, now_ms=START_MS + 60 * MINUTE_MS, last_ms=START_MS)
    assert later.level is GOOD


# ---- uptime ------------------------------------------------------------------------------------------


def test_minutes_of_an_outage_are_down_and_all_others_up() -> None:
    standing, last_ms = Standing(), None
    for number, level in enumerate([BAD, BAD, BAD, DOWN, DOWN, DOWN, DOWN]):
        now_ms = START_MS + number * MINUTE_MS
        standing = next_standing(standing, level, now_ms=now_ms, last_ms=last_ms)
        last_ms = now_ms
    # The minute in which it became known counts as what was known before.
    assert standing.days == {day_of(START_MS): Uptime(up_minutes=5, down_minutes=2)}


def test_minutes_that_nobody_looked_at_are_neither_up_nor_down() -> None:
    standing = next_standing(Standing(), GOOD, now_ms=START_MS, last_ms=START_MS - 600 * MINUTE_MS)
    assert standing.days[day_of(START_MS)] == Uptime(up_minutes=2)


def test_days_are_kept_for_ninety_days() -> None:
    standing, last_ms = Standing(), None
    for day in range(DAYS_KEPT + 10):
        now_ms = START_MS + day * DAY_MS
        standing = next_standing(standing, GOOD, now_ms=now_ms, last_ms=last_ms)
        last_ms = now_ms
    assert sorted(standing.days) == [day_of(START_MS + day * DAY_MS) for day in range(10, DAYS_KEPT + 10)]


def test_uptime_is_the_share_of_minutes_up() -> None:
    assert uptime([]) is None
    assert uptime([Uptime(up_minutes=997, down_minutes=2), Uptime(up_minutes=1)]) == 0.998


# ---- incidents ---------------------------------------------------------------------------------------


def told(*after: Level, tier: str = "tier") -> tuple[Incident, ...]:
    incidents: tuple[Incident, ...] = ()
    before = GOOD
    for number, level in enumerate(after):
        incidents = with_standing(incidents, tier=tier, before=before, after=level, now_ms=START_MS + number)
        before = level
    return incidents


def test_an_incident_opens_and_closes_with_its_tiers_status() -> None:
    assert told(GOOD, BAD, BAD, GOOD, GOOD) == (
        Incident("tier", BAD, opened_at_ms=START_MS + 1, closed_at_ms=START_MS + 3),
    )


def test_an_incident_keeps_the_worst_it_came_to() -> None:
    assert told(BAD, DOWN, BAD) == (Incident("tier", DOWN, opened_at_ms=START_MS),)


def test_each_tier_has_incidents_of_its_own() -> None:
    first = told(BAD, tier="one")
    both = with_standing(first, tier="two", before=GOOD, after=DOWN, now_ms=START_MS + 9)
    closed = with_standing(both, tier="one", before=BAD, after=GOOD, now_ms=START_MS + 10)
    assert [(each.tier, each.closed_at_ms is None) for each in closed] == [("one", False), ("two", True)]


def test_only_the_last_incidents_are_kept() -> None:
    incidents = told(*[BAD, GOOD] * (INCIDENTS_KEPT + 5))
    assert len(incidents) == INCIDENTS_KEPT
    assert incidents[-1].closed_at_ms == START_MS + 2 * (INCIDENTS_KEPT + 5) - 1


def test_two_bad_minutes_are_what_it_takes() -> None:
    assert (WORSE_AFTER, BETTER_AFTER) == (2, 5)
