"""The circuit breaker of one offer: pure, moved by outcomes and by the time alone.

    closed ── BAD_SHARE of the last CALLS_KEPT bad (CALLS_MIN seen), or BAD_IN_A_ROW ──► open
    open   ── OPEN_STEP_MS, times how often it opened, is over ──► half open
    half open ── a success ──► closed          half open ── a failure ──► open

Half open is not stored: it is an open breaker whose time is over. Who may try then, one at a time, is
decided where the trial is claimed. Only what an upstream did wrong is observed here: neither refusals of
content nor rate limits, which have a rest of their own (`evidence.py`).
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

CALLS_KEPT: Final = 20
CALLS_MIN: Final = 10
BAD_SHARE: Final = 0.5
BAD_IN_A_ROW: Final = 5
OPEN_STEP_MS: Final = 30_000
OPEN_MAX_MS: Final = 300_000
# Closed for so long, it begins anew with the shortest time open.
FORGIVEN_AFTER_MS: Final = 600_000


class Circuit(StrEnum):
    """How a breaker stands at a moment."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Breaker:
    """`calls` are the last outcomes since it closed, oldest first; times are milliseconds since the epoch.

    `open_until_ms` is None while it is closed. `times_opened` counts since it was last forgiven.
    """

    calls: tuple[bool, ...] = ()
    times_opened: int = 0
    open_until_ms: int | None = None
    closed_at_ms: int = 0


def circuit(breaker: Breaker, *, now_ms: int) -> Circuit:
    """How it stands now."""
    if breaker.open_until_ms is None:
        return Circuit.CLOSED
    return Circuit.OPEN if now_ms < breaker.open_until_ms else Circuit.HALF_OPEN


def observe(breaker: Breaker, *, success: bool, now_ms: int) -> Breaker:
    """The breaker after a call that ended now."""
    match circuit(breaker, now_ms=now_ms):
        case Circuit.OPEN:
            # It was bought before the breaker opened, and says nothing of how things are since.
            return breaker
        case Circuit.HALF_OPEN if success:
            return replace(breaker, calls=(True,), open_until_ms=None, closed_at_ms=now_ms)
        case Circuit.HALF_OPEN:
            return trip(breaker, now_ms=now_ms)
        case Circuit.CLOSED:
            seen = replace(breaker, calls=(*breaker.calls, success)[-CALLS_KEPT:])
            return trip(seen, now_ms=now_ms) if _is_bad(seen.calls) else seen


def recovers(breaker: Breaker, *, now_ms: int) -> bool:
    """Whether a success now closes it for good, as far as one can tell.

    Not where it last closed a short while ago: what comes and goes is not over.
    """
    is_half_open = circuit(breaker, now_ms=now_ms) is Circuit.HALF_OPEN
    return is_half_open and now_ms - breaker.closed_at_ms >= FORGIVEN_AFTER_MS


def trip(breaker: Breaker, *, now_ms: int) -> Breaker:
    """The breaker opened now, whatever it has seen: for the n-th time, n steps long."""
    is_forgiven = breaker.open_until_ms is None and now_ms - breaker.closed_at_ms >= FORGIVEN_AFTER_MS
    times_opened = 1 if is_forgiven else breaker.times_opened + 1
    open_ms = min(OPEN_STEP_MS * times_opened, OPEN_MAX_MS)
    return replace(breaker, calls=(), times_opened=times_opened, open_until_ms=now_ms + open_ms)


def _is_bad(calls: tuple[bool, ...]) -> bool:
    if len(calls) >= BAD_IN_A_ROW and not any(calls[-BAD_IN_A_ROW:]):
        return True
    return len(calls) >= CALLS_MIN and calls.count(False) >= BAD_SHARE * len(calls)
