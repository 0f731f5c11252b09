"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable
from typing import Final

POLL_S: Final = 0.05
WAIT_MAX_S: Final = 150.0


def until[T](look: Callable[[], T | None], *, what: str, wait_max_s: float = WAIT_MAX_S) -> T:
    """The first thing that `look` returns and that is true. Fails, saying `what`, when none comes."""
    ends_s = time.monotonic() + wait_max_s
    while time.monotonic() < ends_s:
        seen = look()
        if seen:
            return seen
        time.sleep(POLL_S)
    raise AssertionError(f"waited for {wait_max_s:.0f} s in vain: {what}")
