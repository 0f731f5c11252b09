"""The pages for everybody in a real browser: the handbook, the API reference and the status."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from handbook.chapters import ORDER
from tests.browser.axe import serious_findings
from tests.browser.driver import browser
from tests.stack.conftest import Stack
from tests.stack.dashboard import Desk, at_desk

PAGES = ("/docs", *(f"/docs/{slug}" for slug in ORDER[1:]), "/docs/api", "/status", "/docs/nothing")
WEIGHT_BYTES_MAX = 150 * 1024
PHONE_PX = 360
# What reaches over the right edge of the screen, and does not stand in something that scrolls.
WIDE = """() => {
  const inScroller = (element) => {
    for (let each = element; each && each !== document.body; each = each.parentElement)
      if (["auto", "scroll"].includes(getComputedStyle(each).overflowX)) return true;
    return false;
  };
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && !inScroller(element))
    .filter((element) => !element.closest(".skip, .unseen"))
    .map((element) => `${element.tagName} ${element.textContent.trim().slice(0, 40)}`);
}"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def desk(chromium: Browser, stack: Stack) -> Iterator[Desk]:
    with at_desk(chromium, stack) as opened:
        yield opened


def unexpected(desk: Desk, path: str) -> list[str]:
    """What went wrong, but for the one page that is missing on purpose."""
    return [problem for problem in desk.problems if not (path == "/docs/nothing" and "404" in problem)]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious_and_nothing_foreign_is_asked_for(
    chromium: Browser, stack: Stack, path: str, dark: bool
) -> None:
    with at_desk(chromium, stack, dark=dark) as desk:
        desk.go(path)
        assert serious_findings(desk.page) == []
        assert (desk.seen.hosts, unexpected(desk, path)) == ({"127.0.0.1"}, [])


@pytest.mark.parametrize("path", PAGES)
def test_on_a_phone_nothing_is_wider_than_the_screen(chromium: Browser, stack: Stack, path: str) -> None:
    with at_desk(chromium, stack, width_px=PHONE_PX) as desk:
        desk.go(path)
        assert desk.page.evaluate(WIDE) == []
        assert desk.page.evaluate("() => document.documentElement.scrollWidth") <= PHONE_PX


def test_each_page_is_light(desk: Desk) -> None:
    weights = {path: desk.weight_bytes(path) for path in PAGES if path != "/docs/nothing"}
    assert {path: weight for path, weight in weights.items() if weight > WEIGHT_BYTES_MAX} == {}
    assert min(weights.values()) > 1_000


def test_a_reader_goes_from_chapter_to_chapter_and_to_an_operation(desk: Desk) -> None:
    desk.go("/docs")
    desk.page.get_by_role("navigation", name="Docs").get_by_role("link", name="Errors").click()
    expect(desk.page.get_by_role("heading", name="Errors", level=1)).to_be_visible()
    expect(desk.page.get_by_role("link", name="Errors")).to_have_attribute("aria-current", "page")
    desk.page.get_by_role("navigation", name="Corent").get_by_role("link", name="API reference").click()
    desk.page.get_by_role("link", name="POST /v1/images/generate", exact=True).click()
    expect(desk.page.get_by_role("heading", name="POST /v1/images/generate", exact=True)).to_be_in_viewport()
    desk.page.get_by_role("navigation", name="Corent").get_by_role("link", name="Status").click()
    expect(desk.page.get_by_role("heading", name="corent-image-fast")).to_be_visible()
    assert desk.problems == []


def test_a_sample_on_a_page_names_the_address_that_it_is_read_at(desk: Desk, stack: Stack) -> None:
    desk.go("/docs")
    expect(desk.page.locator("pre").first).to_contain_text(f"curl {stack.base_url}/v1/images/generate")


@pytest.mark.parametrize("path", ["/docs", "/docs/api", "/status"])
def test_a_page_can_be_read_without_scripts(chromium: Browser, stack: Stack, path: str) -> None:
    with at_desk(chromium, stack, javascript=False) as desk:
        desk.go(path)
        expect(desk.page.get_by_role("heading", level=1)).to_be_visible()
        assert desk.problems == []


@pytest.mark.parametrize("path", ["/docs", "/docs/api"])
def test_the_keyboard_skips_to_the_content_and_scrolls_a_sample(desk: Desk, path: str) -> None:
    desk.go(path)
    desk.page.keyboard.press("Tab")
    expect(desk.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    desk.page.keyboard.press("Enter")
    reached = set()
    for _ in range(60):
        desk.page.keyboard.press("Tab")
        reached.add(desk.page.evaluate("() => document.activeElement.tagName"))
        if "PRE" in reached:
            break
    assert "PRE" in reached
