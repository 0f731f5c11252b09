"""The circuit breaker of an offer, by itself and against a model that is written another way."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from corent.health.breaker import (
    FORGIVEN_AFTER_MS,
    OPEN_MAX_MS,
    OPEN_STEP_MS,
    Breaker,
    Circuit,
    circuit,
    observe,
    trip,
)
from tests.fakes import START_MS


def after(*calls: bool, now_ms: int = START_MS) -> Breaker:
    """The breaker that has seen those calls, all of them now."""
    breaker = Breaker()
    for success in calls:
        breaker = observe(breaker, success=success, now_ms=now_ms)
    return breaker


def state(breaker: Breaker, *, now_ms: int = START_MS) -> Circuit:
    return circuit(breaker, now_ms=now_ms)


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([], Circuit.CLOSED),
        ([False] * 4, Circuit.CLOSED),
        ([False] * 5, Circuit.OPEN),
        ([True] * 20 + [False] * 5, Circuit.OPEN),
        ([False] * 4 + [True] + [False] * 4, Circuit.CLOSED),
        ([True, False] * 4 + [True], Circuit.CLOSED),
        ([True, False] * 5, Circuit.OPEN),
        ([True, True, False] * 6, Circuit.CLOSED),
        # Eleven good ones, then every other one bad: nine of the last twenty, and then ten.
        ([True] * 11 + [False, True] * 9, Circuit.CLOSED),
        ([True] * 11 + [False, True] * 9 + [False], Circuit.OPEN),
    ],
)
def test_it_opens_at_five_in_a_row_or_half_of_the_last_twenty_with_ten_seen(
    calls: list[bool], expected: Circuit
) -> None:
    assert state(after(*calls)) is expected


def test_it_is_open_for_thirty_seconds_and_then_half_open() -> None:
    breaker = after(*[False] * 5)
    assert state(breaker, now_ms=START_MS + OPEN_STEP_MS - 1) is Circuit.OPEN
    assert state(breaker, now_ms=START_MS + OPEN_STEP_MS) is Circuit.HALF_OPEN


def test_a_success_closes_a_half_open_one_and_a_failure_opens_it_for_longer() -> None:
    half_open = after(*[False] * 5)
    now_ms = START_MS + OPEN_STEP_MS
    assert state(observe(half_open, success=True, now_ms=now_ms), now_ms=now_ms) is Circuit.CLOSED
    again = observe(half_open, success=False, now_ms=now_ms)
    assert again.open_until_ms == now_ms + 2 * OPEN_STEP_MS


def test_once_closed_it_forgets_what_opened_it() -> None:
    now_ms = START_MS + OPEN_STEP_MS
    breaker = observe(after(*[False] * 5), success=True, now_ms=now_ms)
    for _ in range(4):
        breaker = observe(breaker, success=False, now_ms=now_ms)
    assert state(breaker, now_ms=now_ms) is Circuit.CLOSED


@pytest.mark.parametrize("success", [True, False])
def test_calls_that_end_while_it_is_open_change_nothing(success: bool) -> None:
    breaker = after(*[False] * 5)
    assert observe(breaker, success=success, now_ms=START_MS + 1) == breaker


def test_it_is_never_open_for_more_than_five_minutes() -> None:
    breaker, now_ms = after(*[False] * 5), START_MS
    for _ in range(30):
        assert breaker.open_until_ms is not None
        assert breaker.open_until_ms - now_ms <= OPEN_MAX_MS
        now_ms = breaker.open_until_ms
        breaker = observe(breaker, success=False, now_ms=now_ms)
    assert breaker.open_until_ms == now_ms + OPEN_MAX_MS


@pytest.mark.parametrize(("closed_for_ms", "steps"), [(FORGIVEN_AFTER_MS - 1, 2), (FORGIVEN_AFTER_MS, 1)])
def test_after_ten_minutes_closed_it_begins_anew(closed_for_ms: int, steps: int) -> None:
    closed_ms = START_MS + OPEN_STEP_MS
    breaker = observe(after(*[False] * 5), success=True, now_ms=closed_ms)
    now_ms = closed_ms + closed_for_ms
    assert trip(breaker, now_ms=now_ms).open_until_ms == now_ms + steps * OPEN_STEP_MS


class BreakerMachine(RuleBasedStateMachine):
    """The breaker beside a plain model: a log of calls, and what the rules say of it, read anew each time."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker()
        self.now_ms = START_MS
        self.log: list[bool] = []
        self.opened_ms: int | None = None
        self.openings = 0
        self.closed_ms = 0

    @rule(seconds=st.integers(0, 700))
    def time_passes(self, seconds: int) -> None:
        self.now_ms += seconds * 1000

    @rule(success=st.booleans())
    def call_ends(self, success: bool) -> None:
        self.breaker = observe(self.breaker, success=success, now_ms=self.now_ms)
        expected = self.expected()
        if expected is Circuit.OPEN:
            return
        if expected is Circuit.HALF_OPEN:
            if success:
                self.opened_ms, self.closed_ms, self.log = None, self.now_ms, [True]
            else:
                self.open()
            return
        self.log.append(success)
        last = self.log[-20:]
        in_a_row = next((n for n, each in enumerate(reversed(self.log)) if each), len(self.log))
        if in_a_row >= 5 or (len(last) >= 10 and 2 * sum(not each for each in last) >= len(last)):
            self.open()

    @rule(count=st.integers(1, 6))
    def calls_fail(self, count: int) -> None:
        for _ in range(count):
            self.call_ends(success=False)

    def open(self) -> None:
        was_closed = self.opened_ms is None
        if was_closed and self.now_ms - self.closed_ms >= 600_000:
            self.openings = 0
        self.openings += 1
        self.opened_ms, self.log = self.now_ms, []

    def expected(self) -> Circuit:
        if self.opened_ms is None:
            return Circuit.CLOSED
        open_s = min(30 * self.openings, 300)
        return Circuit.OPEN if self.now_ms < self.opened_ms + 1000 * open_s else Circuit.HALF_OPEN

    @invariant()
    def they_agree(self) -> None:
        assert state(self.breaker, now_ms=self.now_ms) is self.expected()

    @invariant()
    def it_stays_small(self) -> None:
        assert len(self.breaker.calls) <= 20


TestBreakerMachine: Any = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=400, stateful_step_count=60, deadline=None)
