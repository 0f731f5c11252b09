"""A headless Chromium for tests: `with browser() as started, visit(started) as seen: seen.page.goto(url)`.

The browser is that of the npm package @sparticuz/chromium, which brings the binary and its libraries along.
It takes no root, and no download but the package. CORENT_BROWSER names another Chromium or Chrome.
"""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, sync_playwright

FOLDER: Final = Path(__file__).resolve().parents[2] / ".corent" / "browser" / "chromium"
FLAGS: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    # Nothing but this machine is reached, whatever a page or the browser itself asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
TIMEOUT_MS: Final = 20_000


class NoBrowserError(Exception):
    """There is no browser to test with; the message says how to get one."""


@dataclass
class Seen:
    """A page and what it did: the addresses it asked for, what went wrong in it."""

    page: Page
    asked: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def hosts(self) -> set[str | None]:
        """Return the hosts of everything that was asked for over the network."""
        return {urlsplit(url).hostname for url in self.asked if not url.startswith("data:")}

    def on_request(self, request: Request) -> None:
        self.asked.append(request.url)

    def on_failed(self, request: Request) -> None:
        self.problems.append(f"{request.url}: {request.failure}")

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)

    def on_error(self, error: Error) -> None:
        self.problems.append(str(error))


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser with an empty profile, and end it. Raises NoBrowserError."""
    path, environment = _found()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, headless=True, args=FLAGS, env=environment, timeout=TIMEOUT_MS
        )
        try:
            yield started
        finally:
            started.close()


@contextmanager
def visit(
    started: Browser, *, javascript: bool = True, dark: bool = False, width_px: int = 1280
) -> Iterator[Seen]:
    """Open a page in a session of its own, with nothing left from others."""
    context = started.new_context(
        java_script_enabled=javascript,
        color_scheme="dark" if dark else "light",
        viewport={"width": width_px, "height": 800},
        reduced_motion="reduce",
    )
    context.set_default_timeout(TIMEOUT_MS)
    seen = Seen(context.new_page())
    seen.page.on("request", seen.on_request)
    seen.page.on("requestfailed", seen.on_failed)
    seen.page.on("console", seen.on_console)
    seen.page.on("pageerror", seen.on_error)
    try:
        yield seen
    finally:
        context.close()


def _found() -> tuple[str, dict[str, str | float | bool]]:
    """Return the browser's path and the environment to start it in."""
    # Nobody's own settings, no proxy.
    environment: dict[str, str | float | bool] = {
        name: os.environ[name] for name in ("HOME", "PATH", "TMPDIR") if name in os.environ
    }
    other = os.environ.get("CORENT_BROWSER")
    if other:
        return other, environment
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise NoBrowserError("On this kind of machine, CORENT_BROWSER must name a Chromium or Chrome.")
    path = FOLDER / "chromium"
    if not path.exists():
        raise NoBrowserError("`make browser` sets up the browser for tests.")
    environment["LD_LIBRARY_PATH"] = str(FOLDER / "lib")
    environment["FONTCONFIG_FILE"] = str(FOLDER / "fonts.conf")
    return str(path), environment
