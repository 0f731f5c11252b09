"""The one way out to post to an address Corent did not choose: callers' webhooks.

How such an address is judged and called is in `foreign_calls`, the same rules as for a fetch. Of the answer
only the status and `Retry-After` are kept.
"""

import http.client
import time
from typing import Final

from corent.adapters.foreign_calls import FailedError, ForeignCalls, RefusedError, Resolve
from corent.core.clock import Clock, SystemClock
from corent.core.sending import Answer, SendFailedError, SendRefusedError, read_retry_after_s

TIMEOUT_S: Final = 10.0
ANSWER_READ_MAX_BYTES: Final = 64 * 1024
_SYSTEM_CLOCK: Final = SystemClock()


class SafePost:
    """Send on plain sockets. `http_hosts` as in `ForeignCalls`; `timeout_s` bounds the whole call."""

    def __init__(
        self,
        *,
        http_hosts: frozenset[str] = frozenset(),
        resolve: Resolve | None = None,
        timeout_s: float = TIMEOUT_S,
        clock: Clock = _SYSTEM_CLOCK,
    ) -> None:
        self._calls = ForeignCalls(http_hosts=http_hosts, resolve=resolve)
        self._timeout_s = timeout_s
        self._clock = clock

    def __call__(self, url: str, *, body: bytes, headers: tuple[tuple[str, str], ...]) -> Answer:
        deadline = time.monotonic() + self._timeout_s
        try:
            return self._calls.exchange(
                "POST",
                self._calls.parse(url),
                headers=dict(headers),
                body=body,
                deadline=deadline,
                read=self._read,
            )
        except RefusedError as error:
            raise SendRefusedError(str(error)) from error
        except FailedError as error:
            raise SendFailedError(str(error)) from error

    def check(self, url: str) -> None:
        """Raise SendRefusedError for a URL that would be refused before any name is resolved."""
        try:
            self._calls.parse(url)
        except RefusedError as error:
            raise SendRefusedError(str(error)) from error

    def _read(self, response: http.client.HTTPResponse) -> Answer:
        _throw_away(response)
        retry_after_s = read_retry_after_s(response.getheader("Retry-After"), now_ms=self._clock.now_ms())
        return Answer(status=response.status, retry_after_s=retry_after_s)


def _throw_away(response: http.client.HTTPResponse) -> None:
    """Take a body of ordinary size off the wire: a receiver cut off while writing it may undo its work.

    The status was the answer. How the body goes on, or whether it ends, changes nothing.
    """
    try:
        response.read(ANSWER_READ_MAX_BYTES)
    except (OSError, http.client.HTTPException, ValueError):
        return
