"""What flows are made of: a flow decides and does no I/O. It yields effects and is sent their results.

Both clients run the same flows (`driving`), so that retries, deadlines, streams and waiting exist once. A
driver has at most one answer open; it is closed at the next Open or Pause and when the flow ends.

    Open     → Head         send a request, wait for the answer's head
    Receive  → bytes        the next piece of the open answer's body, b"" at its end
    Pause    → None         wait
    Tell     → None         hand something to whoever iterates

Open and Receive may throw NoAnswer into the flow.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from corent.calls import Call
from corent.errors import MissingKeyError

T = TypeVar("T")

Reason = Literal["unreachable", "timeout", "lost"]


class NoAnswer(Exception):  # noqa: N818 - thrown into flows only, which turn it into an error
    """No whole answer: `unreachable` (nothing was sent), `timeout`, or `lost` on the way."""

    def __init__(self, reason: Reason, said: str) -> None:
        super().__init__(said)
        self.reason = reason
        self.said = said


@dataclass(frozen=True)
class Request:
    """One request as it goes out; its headers hold the key and are never shown."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Head:
    """The beginning of an answer; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def request_id(self) -> str | None:
        return self.headers.get("x-request-id")

    @property
    def replayed(self) -> bool:
        return self.headers.get("idempotency-replayed") == "true"


@dataclass(frozen=True)
class Open:
    """Send a request and wait for the answer's head."""

    request: Request
    timeout_s: float


@dataclass(frozen=True)
class Receive:
    """Wait for the next piece of the body."""

    timeout_s: float


@dataclass(frozen=True)
class Pause:
    """Wait."""

    duration_s: float


@dataclass(frozen=True)
class Tell:
    """Hand an item to whoever iterates."""

    item: Any


class Restart:
    """Told before a download's first piece, and again when it begins anew."""


Effect = Open | Receive | Pause | Tell
Flow = Generator[Effect, Any, T]


@dataclass(frozen=True)
class Timing:
    """Where flows take the time and the dice from; tests give their own."""

    now_s: Callable[[], float] = time.monotonic
    wall_s: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.random


@dataclass(frozen=True)
class Settings:
    """What every call of one client has in common."""

    base_url: str
    user_agent: str
    api_key: str | None = field(repr=False)
    timeout_s: float
    max_retries: int
    timing: Timing

    def request(self, call: Call[Any], **more: str) -> Request:
        """Return the call's request. Raises MissingKeyError."""
        headers = {"Accept": "application/json", "User-Agent": self.user_agent}
        if not call.public:
            if self.api_key is None:
                raise MissingKeyError
            headers["Authorization"] = f"Bearer {self.api_key}"
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        if call.idempotency_key is not None:
            headers["Idempotency-Key"] = call.idempotency_key
        return Request(call.method, self.base_url + call.target, headers | more, call.content)


class Deadline:
    """A moment until which all of it has to be done, or none."""

    def __init__(self, timing: Timing, timeout_s: float | None) -> None:
        self._timing = timing
        self._end_s = None if timeout_s is None else timing.now_s() + timeout_s

    def left_s(self, at_most_s: float) -> float:
        """Return what is left, and at most at_most_s."""
        left_s = at_most_s if self._end_s is None else self._end_s - self._timing.now_s()
        return max(0.0, min(left_s, at_most_s))

    @property
    def is_over(self) -> bool:
        return self._end_s is not None and self._timing.now_s() >= self._end_s

    def allows(self, duration_s: float) -> bool:
        return self._end_s is None or self._timing.now_s() + duration_s < self._end_s
