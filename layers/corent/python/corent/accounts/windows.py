"""So many in any span of time: kept as the times of the last few, for what is rare and must be exact."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WindowLimit:
    """At most `most` in any `span_s` seconds."""

    most: int
    span_s: int

    def still_counting(self, times_ms: tuple[int, ...], *, now_ms: int) -> tuple[int, ...]:
        """Those of the times that lie inside the span that ends now."""
        return tuple(each for each in times_ms if each > now_ms - self.span_s * 1000)

    def free_after_s(self, times_ms: tuple[int, ...], *, now_ms: int) -> int:
        """Whole seconds until one more fits, 0 when it does now. The times are those still counting."""
        if len(times_ms) < self.most:
            return 0
        leaves_ms = sorted(times_ms)[-self.most] + self.span_s * 1000
        return max(1, -(-(leaves_ms - now_ms) // 1000))


class WindowStore(Protocol):
    """The times that count, by name."""

    def read(self, name: str) -> tuple[int, ...]:
        """The times, read consistently, oldest first; nothing when none were ever kept."""
        ...

    def replace(
        self, name: str, before: tuple[int, ...], after: tuple[int, ...], *, keep_until_s: int
    ) -> bool:
        """Store `after` if `before` still stands; False if it does not."""
        ...
