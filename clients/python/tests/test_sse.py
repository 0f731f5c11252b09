"""Server-sent events from bytes, however they are cut."""

import pytest

from corent.sse import Event, EventReader

STREAM = (
    '\ufeff: a comment\n\nevent: queued\nid: 1\ndata: {"prompt": "\N{FOX FACE}"}\n\n'
    "retry: 500\nretry: soon\ndata: two\ndata: lines\n\nid: 7\n\nid: 8\0\ndata:no space\r\n\r\r"
    "data: cr\r\rdata: a\r\ndata: b\r\n\r\nevent: x\n\n"
    "data\n\ndata: never ended\n"
).encode()
EVENTS = [
    Event("queued", "1", '{"prompt": "\N{FOX FACE}"}'),
    Event("message", "1", "two\nlines"),
    Event("message", "7", "no space"),
    Event("message", "7", "cr"),
    Event("message", "7", "a\nb"),
    Event("message", "7", ""),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(STREAM)])
def test_events_are_the_same_however_the_bytes_are_cut(size: int) -> None:
    reader = EventReader()
    got = []
    for place in range(0, len(STREAM), size):
        got += reader.feed(STREAM[place : place + size])
    assert got == EVENTS
    assert reader.retry_ms == 500


def test_an_event_is_given_as_soon_as_its_empty_line_is_there() -> None:
    reader = EventReader()
    assert reader.feed(b"data: x\r\n\r") == [Event("message", "", "x")]
    assert reader.feed(b"\ndata: y\r\n\r\n") == [Event("message", "", "y")]
