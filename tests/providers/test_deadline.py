"""Sockets that know when an adapter call must be over."""

import ssl
from collections.abc import Callable

import httpcore
import pytest

from corent.providers._deadline import Deadline, _BoundedStream, bounded
from tests.providers.doubles import FakeClock

type Use = Callable[[httpcore.NetworkStream, float | None], object]


class Plain(httpcore.NetworkStream):
    """A socket that only remembers how long it was allowed to take."""

    def __init__(self) -> None:
        self.allowed_s: list[float | None] = []

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del max_bytes
        self.allowed_s.append(timeout)
        return b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del buffer
        self.allowed_s.append(timeout)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        del ssl_context, server_hostname
        self.allowed_s.append(timeout)
        return self


USES: list[tuple[Use, type[httpcore.TimeoutException]]] = [
    (lambda stream, timeout_s: stream.read(1, timeout=timeout_s), httpcore.ReadTimeout),
    (lambda stream, timeout_s: stream.write(b"x", timeout=timeout_s), httpcore.WriteTimeout),
    (
        lambda stream, timeout_s: stream.start_tls(ssl.create_default_context(), timeout=timeout_s),
        httpcore.ConnectTimeout,
    ),
]
every_use = pytest.mark.parametrize(("use", "passed"), USES, ids=["read", "write", "start_tls"])


@every_use
@pytest.mark.parametrize(("asked_s", "allowed_s"), [(10.0, 3.0), (None, 3.0), (1.0, 1.0)])
def test_nothing_waits_longer_than_is_left(
    use: Use, passed: type[Exception], asked_s: float | None, allowed_s: float
) -> None:
    del passed
    clock = FakeClock()
    plain = Plain()
    with bounded(Deadline(ends_at_s=10.0, clock=clock)):
        clock.sleep(7)
        use(_BoundedStream(plain), asked_s)
    assert plain.allowed_s == [allowed_s]


@every_use
def test_nothing_begins_after_the_deadline(use: Use, passed: type[Exception]) -> None:
    clock = FakeClock()
    plain = Plain()
    clock.sleep(10)
    with bounded(Deadline(ends_at_s=10.0, clock=clock)), pytest.raises(passed):
        use(_BoundedStream(plain), 5.0)
    assert plain.allowed_s == []


@every_use
def test_without_a_deadline_the_asked_time_holds(use: Use, passed: type[Exception]) -> None:
    del passed
    plain = Plain()
    use(_BoundedStream(plain), 5.0)
    assert plain.allowed_s == [5.0]


def test_tls_stays_bounded() -> None:
    secured = _BoundedStream(Plain()).start_tls(ssl.create_default_context())
    assert isinstance(secured, _BoundedStream)
