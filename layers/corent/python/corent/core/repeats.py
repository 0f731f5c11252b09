"""Which call a request belongs to, where a client repeats by itself and sends no Idempotency-Key.

A *call* is what a program asked its client for once; its *tries* are the requests that the client made of it.
Clients made by Stainless, OpenAI's own among them, number their tries in `x-stainless-retry-count`: 0 is a
first try (openai 3.54.0, `_base_client.py`, read 2026-11-28). Equal requests of one API key form a *series*,
and what came of it lately decides here, without I/O and without a clock, to which call the next one belongs.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol

# The longest pause between two tries of a call: that client's time-out of 600 s, and a Retry-After of at most
# 120 s that it obeys (openai 3.54.0, `_constants.py`, read 2026-11-28).
PAUSE_MS_MAX: Final = 720_000
# More equal calls than a wallet may have in work at once, so that what is still being waited for is known.
CALLS_MAX: Final = 32


@dataclass(frozen=True, slots=True)
class Try:
    """One request, by its ULID. `number` as its client says, None where it says none.

    `arrived_ms` is when it came to the API's door: before the function that answers it was there.
    """

    request: str
    number: int | None
    arrived_ms: int


@dataclass(frozen=True, slots=True)
class Call:
    """The tries of one call by number, with when they arrived; `last_request` made the one noted last.

    `is_expected` when its last answer told the client to come again. `is_numbered` where the client numbers.
    """

    id: str
    tries: dict[int, int]
    last_request: str
    is_numbered: bool
    is_expected: bool = False

    @property
    def last_ms(self) -> int:
        return max(self.tries.values())

    def takes(self, attempt: Try) -> bool:
        """Whether that may be one more of its tries."""
        if abs(attempt.arrived_ms - self.last_ms) > PAUSE_MS_MAX:
            return False
        if attempt.number is None:
            return not self.is_numbered and self.is_expected
        # A client makes its tries one after the other, though an early one may be dealt with late: one that
        # met a cold start, given up by then.
        return (
            self.is_numbered
            and attempt.number not in self.tries
            and all(
                (arrived_ms <= attempt.arrived_ms)
                if number < attempt.number
                else arrived_ms > attempt.arrived_ms
                for number, arrived_ms in self.tries.items()
            )
        )

    def nearness(self, attempt: Try) -> int:
        """Higher the closer its next try came after that one, or, where none did, the later its last came."""
        later = [arrived_ms for arrived_ms in self.tries.values() if arrived_ms > attempt.arrived_ms]
        return -min(later) if later else self.last_ms

    def with_try(self, attempt: Try) -> "Call":
        """The call once that is one of its tries."""
        number = max(self.tries) + 1 if attempt.number is None else attempt.number
        return replace(
            self,
            tries={**self.tries, number: attempt.arrived_ms},
            last_request=attempt.request,
            is_expected=False,
        )


@dataclass(frozen=True, slots=True)
class Recognised:
    """The call that a try belongs to, and the series with the try in it."""

    call: Call
    calls: tuple[Call, ...]


def recognise(calls: Iterable[Call], attempt: Try) -> Recognised:
    """The call of a try: one that it continues, else a new one named by the request.

    Noting a try again changes nothing, as long as it is the last of its call. A first try begins a call, and
    so does a try without a number, unless the last answer to such a request asked for it. A repeat continues
    the call that was told to come again, or else the latest whose last try is the one before; one that
    continues none begins a call, for its first try never came here.
    """
    known = tuple(calls)
    noted = next((call for call in known if call.last_request == attempt.request), None)
    if noted is not None:
        return Recognised(call=noted, calls=known)
    continued = max(
        (call for call in known if call.takes(attempt)),
        key=lambda call: (call.is_expected, (attempt.number or 0) - 1 in call.tries, call.nearness(attempt)),
        default=None,
    )
    if continued is None:
        call = Call(
            id=attempt.request,
            tries={attempt.number or 0: attempt.arrived_ms},
            last_request=attempt.request,
            is_numbered=attempt.number is not None,
        )
    else:
        call = continued.with_try(attempt)
    return Recognised(call=call, calls=_kept(call, (each for each in known if each.id != call.id)))


def expect(calls: Iterable[Call], call_id: str) -> tuple[Call, ...]:
    """The series once the client of that call was told to come again."""
    return tuple(replace(call, is_expected=True) if call.id == call_id else call for call in calls)


def _kept(call: Call, others: Iterable[Call]) -> tuple[Call, ...]:
    """The call and the latest others that may still go on."""
    recent = (each for each in others if abs(call.last_ms - each.last_ms) <= PAUSE_MS_MAX)
    latest = sorted(recent, key=lambda each: each.last_ms, reverse=True)
    return (call, *latest[: CALLS_MAX - 1])


@dataclass(frozen=True, slots=True)
class Series:
    """The calls of a series as they are stored; `version` 0 where there are none."""

    calls: tuple[Call, ...]
    version: int


class SeriesStore(Protocol):
    """Series by wallet and name."""

    def read(self, wallet_id: str, name: str) -> Series:
        """The series, read consistently. Raises TemporarilyUnavailableError."""
        ...

    def write(self, wallet_id: str, name: str, series: Series, *, expires_at_s: int) -> bool:
        """Put the series in the place of its own version; False, and nothing written, when that is gone.

        Of a True that was lost on its way, the repeat may say False. Raises TemporarilyUnavailableError.
        """
        ...
