"""Which call a request belongs to, from what came of its series lately, and nothing else."""

import itertools
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corent.core.repeats import CALLS_MAX, PAUSE_MS_MAX, Call, Try, expect, recognise
from tests.fakes import ulid

T = 1_800_000_000_000


class Door:
    """Where tries come in; remembers the series, and which call each request was taken for."""

    def __init__(self) -> None:
        self.calls: tuple[Call, ...] = ()
        self._requests = itertools.count(1)

    def comes(self, number: int | None, *, at_ms: int, request: str | None = None) -> str:
        attempt = Try(request=request or ulid(next(self._requests)), number=number, arrived_ms=T + at_ms)
        recognised = recognise(self.calls, attempt)
        self.calls = recognised.calls
        return recognised.call.id

    def told_to_come_again(self, call_id: str) -> None:
        self.calls = expect(self.calls, call_id)


def test_two_first_tries_are_two_calls() -> None:
    door = Door()
    assert door.comes(0, at_ms=0) != door.comes(0, at_ms=0)


def test_a_repeat_continues_the_latest_call() -> None:
    door = Door()
    door.comes(0, at_ms=0)
    lost = door.comes(0, at_ms=1_000)
    assert door.comes(1, at_ms=2_000) == lost
    assert door.comes(2, at_ms=4_000) == lost


def test_repeats_of_equal_calls_side_by_side_continue_one_each() -> None:
    door = Door()
    begun = {door.comes(0, at_ms=n) for n in range(20)}
    for number in (1, 2):
        assert {door.comes(number, at_ms=number * 1_000 + n) for n in range(20)} == begun


def test_a_repeat_continues_the_call_that_was_told_to_come_again() -> None:
    door = Door()
    waiting = door.comes(0, at_ms=0)
    answered = door.comes(0, at_ms=10)
    door.told_to_come_again(waiting)
    assert door.comes(1, at_ms=1_000) == waiting
    assert door.comes(1, at_ms=1_010) == answered


def test_a_repeat_whose_first_try_never_came_begins_a_call_that_its_next_repeat_continues() -> None:
    door = Door()
    begun = door.comes(1, at_ms=0)
    assert door.comes(2, at_ms=1_000) == begun


def test_a_first_try_that_its_repeat_overtook_is_of_the_same_call() -> None:
    # It met a cold start: it came first and is dealt with last.
    door = Door()
    call = door.comes(1, at_ms=900)
    assert door.comes(0, at_ms=0) == call
    # The next first try comes after that repeat, and means something new.
    assert door.comes(0, at_ms=1_000) != call


def test_a_repeat_that_a_later_one_overtook_is_of_the_same_call() -> None:
    door = Door()
    call = door.comes(0, at_ms=0)
    assert door.comes(2, at_ms=3_000) == call
    assert door.comes(1, at_ms=1_000) == call


def test_of_two_overtaken_first_tries_each_finds_its_own_call() -> None:
    door = Door()
    late, early = door.comes(1, at_ms=10_000), door.comes(1, at_ms=3_000)
    assert door.comes(0, at_ms=1_000) == early
    assert door.comes(0, at_ms=4_000) == late


def test_a_repeat_comes_no_later_than_its_client_waits_and_pauses() -> None:
    door = Door()
    call = door.comes(0, at_ms=0)
    assert door.comes(1, at_ms=PAUSE_MS_MAX) == call
    # Each try begins the pause anew.
    assert door.comes(2, at_ms=2 * PAUSE_MS_MAX) == call
    assert door.comes(3, at_ms=3 * PAUSE_MS_MAX + 1) != call


def test_a_try_without_a_number_is_a_call_of_its_own() -> None:
    door = Door()
    assert len({door.comes(None, at_ms=n) for n in range(5)}) == 5


def test_a_try_without_a_number_continues_only_a_call_that_was_told_to_come_again() -> None:
    door = Door()
    call = door.comes(None, at_ms=0)
    door.told_to_come_again(call)
    assert door.comes(None, at_ms=1_000) == call
    assert door.comes(None, at_ms=2_000) != call


@pytest.mark.parametrize(("first", "second"), [(0, None), (None, 1)])
def test_clients_that_number_and_clients_that_do_not_share_no_call(
    first: int | None, second: int | None
) -> None:
    door = Door()
    call = door.comes(first, at_ms=0)
    door.told_to_come_again(call)
    assert door.comes(second, at_ms=1_000) != call


def test_a_try_that_is_noted_again_stays_with_its_call_and_changes_nothing() -> None:
    door = Door()
    door.comes(0, at_ms=0)
    door.comes(0, at_ms=1)
    for number, at_ms, request in ((1, 1_000, "again"), (0, 1_500, "anew")):
        call = door.comes(number, at_ms=at_ms, request=request)
        before = door.calls
        assert door.comes(number, at_ms=at_ms, request=request) == call
        assert door.calls == before


def test_a_series_keeps_the_latest_calls_and_none_that_is_over() -> None:
    door = Door()
    old = door.comes(0, at_ms=0)
    begun = [door.comes(0, at_ms=1_000 + n) for n in range(CALLS_MAX + 5)]
    assert {call.id for call in door.calls} == set(begun[-CALLS_MAX:])
    door.comes(0, at_ms=2_000 + PAUSE_MS_MAX)
    assert len(door.calls) == 1
    assert old not in {call.id for call in door.calls}


@dataclass(frozen=True, slots=True)
class Sent:
    """One try as its client knows it."""

    call: int
    number: int
    at_ms: int
    told: bool


RETRIES = 2


@st.composite
def loops(draw: st.DrawFn) -> list[list[Sent]]:
    """What one program asks for in a row: calls with their tries, each call after the one before it ended."""
    at_ms, calls = 0, []
    for call in range(draw(st.integers(1, 6))):
        tries = []
        for number in range(draw(st.integers(1, RETRIES + 1))):
            at_ms += draw(st.integers(1, 60_000))
            tries.append(Sent(call, number, at_ms, draw(st.booleans())))
        # A client told to come again does, as often as it may; only the last answer of all is taken.
        if tries[-1].number < RETRIES:
            tries[-1] = replace(tries[-1], told=False)
        calls.append(tries)
    return calls


@given(loops())
def test_in_a_loop_every_try_finds_its_own_call_and_every_call_is_one(calls: list[list[Sent]]) -> None:
    door = Door()
    taken_for: dict[int, set[str]] = {}
    for sent in itertools.chain.from_iterable(calls):
        call_id = door.comes(sent.number, at_ms=sent.at_ms)
        if sent.told:
            door.told_to_come_again(call_id)
        taken_for.setdefault(sent.call, set()).add(call_id)
    assert all(len(ids) == 1 for ids in taken_for.values())
    assert len(set().union(*taken_for.values())) == len(calls)


@given(st.lists(st.tuples(st.integers(0, 30_000), st.booleans(), st.integers(0, RETRIES)), max_size=12))
def test_side_by_side_there_are_never_more_calls_than_were_made(
    made: list[tuple[int, bool, int]],
) -> None:
    door = Door()
    tries = [
        Sent(call, number, begun_ms + number * 40_000 + call, told=True)
        for call, (begun_ms, is_lost, repeats) in enumerate(made)
        for number in range(int(is_lost), repeats + 1)
    ]
    ids = set()
    for sent in sorted(tries, key=lambda each: each.at_ms):
        call_id = door.comes(sent.number, at_ms=sent.at_ms)
        door.told_to_come_again(call_id)
        ids.add(call_id)
    assert len(ids) <= len({sent.call for sent in tries})


@given(st.permutations(range(RETRIES + 1)))
def test_however_one_calls_tries_overtake_one_another_they_are_one(order: list[int]) -> None:
    door = Door()
    assert len({door.comes(number, at_ms=number * 700) for number in order}) == 1
