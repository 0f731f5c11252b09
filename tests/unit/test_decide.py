"""The order of appraised offers: what a score is made of, who stands where, and that it all replays."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corent.core.tiers import Preference
from corent.routing.decide import (
    ATTEMPTS_MAX,
    EXPLORED_WITHIN_MILLI,
    SHAKY_BELOW_MILLI,
    TIE_BREAK_MILLI,
    TIGHT_SHARE_MILLI,
    TRIAL_WHILE_TIGHT,
    decide,
    replay,
)
from corent.routing.rank import WEIGHTS
from corent.routing.route import (
    Appraisal,
    Choice,
    Excluded,
    Exclusion,
    Flag,
    Route,
    dump_route,
    load_route,
)


def an_appraisal(offer_id: str, *flags: Flag, **changes: int) -> Appraisal:
    parts: dict[str, Any] = {
        "cost_milli": 500,
        "latency_milli": 500,
        "reliability_milli": 970,
        "quality_milli": 500,
        "typical_ms": 1_000,
    }
    return Appraisal(offer_id=offer_id, flags=frozenset(flags), **{**parts, **changes})


def decided(*appraisals: Appraisal, seed: int = 1, is_tight: bool = False, wait_s: int = 0) -> Route:
    return decide(
        appraisals,
        seed=seed,
        preference=Preference.FAST,
        weights=WEIGHTS[Preference.FAST],
        excluded=(Excluded("gone/x", Exclusion.RETIRED), Excluded("poor/x", Exclusion.DAILY_CAP)),
        outranked=5,
        incapable=2,
        is_tight=is_tight,
        wait_s=wait_s,
    )


def order(route: Route) -> list[str]:
    return [candidate.offer_id for candidate in route.candidates]


def firsts(*appraisals: Appraisal, seeds: int = 1_000) -> list[str]:
    return [order(decided(*appraisals, seed=seed))[0] for seed in range(seeds)]


TWINS = tuple(an_appraisal(f"{name}/m") for name in "abcd")
BEST, GOOD, POOR = (
    an_appraisal(f"{name}/m", latency_milli=latency)
    for name, latency in (("best", 800), ("good", 700), ("poor", 200))
)


# ---- the score ---------------------------------------------------------------------------------------


def test_a_value_is_reliability_times_the_worth_of_a_delivery() -> None:
    (only,) = decided(
        an_appraisal("a/m", cost_milli=200, latency_milli=900, reliability_milli=980, quality_milli=400)
    ).candidates
    # 0.98 x (0.25 + 0.1 x 0.2 + 0.6 x 0.9 + 0.05 x 0.4)
    assert only.score_milli == 813


def test_a_score_adds_what_the_best_other_one_saves_when_it_fails() -> None:
    sure = an_appraisal("sure/m", reliability_milli=1000)
    half = an_appraisal("half/m", reliability_milli=500)
    by_id = {each.offer_id: each.score_milli for each in decided(sure, half).candidates}
    # Worth 0.625: half of it, and half of four fifths of the other's 0.625.
    assert by_id == {"sure/m": 625, "half/m": 312 + 250}


@given(milli=st.integers(0, 999))
def test_more_reliable_never_scores_less(milli: int) -> None:
    def score(reliability_milli: int) -> int:
        route = decided(an_appraisal("a/m", reliability_milli=reliability_milli), GOOD)
        return next(each.score_milli for each in route.candidates if each.offer_id == "a/m")

    assert score(milli + 1) >= score(milli) - 1  # Whole thousandths.


# ---- the order ---------------------------------------------------------------------------------------


def test_the_best_score_stands_first() -> None:
    assert order(decided(POOR, BEST, GOOD)) == ["best/m", "good/m", "poor/m"]


def test_one_that_fails_more_than_one_in_five_stands_behind_all_others() -> None:
    shaky = an_appraisal("shaky/m", latency_milli=1000, reliability_milli=SHAKY_BELOW_MILLI - 1)
    assert order(decided(shaky, POOR))[1] == "shaky/m"
    sound = an_appraisal("shaky/m", latency_milli=1000, reliability_milli=SHAKY_BELOW_MILLI)
    assert order(decided(sound, POOR))[0] == "shaky/m"


def test_a_suspect_one_stands_behind_all_others() -> None:
    suspect = an_appraisal("suspect/m", Flag.SUSPECT, latency_milli=1000)
    assert order(decided(suspect, POOR)) == ["poor/m", "suspect/m"]


def test_when_all_are_shaky_all_are_still_candidates() -> None:
    shaky = [an_appraisal(f"{name}/m", reliability_milli=300) for name in "abc"]
    assert sorted(order(decided(*shaky))) == ["a/m", "b/m", "c/m"]


def test_after_the_first_another_upstream_is_preferred() -> None:
    sister = an_appraisal("best/n", latency_milli=790)
    assert order(decided(BEST, sister, GOOD)) == ["best/m", "good/m", "best/n"]


def test_a_sister_stands_before_an_upstream_that_is_much_worse() -> None:
    sister = an_appraisal("best/n", latency_milli=790)
    hopeless = an_appraisal("other/m", latency_milli=0, cost_milli=0, quality_milli=0)
    assert order(decided(BEST, sister, hopeless)) == ["best/m", "best/n", "other/m"]


def test_equal_offers_share_the_first_place_about_evenly() -> None:
    seen = firsts(*TWINS)
    assert {name: 150 < seen.count(f"{name}/m") < 350 for name in "abcd"} == dict.fromkeys("abcd", True)


def test_the_seed_moves_nobody_past_a_better_one_by_more_than_the_tie_break() -> None:
    for seed in range(300):
        route = decided(*TWINS, POOR, GOOD, seed=seed)
        # But for the last one that is tried, which is chosen by another measure.
        scores = [
            each.score_milli for place, each in enumerate(route.candidates) if place != ATTEMPTS_MAX - 1
        ]
        assert all(later - earlier <= TIE_BREAK_MILLI for earlier, later in itertools.pairwise(scores))
    assert set(firsts(BEST, GOOD)) == {"best/m"}


# ---- trials, exploration, the last resort ------------------------------------------------------------


def test_a_trial_comes_first_however_badly_it_scores() -> None:
    trial = an_appraisal("trial/m", Flag.TRIAL, reliability_milli=300, latency_milli=0)
    route = decided(BEST, trial)
    assert (route.choice, order(route)) == (Choice.TRIAL, ["trial/m", "best/m"])


def test_about_one_request_in_a_hundred_goes_to_an_offer_of_which_little_is_known() -> None:
    new = an_appraisal("new/m", Flag.NEW, latency_milli=700)
    seen = firsts(BEST, new, seeds=5_000)
    assert 25 <= seen.count("new/m") <= 75
    explored = next(seed for seed in range(5_000) if seen[seed] == "new/m")
    assert decided(BEST, new, seed=explored).choice is Choice.EXPLORATION


def test_an_offer_that_looks_much_worse_is_not_explored() -> None:
    new = an_appraisal("new/m", Flag.NEW, latency_milli=0)
    gap = {each.offer_id: each.score_milli for each in decided(BEST, new).candidates}
    assert gap["best/m"] - gap["new/m"] > EXPLORED_WITHIN_MILLI
    assert set(firsts(BEST, new)) == {"best/m"}


def test_a_suspect_offer_is_not_explored() -> None:
    new = an_appraisal("new/m", Flag.NEW, Flag.SUSPECT, latency_milli=790)
    assert set(firsts(BEST, new)) == {"best/m"}


def test_when_all_are_blocked_the_least_bad_is_tried_once() -> None:
    blocked = [
        an_appraisal(each.offer_id, Flag.BLOCKED, latency_milli=each.latency_milli) for each in (POOR, BEST)
    ]
    route = decided(*blocked, wait_s=25)
    assert (route.choice, route.attempts_max, route.wait_s) == (Choice.LAST_RESORT, 1, 25)
    assert [each.offer_id for each in route.tried] == ["best/m"]
    assert order(route) == ["best/m", "poor/m"]


# ---- attempts ----------------------------------------------------------------------------------------


def test_at_most_three_candidates_are_tried() -> None:
    assert len(decided(*TWINS).tried) == ATTEMPTS_MAX == 3


def tight_attempts(reliability_milli: int) -> list[int]:
    sisters = [an_appraisal(f"{name}/m", reliability_milli=reliability_milli) for name in "abcd"]
    return [decided(*sisters, seed=seed, is_tight=True).attempts_max for seed in range(2_000)]


def test_while_failovers_are_short_they_are_made_by_lot_by_as_many_as_leave_room() -> None:
    # All fail: each request that may fail over makes two.
    attempts = tight_attempts(0)
    assert set(attempts) == {1, ATTEMPTS_MAX}
    assert 2 * attempts.count(ATTEMPTS_MAX) == pytest.approx(
        len(attempts) * TIGHT_SHARE_MILLI / 1000, rel=0.2
    )


def test_while_failovers_are_short_reliable_candidates_may_still_be_failed_over_from() -> None:
    assert set(tight_attempts(970)) == {ATTEMPTS_MAX}


def test_whoever_makes_a_trial_may_fail_over_once_even_then() -> None:
    trial = an_appraisal("trial/m", Flag.TRIAL, reliability_milli=0)
    hopeless = an_appraisal("other/m", reliability_milli=0)
    routes = [decided(trial, hopeless, seed=seed, is_tight=True) for seed in range(100)]
    assert {route.attempts_max for route in routes} == {TRIAL_WHILE_TIGHT}


def test_while_failovers_are_short_one_that_needs_some_stands_behind_one_that_hardly_does() -> None:
    quick = an_appraisal("quick/m", latency_milli=1000, reliability_milli=940)
    sure = an_appraisal("sure/m", latency_milli=300, reliability_milli=990)
    assert order(decided(quick, sure))[0] == "quick/m"
    assert order(decided(quick, sure, is_tight=True))[0] == "sure/m"


def test_the_last_place_that_is_tried_goes_to_what_is_likely_to_deliver() -> None:
    dull = an_appraisal("dull/m", latency_milli=0, cost_milli=0, quality_milli=0, reliability_milli=1000)
    brisk = an_appraisal("brisk/m", latency_milli=600, reliability_milli=900)
    assert order(decided(BEST, GOOD, brisk, dull))[:3] == ["best/m", "good/m", "dull/m"]


# ---- whatever comes ----------------------------------------------------------------------------------

MILLI = st.integers(0, 1000)
APPRAISALS = st.builds(
    lambda upstream, model, flags, cost, latency, reliability, quality, typical: an_appraisal(
        f"{upstream}/{model}",
        *flags,
        cost_milli=cost,
        latency_milli=latency,
        reliability_milli=reliability,
        quality_milli=quality,
        typical_ms=typical,
    ),
    st.sampled_from("abcd"),
    st.text(alphabet="xyz", min_size=1, max_size=3),
    st.sets(st.sampled_from(Flag)),
    MILLI,
    MILLI,
    MILLI,
    MILLI,
    st.integers(1, 10**6),
)


@given(
    appraisals=st.lists(APPRAISALS, max_size=12, unique_by=lambda each: each.offer_id),
    seed=st.integers(0, 2**32 - 1),
    is_tight=st.booleans(),
    wait_s=st.integers(0, 300),
)
@settings(max_examples=500, deadline=None)
def test_every_route_replays_byte_for_byte_from_what_is_stored(
    appraisals: list[Appraisal], *, seed: int, is_tight: bool, wait_s: int
) -> None:
    route = decided(*appraisals, seed=seed, is_tight=is_tight, wait_s=wait_s)
    stored = dump_route(route)
    assert load_route(stored) == route
    assert replay(stored) == stored
    assert sorted(order(route)) == sorted(each.offer_id for each in appraisals)
    assert all(0 <= each.score_milli <= 2_000 for each in route.candidates)


@given(
    appraisals=st.lists(APPRAISALS, max_size=8, unique_by=lambda each: each.offer_id), seed=st.integers(0, 99)
)
def test_the_order_they_are_given_in_does_not_matter(appraisals: list[Appraisal], seed: int) -> None:
    assert decided(*appraisals, seed=seed) == decided(*reversed(appraisals), seed=seed)


def test_a_record_that_was_tampered_with_does_not_replay() -> None:
    stored = dump_route(decided(BEST, GOOD, POOR))
    slower = stored.replace(" 800 ", " 100 ", 1)
    assert slower != stored
    assert replay(slower) != slower


def test_a_known_route_is_still_written_the_same_way() -> None:
    route = decided(BEST, an_appraisal("new/m", Flag.NEW, Flag.SUSPECT), seed=7, is_tight=True, wait_s=30)
    assert dump_route(route) == (
        '{"v":2,"s":7,"p":"fast","w":[100,600,250,50],"k":"best","n":3,'
        '"c":"best/m 794 500 800 970 500 1000 -;new/m 624 500 500 970 500 1000 sn",'
        '"x":"gone/x retired;poor/x daily_cap","m":5,"u":2,"t":1,"r":30}'
    )


@pytest.mark.parametrize("text", ["{}", '{"v":1,"s":1}', "null"])
def test_a_text_that_is_no_route_is_not_read_as_one(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        load_route(text)
