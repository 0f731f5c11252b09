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


def refused(wire: Wire, reply: Reply, *, by_status: Callable[[int], Failure]) -> UpstreamError:
    """The error of a request that failed; `by_status` says what a status alone means."""
    error = members(reply.mapping().get("error"))
    status = code_of(error.get("status"))
    reasons = set()
    delay_s = None
    for detail in map(members, elements(error.get("details"))):
        reasons.add(code_of(detail.get("reason")))
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and (match := _DELAY.fullmatch(delay)):
            delay_s = min(float(match[1]), RETRY_AFTER_MAX_S)
    failure = by_status(reply.status)
    if "API_KEY_INVALID" in reasons:
        # Google says 400 INVALID_ARGUMENT to a wrong key.
        failure = Failure.AUTH
    elif status == "FAILED_PRECONDITION":
        # Billing is off, or the account's country is not served: nothing the caller can change.
        failure = Failure.QUOTA
    return wire.refused(reply, failure=failure, code=status, wait_s=delay_s)
