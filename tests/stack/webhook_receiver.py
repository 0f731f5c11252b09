"""A receiver of webhooks on this machine, which remembers what came and answers as it is told."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came; `headers` by their names in lower case."""

    at_s: float
    body: bytes
    headers: dict[str, str]


@dataclass(slots=True)
class Receiver:
    """What came so far, and the status of the next answers."""

    url: str = ""
    status: int = 204
    messages: list[Message] = field(default_factory=list)


@contextmanager
def receiving(*, status: int = 204) -> Iterator[Receiver]:
    """Listen on 127.0.0.1 until the end of the block."""
    receiver = Receiver(status=status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.messages.append(Message(at_s=time.monotonic(), body=body, headers=headers))
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/hooks"
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield receiver
        finally:
            server.shutdown()
