"""How a write of the books is run again, and what is said once it is given up."""

from collections.abc import Callable
from typing import Any

import pytest

from corent.core.errors import TemporarilyUnavailableError
from corent.core.writes import ConditionFailedError, OutcomeUnknownError, UntilKnown
from tests.fakes import FakeClock


class Waits(FakeClock):
    """Keeps how long it was told to wait, in milliseconds."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses_ms: list[int] = []

    def sleep(self, duration_s: float) -> None:
        self.pauses_ms.append(round(duration_s * 1000))
        super().sleep(duration_s)


def failing(error: Exception) -> Callable[[], None]:
    def write() -> None:
        raise error

    return write


def run(error: Exception, *, within_s: float, clock: FakeClock | None = None) -> str:
    clock = clock or FakeClock()
    until_known = UntilKnown(clock=clock, random=lambda: 1.0)
    return until_known(failing(error), "done", lambda: None, deadline_s=clock.monotonic_s() + within_s)


def given_up(error: Exception, **how: Any) -> TemporarilyUnavailableError:
    with pytest.raises(TemporarilyUnavailableError) as raised:
        run(error, **how)
    return raised.value


def test_pauses_double_up_to_a_second() -> None:
    clock = Waits()
    given_up(OutcomeUnknownError(), within_s=4, clock=clock)
    assert clock.pauses_ms == [25, 50, 100, 200, 400, 800, 1000, 1000]


def test_a_pause_that_would_last_until_the_deadline_is_not_begun() -> None:
    clock = Waits()
    given_up(OutcomeUnknownError(), within_s=0.025, clock=clock)
    assert clock.pauses_ms == []


def test_giving_up_says_that_it_may_be_tried_again_and_when() -> None:
    error = given_up(OutcomeUnknownError(), within_s=0)
    assert (error.message, error.retry_after_s) == (
        "The request could not be recorded in time. It may be tried again.",
        2,
    )


@pytest.mark.parametrize("cause", [OutcomeUnknownError("lost"), ConditionFailedError("refused")])
def test_giving_up_keeps_what_stood_in_the_way_last(cause: Exception) -> None:
    assert given_up(cause, within_s=0).__cause__ is cause


@pytest.mark.parametrize("unanswered", ["write", "explain"])
def test_a_read_that_is_not_answered_is_no_reason_to_give_up(unanswered: str) -> None:
    clock, faults = Waits(), [TemporarilyUnavailableError("throttled")] * 3

    def write() -> None:
        if unanswered == "write" and faults:
            raise faults.pop()
        raise ConditionFailedError

    def explain() -> str:
        if unanswered == "explain" and faults:
            raise faults.pop()
        return "explained"

    until_known = UntilKnown(clock=clock, random=lambda: 1.0)
    assert until_known(write, "done", explain, deadline_s=clock.monotonic_s() + 5) == "explained"
    assert clock.pauses_ms == [25, 50, 100]


def test_reads_that_are_never_answered_are_given_up_at_the_deadline() -> None:
    error = given_up(TemporarilyUnavailableError("throttled", retry_after_s=9), within_s=1)
    assert (error.message, error.retry_after_s) == (
        "The request could not be recorded in time. It may be tried again.",
        2,
    )
