"""One browser for each module of browser tests, a page of its own for each test."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser

from tests.browser.driver import Seen, browser, visit
from tests.stripe_stand_in import StandIn, stand_in


# Not for the whole session: while a browser is open, playwright's event loop is the thread's running one, and
# no later test could start a loop.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser."""
    with browser() as started:
        yield started


@pytest.fixture
def seen(chromium: Browser) -> Iterator[Seen]:
    """A page in a session of its own."""
    with visit(chromium) as page:
        yield page


@pytest.fixture
def stripe_api() -> Iterator[StandIn]:
    """A Stripe stand-in with a receiver of its events."""
    with stand_in() as running:
        yield running


@pytest.fixture
def shop() -> Iterator[str]:
    """The address of a shop: another server, whose every page says where it is."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = f'<!doctype html><link rel="icon" href="data:,"><h1>Shop {self.path.split("?")[0]}</h1>'
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(page.encode())))
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
