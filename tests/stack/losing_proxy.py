"""A proxy before the stack that loses answers: the work behind them is done, and nobody hears of it."""

import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}
# How long a client whose answer is lost may wait before it gives up by itself.
HELD_S_MAX = 60.0


@dataclass
class Proxy:
    """Where it listens, the numbers of tries whose answers it loses, and what the stack answered to all."""

    base_url: str = ""
    losing: set[str] = field(default_factory=set)
    statuses: list[int] = field(default_factory=list)

    def loses(self, try_number: str | None) -> bool:
        """Whether answers to tries of that number are lost."""
        return try_number in self.losing


@contextmanager
def losing_proxy(target: str, *, losing: set[str]) -> Iterator[Proxy]:
    """Serve on loopback; answers to tries with these numbers are held until their client has gone."""
    proxy = Proxy(losing=losing)
    guard = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            answer = httpx.post(
                f"{target}{self.path}", content=content, headers=headers, timeout=60.0, trust_env=False
            )
            with guard:
                proxy.statuses.append(answer.status_code)
            if proxy.loses(self.headers.get("x-stainless-retry-count")):
                select.select([self.connection], [], [], HELD_S_MAX)
                self.close_connection = True
                return
            try:
                self.send_response(answer.status_code)
                for name, value in answer.headers.items():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)
            except OSError:  # It gave up before the answer was there: that is lost as well.
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.base_url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
