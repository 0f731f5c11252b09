"""How Google's Gemini API says what failed.

Source: ai.google.dev/gemini-api/docs/troubleshooting, read 2026-11-22. The delay before a retry stands in the
body, not in a header.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from corent.core.upstream import Failure
from corent.providers._http import RETRY_AFTER_MAX_S
from corent.providers._shape import code_of, elements, members

if TYPE_CHECKING:
    from collections.abc import Callable

    from corent.core.upstream import UpstreamError
    from corent.providers._http import Reply, Wire

_DELAY: Final = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)s", re.ASCII)


def ask_account(wire: Wire, *, timeout_s: float) -> None:
    """Ask for one model of the list."""
    deadline = wire.start(timeout_s)
    wire.ask("/models?pageSize=1", may_be_missing=False, deadline=deadline, in_words=_in_words)


def refused(wire: Wire, reply: Reply, *, by_status: Callable[[int], Failure]) -> UpstreamError:
    """The error of a request that failed; `by_status` says what a status alone means."""
    error = _error(reply)
    delay_s = None
    for detail in _details(error):
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and (match := _DELAY.fullmatch(delay)):
            delay_s = min(float(match[1]), RETRY_AFTER_MAX_S)
    failure = _in_words(reply) or by_status(reply.status)
    return wire.refused(reply, failure=failure, code=code_of(error.get("status")), wait_s=delay_s)


def _in_words(reply: Reply) -> Failure | None:
    """What the body says of our account, where it does."""
    error = _error(reply)
    if any(code_of(detail.get("reason")) == "API_KEY_INVALID" for detail in _details(error)):
        # Google says 400 INVALID_ARGUMENT to a wrong key.
        return Failure.AUTH
    if code_of(error.get("status")) == "FAILED_PRECONDITION":
        # Billing is off, or the account's country is not served: nothing the caller can change.
        return Failure.QUOTA
    return None


def _error(reply: Reply) -> dict[str, object]:
    return members(reply.mapping().get("error"))


def _details(error: dict[str, object]) -> list[dict[str, object]]:
    return [members(detail) for detail in elements(error.get("details"))]
