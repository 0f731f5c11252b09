"""Dying at a chosen call: before it, after it, or with its answer lost."""

from collections.abc import Callable
from typing import Any

from corent.core.errors import TemporarilyUnavailableError
from corent.core.writes import OutcomeUnknownError

WAYS_TO_DIE = ("before", "after", "lost")


class Death(BaseException):
    """The process stops here; nothing after this point runs."""


class Tripwire:
    """Counts every call of the world's edges; at call number `at` something happens instead."""

    def __init__(self, *, at: int | None = None, how: str = "before") -> None:
        self.at = at
        self.how = how
        self.calls: list[str] = []

    def around(self, name: str, call: Callable[[], Any], lost: Callable[[], BaseException]) -> Any:
        self.calls.append(name)
        if len(self.calls) != self.at:
            return call()
        if self.how == "before":
            raise Death
        call()
        raise Death if self.how == "after" else lost()


class Wired:
    """Any object with every method behind the tripwire."""

    def __init__(self, target: Any, wire: Tripwire, *, lost: Callable[[str], BaseException]) -> None:
        self._target = target
        self._wire = wire
        self._lost = lost

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)

        def wired(*args: Any, **kwargs: Any) -> Any:
            return self._wire.around(name, lambda: method(*args, **kwargs), lambda: self._lost(name))

        return wired


def answer_lost(name: str) -> BaseException:
    """What a store's caller sees when the answer did not come."""
    return OutcomeUnknownError(name) if name.startswith("write_") else TemporarilyUnavailableError("lost")
