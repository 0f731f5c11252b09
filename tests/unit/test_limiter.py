"""The rate limiter's arithmetic, with the store's two writes played by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corent.accounts.limiter import RateClass, RateLimit, RateState, rate_limits, rate_state

NOW_MS = 1_795_341_000_000
LIMIT = RateLimit(per_minute=60, burst=20)


class Key:
    """One key's stored arrival time."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self.arrival_ms = 0

    def ask(self, now_ms: int) -> RateState:
        passes = self.arrival_ms <= now_ms + self.limit.tolerance_ms
        if passes:
            self.arrival_ms = max(self.arrival_ms, now_ms) + self.limit.interval_ms
        return rate_state(self.limit, arrival_ms=self.arrival_ms, now_ms=now_ms, allowed=passes)


def passed(state: RateState) -> bool:
    return state.retry_after_s is None


def test_the_published_limits() -> None:
    assert rate_limits(1) == {
        RateClass.GENERATE: RateLimit(per_minute=60, burst=20),
        RateClass.READ: RateLimit(per_minute=600, burst=100),
    }


@pytest.mark.parametrize("scale", [1, 10, 100, 1_000, 1_000_000])
def test_every_scale_gives_limits_that_can_be_asked(scale: int) -> None:
    for limit in rate_limits(scale).values():
        assert passed(Key(limit).ask(NOW_MS))


@pytest.mark.parametrize(
    "limit", [LIMIT, RateLimit(per_minute=600, burst=100), RateLimit(per_minute=6, burst=1)]
)
def test_at_one_instant_exactly_the_burst_passes(limit: RateLimit) -> None:
    key = Key(limit)
    assert [passed(key.ask(NOW_MS)) for _ in range(limit.burst + 5)] == [True] * limit.burst + [False] * 5


def test_the_remaining_count_goes_down_by_one_each_time_and_ends_at_zero() -> None:
    key = Key(LIMIT)
    assert [key.ask(NOW_MS).remaining for _ in range(21)] == [*range(19, -1, -1), 0]


def test_reset_says_when_the_whole_burst_is_free_again() -> None:
    key = Key(LIMIT)
    assert [key.ask(NOW_MS).reset_s for _ in range(3)] == [1, 2, 3]
    assert key.ask(NOW_MS + 3_000).reset_s == 1


def test_the_promised_wait_is_enough_and_no_second_too_long() -> None:
    key = Key(LIMIT)
    states = [key.ask(NOW_MS) for _ in range(21)]
    wait_s = states[-1].retry_after_s or 0
    assert wait_s == 1
    assert not passed(key.ask(NOW_MS + 1_000 * wait_s - 1))
    assert passed(key.ask(NOW_MS + 1_000 * wait_s))


def test_a_refused_request_costs_nothing() -> None:
    key = Key(LIMIT)
    for _ in range(100):
        key.ask(NOW_MS)
    assert passed(key.ask(NOW_MS + 1_000))


def test_a_key_that_rested_gets_no_more_than_its_burst() -> None:
    key = Key(LIMIT)
    key.ask(NOW_MS)
    later = NOW_MS + 86_400_000
    assert sum(passed(key.ask(later)) for _ in range(50)) == LIMIT.burst


@given(pauses=st.lists(st.integers(0, 5_000), min_size=1, max_size=200))
@settings(max_examples=300, deadline=None)
def test_no_span_of_time_passes_more_than_its_share_and_one_burst(pauses: list[int]) -> None:
    key = Key(LIMIT)
    now_ms, times = NOW_MS, []
    for pause in pauses:
        now_ms += pause
        state = key.ask(now_ms)
        assert 0 <= state.remaining < LIMIT.burst
        assert state.retry_after_s is None or state.retry_after_s >= 1
        if passed(state):
            times.append(now_ms)
    for first, begin_ms in enumerate(times):
        for count, end_ms in enumerate(times[first:], start=1):
            assert count <= LIMIT.burst + (end_ms - begin_ms) // LIMIT.interval_ms
