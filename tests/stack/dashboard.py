"""Somebody at a browser in front of the running stack's dashboard."""

import gzip
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page, Response

from tests.browser.driver import Seen, visit
from tests.stack.conftest import Stack

PASSWORD = "a dozen and more"
# Said on the console, where a test sees it, whenever the page's policy forbids something.
WATCH_POLICY = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));"""


@dataclass
class Desk:
    """A browser window, and the page's files that came over the network."""

    stack: Stack
    seen: Seen
    email: str
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def page(self) -> Page:
        return self.seen.page

    @property
    def problems(self) -> list[str]:
        """What went wrong, but for what a page still loaded when the next one was asked for."""
        return [problem for problem in self.seen.problems if not problem.endswith("net::ERR_ABORTED")]

    def go(self, path: str) -> None:
        self.page.goto(f"{self.stack.base_url}{path}")

    def open(self, link: str) -> None:
        """Click on a link of the side."""
        self.page.get_by_role("navigation", name="Dashboard").get_by_role("link", name=link).click()
        self.page.wait_for_load_state("load")

    def sign_up(self) -> None:
        self.go("/dashboard")
        self.page.get_by_role("link", name="Create an account").click()
        self.page.get_by_label("E-mail").fill(self.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Create the account").click()
        self.page.get_by_role("heading", name="Overview").wait_for()

    def sign_in(self, *, email: str, password: str, to: str = "/dashboard") -> None:
        self.go(f"/dashboard/sign-in/begin?to={to}")
        self.page.get_by_label("Username").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"{self.stack.base_url}{to}")

    def weight_bytes(self, path: str) -> int:
        """What a page's HTML, styles and scripts come to, compressed."""
        self.files.clear()
        self.go(path)
        self.page.wait_for_load_state("networkidle")
        return sum(len(gzip.compress(content)) for content in self.files.values())

    def on_response(self, response: Response) -> None:
        if response.request.resource_type in ("document", "stylesheet", "script") and response.ok:
            self.files[response.url] = response.body()


@contextmanager
def at_desk(
    chromium: Browser, stack: Stack, *, javascript: bool = True, dark: bool = False, width_px: int = 1280
) -> Iterator[Desk]:
    """A window with nobody signed in."""
    with visit(chromium, javascript=javascript, dark=dark, width_px=width_px) as seen:
        desk = Desk(stack, seen, email=f"{uuid.uuid4().hex}@example.com")
        if javascript:
            seen.page.add_init_script(WATCH_POLICY)
        seen.page.on("response", desk.on_response)
        yield desk
