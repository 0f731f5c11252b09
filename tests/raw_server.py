"""A server on 127.0.0.1 that answers with whatever bytes a test wants, at whatever pace."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)

type Answer = Callable[[socket.socket], object]


class RawServer:
    """Serves one connection after another, or all `together`; `requests` are the heads it was sent.

    With `bodies` it reads the announced body too before it answers, and keeps it behind the head: a server
    that closes with something unread resets the connection, and its answer may be lost.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        tls: ssl.SSLContext | None = None,
        bodies: bool = False,
        together: bool = False,
    ) -> None:
        self.requests: list[bytes] = []
        self._answer = answer
        self._tls = tls
        self._bodies = bodies
        self._together = together
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=5)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # The test is over.
            if self._together:
                threading.Thread(target=self._attend, args=(connection,), daemon=True).start()
            else:
                self._attend(connection)

    def _attend(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(5)
            self._exchange(connection)

    def _exchange(self, connection: socket.socket) -> None:
        if self._tls is None:
            self.requests.append(self._request(connection))
            self._answer(connection)
            return
        with self._tls.wrap_socket(connection, server_side=True) as secured:
            self.requests.append(self._request(secured))
            self._answer(secured)

    def _request(self, connection: socket.socket) -> bytes:
        received = _head(connection)
        announced = _LENGTH.search(received)
        if self._bodies and announced:
            missing = int(announced[1]) - len(received.partition(b"\r\n\r\n")[2])
            while missing > 0 and (part := connection.recv(missing)):
                received += part
                missing -= len(part)
        return received


def sends(*parts: bytes) -> Answer:
    """An answer that is those bytes and no more."""

    def answer(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)

    return answer


def drips(start: bytes, *, every_s: float) -> Answer:
    """An answer that begins well and then goes on for ever, byte by byte."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(start)
        pause = threading.Event()
        while not pause.wait(every_s):
            connection.sendall(b"x")

    return answer


def ok(body: bytes, *headers: bytes) -> bytes:
    """A plain 200 answer."""
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers, b"", body]
    return b"\r\n".join(lines)


def _head(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65_536)
        if not part:
            break
        received += part
    return received
