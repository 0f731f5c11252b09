"""Receive an event of the card processor: verify it, then only wake the look at its payment."""

import json
from enum import Enum
from typing import Any, Final, Protocol

from corent.core.errors import BodyTooLargeError, InvalidEventError
from corent.payments.events import payment_of

BODY_BYTES_MAX: Final = 256 * 1024


class Verify(Protocol):
    """Checks a signature over the raw bytes of an event."""

    def __call__(self, body: bytes, *, signature: str) -> bool:
        """Whether it is the processor's, and at most 300 s old. Raises TemporarilyUnavailableError."""
        ...


class Wake(Protocol):
    """Has a payment looked at."""

    def __call__(self, payment_id: str, *, cause: str) -> None:
        """May be repeated. Raises TemporarilyUnavailableError."""
        ...


class Heard(Enum):
    """What came of a genuine event."""

    WOKEN = "woken"
    NOT_OURS = "not_ours"  # Nothing that changes a payment.


class ReceivePaymentEvent:
    """Verifies before anything is read or parsed. May be repeated: each time it only wakes."""

    def __init__(self, *, verify: Verify, wake: Wake, expects_live: bool) -> None:
        self._verify = verify
        self._wake = wake
        self._expects_live = expects_live

    def __call__(self, body: bytes, *, signature: str | None) -> Heard:
        """Raises InvalidEventError, BodyTooLargeError, or TemporarilyUnavailableError: send it again."""
        if len(body) > BODY_BYTES_MAX:
            raise BodyTooLargeError("The body is larger than 256 KiB.")
        if signature is None or not self._verify(body, signature=signature):
            raise InvalidEventError("The event is not signed as it should be.")
        event = _parsed(body)
        if event.get("livemode") is not self._expects_live:
            raise InvalidEventError("The event is of another mode than this stage.")
        try:
            payment_id, event_id = payment_of(event), event["id"]
        except (KeyError, TypeError, AttributeError):
            raise InvalidEventError("The body is no event.") from None
        if payment_id is None:
            return Heard.NOT_OURS
        self._wake(payment_id, cause=str(event_id))
        return Heard.WOKEN


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        raise InvalidEventError("The body is no event.")
    return event
