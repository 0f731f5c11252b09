"""A deadline for a whole exchange: httpx's own time-outs begin anew with every byte that drips in."""

import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from corent.core.clock import Clock

type SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment by which an adapter call must be over."""

    ends_at_s: float
    clock: Clock

    def left_s(self) -> float:
        return self.ends_at_s - self.clock.monotonic_s()


# httpx offers no way from a request to the socket that serves it; calls stay on their thread.
_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@contextmanager
def bounded(deadline: Deadline) -> Iterator[None]:
    """Everything a BoundedTransport does inside ends by `deadline`."""
    token = _current.set(deadline)
    try:
        yield
    finally:
        _current.reset(token)


class BoundedTransport(httpx.HTTPTransport):
    """httpx's transport over sockets that know the current deadline. HTTP/1.1, TLS verified."""

    def __init__(self, *, limits: httpx.Limits) -> None:
        # The parent's initialiser only builds this pool, and has no parameter for the backend.
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            http2=False,
            retries=0,
            network_backend=_BoundedBackend(),
        )


class _BoundedBackend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        left_s = _left_s(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(
            self._plain.connect_tcp(
                host, port, timeout=left_s, local_address=local_address, socket_options=socket_options
            )
        )


class _BoundedStream(httpcore.NetworkStream):
    def __init__(self, plain: httpcore.NetworkStream) -> None:
        self._plain = plain

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._plain.read(max_bytes, timeout=_left_s(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._plain.write(buffer, timeout=_left_s(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._plain.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left_s = _left_s(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(
            self._plain.start_tls(ssl_context, server_hostname=server_hostname, timeout=left_s)
        )

    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)


def _left_s(timeout_s: float | None, passed: type[httpcore.TimeoutException]) -> float | None:
    """What may still be waited for; `timeout_s` alone outside of `bounded`. Raises `passed`."""
    deadline = _current.get()
    if deadline is None:
        return timeout_s
    left_s = deadline.left_s()
    if left_s <= 0:
        raise passed("the deadline has passed")
    return left_s if timeout_s is None else min(timeout_s, left_s)
