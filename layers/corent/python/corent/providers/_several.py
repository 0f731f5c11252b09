"""Several images from an upstream that makes one a call: n calls side by side, all of them or none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from corent.core.upstream import Failure, UpstreamError

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS_AT_ONCE_MAX: Final = 4


def each[T](count: int, call: Callable[[int], T]) -> tuple[T, ...]:
    """What `call` answers to 0 … count - 1, in order. Raises UpstreamError when any of them does."""
    if count == 1:
        return (call(0),)
    # One after the other, n images would take n times as long as one.
    with ThreadPoolExecutor(max_workers=CALLS_AT_ONCE_MAX) as pool:
        calls = [pool.submit(call, index) for index in range(count)]
    failed = [error for each_call in calls if isinstance(error := each_call.exception(), UpstreamError)]
    if failed:
        # A call that may have been accepted outweighs one that was refused.
        raise next((error for error in failed if error.failure is Failure.UNKNOWN), failed[0])
    return tuple(each_call.result() for each_call in calls)
