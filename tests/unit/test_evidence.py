"""Evidence of an offer and of its upstream: what each outcome changes, and how it fades."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corent.core.upstream import Failure
from corent.health.breaker import FORGIVEN_AFTER_MS, Breaker, Circuit, circuit
from corent.health.evidence import (
    FADE_HALF_MS,
    LIMIT_WEIGHT,
    LIVE_WEIGHT,
    PROBE_WEIGHT,
    REST_MAX_MS,
    REST_MS,
    TIMES_KEPT,
    WEIGHT_MAX,
    Counts,
    Evidence,
    Observation,
    UpstreamEvidence,
    after_call,
    after_upstream_call,
    median_ms,
    slow_ms,
)
from tests.fakes import START_MS

BREAKING = [Failure.UNAVAILABLE, Failure.BAD_REPLY, Failure.EXPIRED, Failure.UNKNOWN]


def a_call(failure: Failure | None = None, **changes: Any) -> Observation:
    fields: dict[str, Any] = {
        "offer_id": "one/a",
        "upstream": "one",
        "ended_at_ms": START_MS,
        "failure": failure,
        "time_ms": 1_000,
    }
    return Observation(**{**fields, **changes})


def seen(*calls: Observation, known: Evidence | None = None, now_ms: int = START_MS) -> Evidence:
    evidence = known or Evidence()
    for call in calls:
        evidence = after_call(evidence, call, now_ms=now_ms)
    return evidence


def seen_upstream(*calls: Observation, now_ms: int = START_MS) -> UpstreamEvidence:
    evidence = UpstreamEvidence()
    for call in calls:
        evidence = after_upstream_call(evidence, call, now_ms=now_ms)
    return evidence


def state(evidence: Evidence | UpstreamEvidence, *, now_ms: int = START_MS) -> Circuit:
    return circuit(evidence.breaker, now_ms=now_ms)


# ---- counts ------------------------------------------------------------------------------------------


def test_a_live_call_weighs_four_times_a_probe() -> None:
    live, probe = a_call(), a_call(weight=PROBE_WEIGHT)
    assert seen(live).counts.successes == 4 * seen(probe).counts.successes == LIVE_WEIGHT
    assert seen(a_call(Failure.UNAVAILABLE)).counts.failures == LIVE_WEIGHT


def test_half_of_what_is_known_is_forgotten_in_ten_minutes() -> None:
    counts = Counts(successes=8, failures=4, at_ms=START_MS).at(START_MS + FADE_HALF_MS)
    assert (counts.successes, counts.failures) == (4, 2)


def test_a_clock_that_went_back_forgets_nothing_and_invents_nothing() -> None:
    counts = Counts(successes=8, failures=4, at_ms=START_MS)
    assert counts.at(START_MS - 60_000) == counts


@given(st.lists(st.booleans(), max_size=120))
def test_counts_never_weigh_more_than_their_maximum(outcomes: list[bool]) -> None:
    counts = Counts()
    for success in outcomes:
        counts = counts.with_call(success=success, weight=LIVE_WEIGHT, now_ms=START_MS)
        assert counts.total <= WEIGHT_MAX + 1e-6
        assert counts.successes >= 0 <= counts.failures


@pytest.mark.parametrize("failure", [Failure.REFUSED, Failure.INVALID_INPUT])
def test_what_the_caller_did_says_nothing_of_an_offer(failure: Failure) -> None:
    known = seen(a_call())
    after = seen(a_call(failure), known=known)
    assert (after.counts, after.breaker, after.times) == (known.counts, known.breaker, known.times)
    assert seen_upstream(a_call(failure)) == UpstreamEvidence()


@pytest.mark.parametrize("failure", [Failure.AUTH, Failure.QUOTA])
def test_an_unusable_account_says_nothing_of_an_offers_reliability(failure: Failure) -> None:
    assert seen(a_call(failure)).counts.total == 0
    assert seen_upstream(a_call(failure)).counts.total == 0


def test_a_rate_limit_is_half_a_failure() -> None:
    assert seen(a_call(Failure.RATE_LIMITED)).counts.failures == LIMIT_WEIGHT == LIVE_WEIGHT / 2


# ---- recovery ----------------------------------------------------------------------------------------


def down_and_back(*, closed_before_ms: int) -> Evidence:
    """An offer that went down, that long after its breaker had last closed, and then answered its trial."""
    known = Evidence(breaker=Breaker(times_opened=1, closed_at_ms=START_MS - closed_before_ms))
    known = seen(*[a_call(Failure.UNAVAILABLE)] * 5, known=known)
    until_ms = known.breaker.open_until_ms
    assert until_ms is not None
    return seen(a_call(), known=known, now_ms=until_ms)


def test_what_failed_before_a_recovery_counts_no_more() -> None:
    assert down_and_back(closed_before_ms=FORGIVEN_AFTER_MS).counts.failures == 0


def test_what_comes_and_goes_keeps_its_failures() -> None:
    assert down_and_back(closed_before_ms=FORGIVEN_AFTER_MS - 120_000).counts.failures > 10


# ---- the breaker -------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", BREAKING)
def test_five_failures_of_its_own_in_a_row_open_the_breaker(failure: Failure) -> None:
    assert state(seen(*[a_call(failure)] * 4)) is Circuit.CLOSED
    assert state(seen(*[a_call(failure)] * 5)) is Circuit.OPEN


@pytest.mark.parametrize("failure", [Failure.REFUSED, Failure.INVALID_INPUT, Failure.RATE_LIMITED])
def test_refusals_bad_input_and_rate_limits_never_open_it(failure: Failure) -> None:
    assert state(seen(*[a_call(failure)] * 50)) is Circuit.CLOSED


@pytest.mark.parametrize("failure", [Failure.AUTH, Failure.QUOTA])
def test_an_unusable_account_opens_the_whole_upstream_at_once_and_no_single_offer(failure: Failure) -> None:
    assert state(seen_upstream(a_call(failure))) is Circuit.OPEN
    assert state(seen(a_call(failure))) is Circuit.CLOSED


def test_calls_that_were_under_way_do_not_lengthen_an_upstreams_rest() -> None:
    once, many = seen_upstream(a_call(Failure.AUTH)), seen_upstream(*[a_call(Failure.AUTH)] * 20)
    assert once.breaker == many.breaker


def test_an_upstream_comes_back_with_the_first_success_after_its_rest() -> None:
    evidence = seen_upstream(a_call(Failure.QUOTA))
    until_ms = evidence.breaker.open_until_ms
    assert until_ms is not None
    after = after_upstream_call(evidence, a_call(), now_ms=until_ms)
    assert state(after, now_ms=until_ms) is Circuit.CLOSED


def test_an_answer_of_the_account_alone_does_not_bring_its_upstream_back() -> None:
    evidence = seen_upstream(a_call(Failure.QUOTA))
    until_ms = evidence.breaker.open_until_ms
    assert until_ms is not None
    asked = a_call(offer_id="", weight=PROBE_WEIGHT)
    assert state(after_upstream_call(evidence, asked, now_ms=until_ms), now_ms=until_ms) is Circuit.HALF_OPEN


def test_failures_of_single_offers_do_not_open_their_upstream() -> None:
    assert state(seen_upstream(*[a_call(Failure.UNAVAILABLE)] * 50)) is Circuit.CLOSED


# ---- rate limits -------------------------------------------------------------------------------------


def test_a_rate_limit_is_obeyed_as_long_as_it_says() -> None:
    rested = seen(a_call(Failure.RATE_LIMITED, retry_after_ms=21_000))
    assert rested.rests_until_ms == START_MS + 21_000


def test_no_rate_limit_is_obeyed_for_more_than_five_minutes() -> None:
    rested = seen(a_call(Failure.RATE_LIMITED, retry_after_ms=3_600_000))
    assert rested.rests_until_ms == START_MS + REST_MAX_MS


def test_a_rate_limit_without_a_time_rests_longer_each_time_until_something_succeeds() -> None:
    known, now_ms, rests = Evidence(), START_MS, []
    for _ in range(4):
        known = seen(a_call(Failure.RATE_LIMITED), known=known, now_ms=now_ms)
        rests.append(known.rests_until_ms - now_ms)
        now_ms = known.rests_until_ms
    assert rests == [REST_MS, 2 * REST_MS, 4 * REST_MS, 8 * REST_MS]
    known = seen(a_call(), a_call(Failure.RATE_LIMITED), known=known, now_ms=now_ms)
    assert known.rests_until_ms - now_ms == REST_MS


def test_a_storm_of_rate_limits_is_one_rest() -> None:
    stormy = seen(*[a_call(Failure.RATE_LIMITED)] * 40)
    assert stormy.rests_until_ms == START_MS + REST_MS
    assert stormy.rests_in_a_row == 1


def test_a_shorter_wish_never_cuts_a_rest_short() -> None:
    long, short = (a_call(Failure.RATE_LIMITED, retry_after_ms=ms) for ms in (60_000, 1_000))
    assert seen(long, short).rests_until_ms == START_MS + 60_000


# ---- times, cost, suspicion --------------------------------------------------------------------------


def test_only_the_last_successes_are_timed() -> None:
    calls = [a_call(time_ms=n) for n in range(TIMES_KEPT + 5)]
    known = seen(*calls, a_call(Failure.UNAVAILABLE, time_ms=30_000))
    assert [took for _, took in known.times] == list(range(5, TIMES_KEPT + 5))


def test_the_measured_cost_follows_what_is_paid() -> None:
    known = Evidence()
    for _ in range(20):
        known = seen(a_call(cost_ratio=2.0), known=known)
    assert 1.95 < known.cost_ratio < 2.0
    assert seen(a_call(), known=known).cost_ratio == known.cost_ratio


def test_a_failed_probe_makes_suspect_until_anything_succeeds() -> None:
    probe_failed = a_call(Failure.UNAVAILABLE, weight=PROBE_WEIGHT)
    assert seen(probe_failed).suspect
    assert seen(probe_failed, a_call(Failure.UNAVAILABLE)).suspect
    assert not seen(probe_failed, a_call()).suspect
    assert not seen(probe_failed, a_call(weight=PROBE_WEIGHT)).suspect
    assert not seen(a_call(Failure.UNAVAILABLE)).suspect


@pytest.mark.parametrize(
    ("count", "p50_ms", "p95_ms"), [(1, 1, 1), (2, 2, 2), (20, 11, 19), (21, 11, 20), (100, 51, 95)]
)
def test_the_quantiles_of_one_two_three_and_so_on(count: int, p50_ms: int, p95_ms: int) -> None:
    times = list(range(count, 0, -1))
    assert (median_ms(times), slow_ms(times)) == (p50_ms, p95_ms)
    assert median_ms([]) is None is slow_ms([])
