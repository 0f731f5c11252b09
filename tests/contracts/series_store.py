"""What a store of series must do: what was put comes back, and no writer undoes another's write."""

from collections.abc import Callable
from dataclasses import replace

from corent.core.repeats import CALLS_MAX, Call, Series, SeriesStore
from tests.fakes import START_MS, ulid

CALL = Call(id=ulid(1), tries={0: START_MS, 2: START_MS + 7}, last_request=ulid(3), is_numbered=True)
OTHER = replace(CALL, id=ulid(2), tries={0: START_MS}, is_numbered=False, is_expected=True)
EMPTY = Series(calls=(), version=0)


def put(store: SeriesStore, series: Series, *, wallet_id: str = "acct_1", name: str = "s") -> bool:
    return store.write(wallet_id, name, series, expires_at_s=START_MS // 1000)


def a_series_that_was_never_put_is_empty(store: SeriesStore) -> None:
    assert store.read("acct_1", "s") == EMPTY


def what_was_put_comes_back_with_the_next_version(store: SeriesStore) -> None:
    assert put(store, replace(EMPTY, calls=(OTHER, CALL)))
    assert store.read("acct_1", "s") == Series(calls=(OTHER, CALL), version=1)
    assert put(store, Series(calls=(CALL,), version=1))
    assert store.read("acct_1", "s") == Series(calls=(CALL,), version=2)


def a_version_that_is_gone_is_not_replaced(store: SeriesStore) -> None:
    put(store, replace(EMPTY, calls=(CALL,)))
    for version in (0, 2):
        assert not put(store, Series(calls=(), version=version))
    assert store.read("acct_1", "s") == Series(calls=(CALL,), version=1)


def wallets_and_series_are_kept_apart(store: SeriesStore) -> None:
    put(store, replace(EMPTY, calls=(CALL,)))
    assert store.read("acct_2", "s") == store.read("acct_1", "t") == EMPTY
    assert put(store, replace(EMPTY, calls=(OTHER,)), wallet_id="acct_2")


def the_longest_series_is_kept_whole(store: SeriesStore) -> None:
    calls = tuple(replace(CALL, id=ulid(number)) for number in range(CALLS_MAX))
    put(store, replace(EMPTY, calls=calls))
    assert store.read("acct_1", "s").calls == calls


SERIES_CHECKS: list[Callable[[SeriesStore], None]] = [
    a_series_that_was_never_put_is_empty,
    what_was_put_comes_back_with_the_next_version,
    a_version_that_is_gone_is_not_replaced,
    wallets_and_series_are_kept_apart,
    the_longest_series_is_kept_whole,
]
