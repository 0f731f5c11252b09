"""The one way out to fetch from an address Corent did not choose: input images and upstream results.

How such an address is judged and called is in `foreign_calls`; here are redirects, each judged anew under
the same deadline, and the cap of the file's size.
"""

import http.client
import time
from typing import Final
from urllib.parse import urljoin

from corent.adapters.foreign_calls import FailedError, ForeignCalls, RefusedError, Resolve
from corent.core.fetching import FetchFailedError, FetchLimits, FetchRefusedError

CHUNK_BYTES: Final = 64 * 1024


class SafeFetch:
    """Fetch on plain sockets. `http_hosts` as in `ForeignCalls`."""

    def __init__(self, *, http_hosts: frozenset[str] = frozenset(), resolve: Resolve | None = None) -> None:
        self._calls = ForeignCalls(http_hosts=http_hosts, resolve=resolve)

    def __call__(
        self,
        url: str,
        *,
        limits: FetchLimits,
        allowed_hosts: tuple[str, ...] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> bytes:
        try:
            return self._fetch(url, limits=limits, allowed_hosts=allowed_hosts, headers=dict(headers))
        except RefusedError as error:
            raise FetchRefusedError(str(error)) from error
        except FailedError as error:
            raise FetchFailedError(str(error)) from error

    def check(self, url: str) -> None:
        """Raise FetchRefusedError for a URL that would be refused before any name is resolved."""
        try:
            self._calls.parse(url)
        except RefusedError as error:
            raise FetchRefusedError(str(error)) from error

    def _fetch(
        self,
        url: str,
        *,
        limits: FetchLimits,
        allowed_hosts: tuple[str, ...] | None,
        headers: dict[str, str],
    ) -> bytes:
        deadline = time.monotonic() + limits.timeout_s

        def read(response: http.client.HTTPResponse) -> tuple[int, str | None, bytes]:
            is_file = response.status == 200
            body = _read(response, bytes_max=limits.bytes_max) if is_file else b""
            # The watchdog's shutting looks like the server's own end.
            if time.monotonic() >= deadline:
                raise TimeoutError
            return response.status, response.getheader("Location"), body

        for _ in range(limits.redirects_max + 1):
            target = self._calls.parse(url, allowed_hosts=allowed_hosts)
            status, location, body = self._calls.exchange(
                "GET", target, headers=headers, deadline=deadline, read=read
            )
            if status == 200:
                return body
            if status not in (301, 302, 303, 307, 308) or location is None:
                raise FailedError(f"answered {status}")
            url = _joined(url, location)
        raise FailedError(f"more than {limits.redirects_max} redirects")


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise RefusedError("leads to what is not a URL") from error


def _read(response: http.client.HTTPResponse, *, bytes_max: int) -> bytes:
    chunks = []
    size = 0
    while chunk := response.read(CHUNK_BYTES):
        size += len(chunk)
        if size > bytes_max:
            raise RefusedError(f"larger than {bytes_max} bytes")
        chunks.append(chunk)
    if response.length:
        raise FailedError("ended before its announced length")
    return b"".join(chunks)
