"""The port for sending to an address that a caller gave: webhooks."""

import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, Protocol

_SECONDS: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


class SendRefusedError(Exception):
    """The address may not be called. The text is for operators only."""


class SendFailedError(Exception):
    """The address was called, or tried, and did not answer. The text is for operators only."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said: its status and how long it asks us to wait, and nothing it wrote."""

    status: int
    retry_after_s: float | None = None


class Send(Protocol):
    """The one way to post to a foreign address."""

    def __call__(self, url: str, *, body: bytes, headers: tuple[tuple[str, str], ...]) -> Answer:
        """POST exactly these bytes, once. A redirect is an answer and is not followed.

        May be repeated as far as the receiver can tell repeats apart. Raises SendRefusedError before a
        socket opens, and SendFailedError when no status came in time: the receiver may have got the message
        all the same.
        """
        ...


def read_retry_after_s(header: str | None, *, now_ms: int) -> float | None:
    """What a `Retry-After` header asks for: seconds, or a date. None for one that says nothing."""
    text = (header or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        asked = parsedate_to_datetime(text)
        asked_s = (asked if asked.tzinfo else asked.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, asked_s - now_ms / 1000)
