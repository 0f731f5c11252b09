"""Tries are noted before anything is bought, whoever else writes at the same moment."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from corent.core.errors import TemporarilyUnavailableError
from corent.core.repeats import Series, Try
from corent.usecases.recognise_call import WRITES_MAX, Known, RecogniseCall
from tests.fakes import START_MS, FakeClock, ulid
from tests.memory_series import MemorySeries


class Disturbed(MemorySeries):
    """A store where something happens just before a write, or its answer is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[Callable[[], object]] = []
        self.lose: set[int] = set()

    def write(self, wallet_id: str, name: str, series: Series, *, expires_at_s: int) -> bool:
        if self.before:
            self.before.pop()()
        done = super().write(wallet_id, name, series, expires_at_s=expires_at_s)
        return done and self.writes not in self.lose


class Caller:
    """One API key, whose equal requests are recognised."""

    def __init__(self, store: MemorySeries | None = None) -> None:
        self.store = store or Disturbed()
        self.recognise = RecogniseCall(series=self.store, clock=FakeClock(), random=lambda: 0.5)
        self._numbers = itertools.count(1)

    def sends(self, number: int | None, *, after_ms: int = 0, **changes: Any) -> Known:
        attempt = Try(request=ulid(next(self._numbers)), number=number, arrived_ms=START_MS + after_ms)
        request = {"wallet_id": "acct_1", "key_sha256": "k", "fingerprint": "f", **changes}
        return self.recognise(attempt, **request)


def test_a_repeat_has_the_idempotency_key_of_its_first_try() -> None:
    caller = Caller()
    first, again = caller.sends(0), caller.sends(1, after_ms=900)
    assert again.idempotency_key == first.idempotency_key
    assert (first.is_repeat, again.is_repeat) == (False, True)


def test_no_header_can_hold_that_key() -> None:
    assert not Caller().sends(0).idempotency_key.isprintable()


@pytest.mark.parametrize("change", [{"key_sha256": "k2"}, {"fingerprint": "f2"}, {"wallet_id": "acct_2"}])
def test_another_keys_request_or_another_body_is_no_repeat(change: dict[str, str]) -> None:
    caller = Caller()
    first = caller.sends(0)
    assert caller.sends(1, after_ms=900, **change).idempotency_key != first.idempotency_key


def test_an_equal_request_in_between_is_not_forgotten() -> None:
    caller = Caller()
    other: list[Known] = []
    caller.store.before = [lambda: other.append(caller.sends(0))]
    mine = caller.sends(0)
    assert mine.call.id != other[0].call.id
    repeats = {caller.sends(1, after_ms=900 + n).call.id for n in range(2)}
    assert repeats == {mine.call.id, other[0].call.id}


@pytest.mark.parametrize("number", [0, 1, None])
def test_a_try_whose_note_was_written_and_not_answered_is_noted_once(number: int | None) -> None:
    caller = Caller()
    caller.sends(0 if number == 1 else number)
    caller.store.lose = {caller.store.writes + 1}
    known = caller.sends(number, after_ms=900)
    (series,) = caller.store.kept.values()
    assert len(series.calls) == (1 if number == 1 else 2)
    assert known.call in series.calls


def test_a_client_told_to_come_again_continues_its_call() -> None:
    caller = Caller()
    waiting, _answered = caller.sends(0), caller.sends(0, after_ms=1)
    caller.recognise.expect(waiting)
    assert caller.sends(1, after_ms=900).call.id == waiting.call.id


def test_the_repeat_of_a_try_that_was_turned_away_is_no_repeat_of_the_call_before() -> None:
    caller = Caller()
    before = caller.sends(0)
    attempt = Try(request=ulid(77), number=0, arrived_ms=START_MS + 500)
    caller.recognise.turned_away(attempt, wallet_id="acct_1", key_sha256="k", fingerprint="f")
    again = caller.sends(1, after_ms=900)
    assert again.call.id == ulid(77) != before.call.id


def test_a_series_that_never_comes_to_rest_is_temporarily_unavailable() -> None:
    caller = Caller()
    caller.store.write = lambda *_, **__: False  # type: ignore[method-assign]
    with pytest.raises(TemporarilyUnavailableError):
        caller.sends(0)
    assert WRITES_MAX >= 20  # As many equal requests as a key may send at once.
