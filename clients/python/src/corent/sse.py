"""Reads server-sent events from bytes as they come. No I/O.

Source: the HTML standard, "Server-sent events", 9.2.6 (read 2026-11-28): lines end in CR, LF or both, an
event ends at an empty line, and what the end of the stream leaves incomplete is thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass

# A job's document is a few kilobytes; what never ends must not fill the memory.
EVENT_MAX_BYTES = 4 * 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventTooLongError(Exception):
    """More came without an event's end than an event may have."""


@dataclass(frozen=True)
class Event:
    """One event as it was sent; `id` is the last id the stream has named, also when this event has none."""

    name: str
    id: str
    data: str


class EventReader:
    """One connection's reader: `feed` it what came; `retry_ms` is what the server last asked for, or None."""

    def __init__(self) -> None:
        self.retry_ms: int | None = None
        self._left = b""
        self._began = False
        self._after_cr = False
        self._id = ""
        self._name = ""
        self._data: list[str] = []
        self._size_bytes = 0

    def feed(self, content: bytes) -> list[Event]:
        """Return the events that content completes. Raises EventTooLongError."""
        # A CR has ended its line already; the LF that follows it, maybe in the next piece, ends nothing.
        if self._after_cr:
            content = content.removeprefix(b"\n")
        self._after_cr = content.endswith(b"\r") or (self._after_cr and not content)
        self._left += content
        if not self._began:
            if len(self._left) < len(_BYTE_ORDER_MARK) and _BYTE_ORDER_MARK.startswith(self._left):
                return []
            self._began = True
            self._left = self._left.removeprefix(_BYTE_ORDER_MARK)
        events = []
        for line in self._lines():
            self._size_bytes += len(line)
            if not line:
                self._size_bytes = 0
                if (event := self._dispatched()) is not None:
                    events.append(event)
            else:
                self._take(line.decode("utf-8", errors="replace"))
            self._check_size(0)
        self._check_size(len(self._left))
        return events

    def _check_size(self, more_bytes: int) -> None:
        if self._size_bytes + more_bytes > EVENT_MAX_BYTES:
            raise EventTooLongError

    def _lines(self) -> list[bytes]:
        *lines, self._left = self._left.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        return lines

    def _take(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdecimal():
            self.retry_ms = int(value)

    def _dispatched(self) -> Event | None:
        name, data = self._name, self._data
        self._name, self._data = "", []
        if not data:
            return None
        return Event(name=name or "message", id=self._id, data="\n".join(data))
