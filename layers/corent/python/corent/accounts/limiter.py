"""Rate limits: a theoretical-arrival-time limiter whose whole state is one number on the key's item.

The time is when the next request would arrive if all came evenly spaced. A request is allowed while that
time is at most `burst` intervals ahead.
"""

from dataclasses import dataclass
from enum import StrEnum

from corent.core.errors import RateLimitedError


class RateClass(StrEnum):
    """Which of a key's two limits a route counts against."""

    GENERATE = "generate"
    READ = "read"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`per_minute` requests evenly, `burst` of them at once."""

    per_minute: int
    burst: int

    @property
    def interval_ms(self) -> int:
        return max(1, 60_000 // self.per_minute)

    @property
    def tolerance_ms(self) -> int:
        """How far ahead the arrival time may be for one more request to pass."""
        return self.interval_ms * (self.burst - 1)


def rate_limits(scale: int) -> dict[RateClass, RateLimit]:
    """The limits of every key; `scale` is 1 but on a local stage under test."""
    return {
        RateClass.GENERATE: RateLimit(per_minute=60 * scale, burst=20 * scale),
        RateClass.READ: RateLimit(per_minute=600 * scale, burst=100 * scale),
    }


@dataclass(frozen=True, slots=True)
class RateState:
    """What the `RateLimit-*` headers say after a request. `retry_after_s` is None when it passed."""

    limit: int
    remaining: int
    reset_s: int
    retry_after_s: int | None = None


class LimitedError(RateLimitedError):
    """A known caller over a limit; carries its state for the headers, and whose request it was."""

    def __init__(
        self, message: str, *, rate: RateState, wallet_id: str | None = None, key_sha256: str | None = None
    ) -> None:
        super().__init__(message, retry_after_s=rate.retry_after_s)
        self.rate = rate
        self.wallet_id = wallet_id
        self.key_sha256 = key_sha256


def rate_state(limit: RateLimit, *, arrival_ms: int, now_ms: int, allowed: bool) -> RateState:
    """The state that a stored arrival time means now."""
    ahead_ms = max(0, arrival_ms - now_ms)
    remaining = max(0, (limit.interval_ms * limit.burst - ahead_ms) // limit.interval_ms)
    wait_ms = ahead_ms - limit.tolerance_ms
    return RateState(
        limit=limit.per_minute,
        remaining=remaining if allowed else 0,
        reset_s=-(-ahead_ms // 1000),
        retry_after_s=None if allowed else max(1, -(-wait_ms // 1000)),
    )
