"""Server-sent events as text, after the HTML standard's event stream format."""

from typing import Final

from corent.jobs.document import document_bytes
from corent.usecases.stream_job import Turn

EVENT_STREAM_TYPE: Final = "text/event-stream"
# When a reader comes back: at once where we end what goes on, later where something of ours is broken.
RETRY_MS: Final = 500
RETRY_AFTER_FAULT_MS: Final = 5_000
_BEAT: Final = b": the job goes on\n\n"


def turn_bytes(turn: Turn) -> bytes:
    """All that one turn says; empty when it has nothing to say."""
    parts = [
        b"event: %b\nid: %d\ndata: %b\n\n"
        % (event.state.value.encode(), event.id, document_bytes(event.document))
        for event in turn.events
    ]
    if turn.wait_s is not None and turn.beat:
        parts.append(_BEAT)
    if turn.wait_s is None and turn.is_unfinished:
        parts.append(retry_bytes(RETRY_MS))
    return b"".join(parts)


def retry_bytes(delay_ms: int) -> bytes:
    """Tell the reader how long to wait before it connects again."""
    return b"retry: %d\n\n" % delay_ms
