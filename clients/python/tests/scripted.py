"""A server on 127.0.0.1 that answers as a test has written down: one step a connection, in order."""

import contextlib
import json
import re
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Step = Callable[["Connection"], object]


class Connection:
    """What a step may do with its connection."""

    def __init__(self, link: socket.socket, over: threading.Event) -> None:
        self._link = link
        self._over = over

    def send(self, content: bytes) -> None:
        self._link.sendall(content)

    def pause(self, duration_s: float) -> bool:
        """Wait, and tell whether the test goes on."""
        return not self._over.wait(duration_s)

    def reset(self) -> None:
        """Break the connection off, so that the client's read fails."""
        self._link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class ScriptedServer:
    """Serves connections together; `received` are the requests. After the script it is 599."""

    def __init__(self, *steps: Step) -> None:
        self.received: list[Received] = []
        self._steps = list(steps)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def then(self, *steps: Step) -> None:
        """Append to the script."""
        with self._lock:
            self._steps += steps

    def __enter__(self) -> "ScriptedServer":
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join(timeout=5)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return  # The test is over.
            thread = threading.Thread(target=self._attend, args=(link,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _attend(self, link: socket.socket) -> None:
        with contextlib.suppress(OSError), link:
            link.settimeout(5)
            request = _request(link)
            if request is None:
                return
            with self._lock:
                self.received.append(request)
                step = self._steps.pop(0) if self._steps else answer(599, {"script": "is over"})
            step(Connection(link, self._over))


def _request(link: socket.socket) -> Received | None:
    content = b""
    while b"\r\n\r\n" not in content:
        piece = link.recv(65_536)
        if not piece:
            return None
        content += piece
    head, _, body = content.partition(b"\r\n\r\n")
    announced = _LENGTH.search(head + b"\r\n")
    while len(body) < (int(announced[1]) if announced else 0):
        body += link.recv(65_536)
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.split(": ", 1) for line in lines)
    return Received(method, target, {name.lower(): value for name, value in pairs}, body)


def head(status: int, headers: dict[str, str]) -> bytes:
    """The head of an answer whose connection is closed after it."""
    lines = [
        f"HTTP/1.1 {status} Said",
        "Connection: close",
        *(f"{name}: {text}" for name, text in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def answer(status: int, document: Any, **headers: str) -> Step:
    """A whole answer in JSON; `Retry_After="2"` is a header."""
    return page(status, json.dumps(document).encode(), "application/json", **headers)


def page(status: int, body: bytes, media_type: str, **headers: str) -> Step:
    """A whole answer of any kind."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = head(status, {"Content-Type": media_type, "Content-Length": str(len(body)), **named}) + body
    return lambda connection: connection.send(sent)


def refusal(
    status: int, code: str, *, retryable: bool = False, kind: str = "api_error", **more: Any
) -> dict[str, Any]:
    """An error document in the API's shape."""
    error = {"type": kind, "code": code, "message": f"It is {code}.", "param": None, "request_id": "req_1"}
    return {"error": error | {"retryable": retryable} | more}


def hang_up(connection: Connection) -> None:
    """Read the request and break off."""
    connection.reset()


def say_nothing(connection: Connection) -> None:
    """Keep the connection open and never answer."""
    connection.pause(30)


def drip(status: int, body: bytes, *, pause_s: float) -> Step:
    """A whole answer, a byte at a time."""

    def step(connection: Connection) -> None:
        connection.send(head(status, {"Content-Type": "application/json", "Content-Length": str(len(body))}))
        for place in range(len(body)):
            connection.send(body[place : place + 1])
            if not connection.pause(pause_s):
                return

    return step


def event(number: int, name: str, document: Any) -> bytes:
    """One event of a job's stream."""
    return f"event: {name}\nid: {number}\ndata: {json.dumps(document)}\n\n".encode()


def events(*pieces: bytes, cut: bool = False, stay_s: float = 0.0) -> Step:
    """A stream in chunks: ended as it should be, cut off in the middle, or kept open a while."""

    def step(connection: Connection) -> None:
        connection.send(head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}))
        for piece in pieces:
            connection.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if stay_s:
            connection.pause(stay_s)
        if cut:
            # The announced chunk never comes: the client cannot take that for the end.
            connection.send(b"ffff\r\nevent: proc")
        else:
            connection.send(b"0\r\n\r\n")

    return step
