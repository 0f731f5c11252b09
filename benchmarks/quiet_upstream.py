"""The sandbox's HTTP interface without its work: a video is done when the benchmark says so.

Stands where a stack's sandbox does (the secret's `base_url`), so that the jobs of a measurement end when they
are to end and nothing draws or encodes beside them. Calls back as the sandbox does.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import httpx

CALLBACK_TIMEOUT_S: Final = 30.0
POLL_AFTER_MS: Final = 5_000


class QuietUpstream:
    """What was ordered, by the job's id, and what of it is done."""

    def __init__(self, film: bytes, *, size_px: tuple[int, int], duration_s: int) -> None:
        self.film = film
        self.url = ""
        self._shape = {"width": size_px[0], "height": size_px[1], "duration_s": duration_s}
        self._changed = threading.Condition()
        self._callbacks: dict[str, str] = {}
        self._done: set[str] = set()

    @property
    def taken(self) -> int:
        """How many orders have come."""
        return len(self._callbacks)

    def submit(self, order: dict[str, Any]) -> dict[str, Any]:
        """Take an order; its reference, the job's id and the attempt, is its ticket."""
        ticket: str = order["reference"]
        with self._changed:
            self._callbacks[ticket] = order["callback_url"]
            self._changed.notify_all()
        return self.look(ticket)

    def look(self, ticket: str) -> dict[str, Any]:
        """How it stands."""
        if ticket not in self._done:
            return {"id": ticket, "status": "running", "poll_after_ms": POLL_AFTER_MS, "progress_percent": 1}
        return {"id": ticket, "status": "done", "videos": [{"url": f"{self.url}/film.mp4", **self._shape}]}

    def wait_for(self, count: int, *, timeout_s: float) -> bool:
        """Whether that many orders in all have come in time."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._callbacks) >= count, timeout=timeout_s)

    def finish(self, job_id: str) -> None:
        """The job's first attempt is done, and whoever asked for it is told."""
        ticket = f"{job_id}-1"
        self._done.add(ticket)
        answer = httpx.post(
            self._callbacks[ticket], json={"id": ticket}, timeout=CALLBACK_TIMEOUT_S, trust_env=False
        )
        answer.raise_for_status()


@contextmanager
def serving(upstream: QuietUpstream) -> Iterator[None]:
    """Answer for the upstream on 127.0.0.1 until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path.endswith("/generations"):
                self._send(202, json.dumps(upstream.submit(json.loads(body))).encode())
            else:
                self._send(200, b"{}")

        def do_GET(self) -> None:
            ticket = self.path.rpartition("/")[2]
            if ticket == "film.mp4":
                self._send(200, upstream.film)
            else:
                self._send(200, json.dumps(upstream.look(ticket)).encode())

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        upstream.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
