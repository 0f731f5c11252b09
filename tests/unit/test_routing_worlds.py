"""Routing in short scripted worlds: the real decisions under a virtual clock, from one seed."""

from functools import cache

import pytest

from benchmarks.routing.corents import Corent
from benchmarks.routing.simulator import Job, simulate
from benchmarks.routing.worlds import (
    ALPHA_LARGE,
    ALPHA_QUICK,
    BETA_TURBO,
    DELTA_STD,
    DOWN,
    HANGING,
    LOCKED_OUT,
    MINUTE_MS,
    OFFERS,
    START_MS,
    USUAL,
    Burst,
    Change,
    Shift,
    World,
)
from corent.core.tiers import Preference
from corent.core.upstream import Failure
from corent.health.breaker import OPEN_MAX_MS, OPEN_STEP_MS
from corent.health.tiers import RETRIES_SPARE, RETRY_SHARE
from corent.routing.decide import replay
from corent.routing.route import Route, dump_route

SEED = 7
# What happens begins after ten minutes, and ends half an hour later.
EVENT_MS = START_MS + 10 * MINUTE_MS
OVER_MS = EVENT_MS + 30 * MINUTE_MS
END_MS = OVER_MS + 20 * MINUTE_MS
ALL = tuple(range(len(OFFERS)))

SHIFTS = {
    "brown-out": ((ALPHA_QUICK,), Shift(success=0.5)),
    "outage": ((ALPHA_QUICK,), Shift(success=0.0, faults=DOWN)),
    "hanging": ((ALPHA_QUICK,), Shift(success=0.0, faults=HANGING)),
    "slow": ((ALPHA_QUICK,), Shift(slower=5.0)),
    "locked out": (
        (ALPHA_QUICK, ALPHA_LARGE),
        Shift(success=0.0, faults=LOCKED_OUT, account=Failure.AUTH),
    ),
    "crowded": ((ALPHA_QUICK, BETA_TURBO, DELTA_STD), Shift(minute_max=6)),
    "all down": (ALL, Shift(success=0.0, faults=DOWN)),
    "all brown": (ALL, Shift(success=0.4, faults=USUAL)),
}


class Recorded(Corent):
    """Keeps its routes."""

    def __init__(self, script: World, preference: Preference, *, seed: int) -> None:
        super().__init__(script, preference, seed=seed)
        self.routes: list[Route] = []

    def route(self, number: int, *, now_ms: int) -> Route:
        self.routes.append(super().route(number, now_ms=now_ms))
        return self.routes[-1]


def world(name: str) -> World:
    """A request every two or three seconds, and that event in the middle."""
    offers, shift = SHIFTS[name]
    return busy(name, (Change(offers, EVENT_MS, OVER_MS, shift),))


def busy(name: str, changes: tuple[Change, ...]) -> World:
    return World(name, changes, (Burst(START_MS, END_MS, 0.4),), start_ms=START_MS, end_ms=END_MS)


def flapping() -> World:
    bad = Shift(success=0.0, faults=DOWN)
    minutes = range(EVENT_MS, OVER_MS, 2 * MINUTE_MS)
    return busy("flapping", tuple(Change((ALPHA_QUICK,), at, at + MINUTE_MS, bad) for at in minutes))


@cache
def jobs_of(name: str) -> tuple[Job, ...]:
    script = flapping() if name == "flapping" else world(name)
    jobs = simulate(script, Corent(script, Preference.FAST, seed=SEED), seed=SEED)
    return tuple(sorted(jobs, key=lambda job: job.arrived_ms))


def between(jobs: tuple[Job, ...], start_ms: int, end_ms: int) -> list[Job]:
    return [job for job in jobs if start_ms <= job.arrived_ms < end_ms]


def openings(passed_ms: int) -> int:
    """How often a breaker can have opened in that time: once more each step, a step longer each time."""
    count, open_ms = 1, 0
    while (open_ms := open_ms + min(count * OPEN_STEP_MS, OPEN_MAX_MS)) < passed_ms:
        count += 1
    return count


@pytest.mark.parametrize(
    "name", ["brown-out", "outage", "hanging", "slow", "locked out", "crowded", "flapping"]
)
def test_at_most_one_user_in_a_thousand_sees_a_failure_while_an_offer_is_healthy(name: str) -> None:
    beside_healthy = [job for job in jobs_of(name) if job.was_healthy]
    assert sum(job.served_by is None for job in beside_healthy) <= len(beside_healthy) // 1000


@pytest.mark.parametrize("name", ["outage", "hanging", "locked out"])
def test_after_a_minute_an_offer_that_is_down_gets_no_more_than_its_breakers_trials(name: str) -> None:
    later = between(jobs_of(name), EVENT_MS + MINUTE_MS, OVER_MS)
    tries = [each for job in later for each in job.attempts if each.offer == ALPHA_QUICK]
    assert len(tries) <= openings(OVER_MS - EVENT_MS)


@pytest.mark.parametrize("name", ["outage", "hanging", "locked out"])
def test_an_offer_that_is_well_again_has_its_traffic_back_after_a_quarter_of_an_hour(name: str) -> None:
    later = between(jobs_of(name), OVER_MS + 15 * MINUTE_MS, END_MS)
    firsts = [job for job in later if job.attempts[0].offer == ALPHA_QUICK]
    assert len(firsts) >= len(later) / 2


def test_an_offer_that_flaps_is_met_in_its_bad_minutes_by_fewer_than_one_request_in_twenty() -> None:
    during = between(jobs_of("flapping"), EVENT_MS, OVER_MS)
    met = [job for job in during if any(each.offer == ALPHA_QUICK and each.fault for each in job.attempts)]
    assert len(met) <= len(during) / 20


@pytest.mark.parametrize("name", ["crowded", "all down", "all brown"])
def test_once_the_budget_is_spent_failovers_stay_within_a_fifth_of_the_requests(name: str) -> None:
    during = between(jobs_of(name), EVENT_MS + 5 * MINUTE_MS, OVER_MS)
    retries = sum(len(job.attempts) - 1 for job in during)
    assert retries <= RETRY_SHARE * len(during) + RETRIES_SPARE


def test_with_all_offers_down_each_request_is_still_tried_once() -> None:
    later = between(jobs_of("all down"), EVENT_MS + 2 * MINUTE_MS, OVER_MS)
    assert all(job.attempts for job in later)


@pytest.mark.parametrize("name", ["crowded", "all brown"])
def test_every_route_of_a_bad_hour_is_decided_the_same_from_its_record(name: str) -> None:
    script = world(name).within(EVENT_MS - MINUTE_MS, EVENT_MS + 6 * MINUTE_MS)
    corent = Recorded(script, Preference.FAST, seed=SEED)
    simulate(script, corent, seed=SEED)
    records = [dump_route(route) for route in corent.routes]
    assert len({route.choice for route in corent.routes}) > 1
    assert [replay(record) for record in records] == records


def test_the_same_seed_plays_the_same_month() -> None:
    script = world("outage").within(EVENT_MS - 2 * MINUTE_MS, EVENT_MS + 5 * MINUTE_MS)
    first, second = (
        simulate(script, Corent(script, Preference.FAST, seed=SEED), seed=SEED) for _ in range(2)
    )
    assert first == second
