"""The dashboard in a real browser, in front of the whole stack."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.axe import serious_findings
from tests.browser.driver import browser
from tests.stack.conftest import ROOT, Account, Stack
from tests.stack.dashboard import Desk, at_desk
from tests.stack.webhook_receiver import Receiver, receiving
from tests.waiting import until

# `make screenshots` sets the folder of those that README and docs show.
PICTURES = os.environ.get("CORENT_SCREENSHOTS")
VIDEO_MS = 60_000
WEIGHT_BYTES_MAX = 150 * 1024
PAGES = (
    *("/dashboard/sign-in", "/dashboard", "/dashboard/playground", "/dashboard/playground?kind=video"),
    *(
        "/dashboard/jobs",
        "/dashboard/keys",
        "/dashboard/billing",
        "/dashboard/settings",
        "/dashboard/nothing",
    ),
)
NASTY = (
    "<script>document.title='hit'</script><img src=x onerror=\"document.title='hit'\">"
    "</textarea></title>\"'><svg onload=\"document.title='hit'\">{{7*7}}javascript:alert(1)"
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def desk(chromium: Browser, stack: Stack) -> Iterator[Desk]:
    with at_desk(chromium, stack) as opened:
        yield opened


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


def picture(desk: Desk, name: str) -> None:
    if PICTURES:
        desk.page.screenshot(path=Path(PICTURES) / f"{name}.jpg", type="jpeg", quality=80, full_page=True)


def sign_in_as_owner(desk: Desk, *, to: str = "/dashboard") -> None:
    desk.sign_in(email=desk.stack.user_email, password=desk.stack.user_password, to=to)


def test_a_person_signs_up_pays_generates_understands_and_leaves(
    desk: Desk, stack: Stack, receiver: Receiver
) -> None:
    page = desk.page
    desk.sign_up()
    expect(page.locator("#balance")).to_have_text("$0.00")

    desk.open("API keys")
    page.get_by_label("Label").fill("my first key")
    page.get_by_role("button", name="Make the key").click()
    secret = page.locator("#secret").inner_text()
    picture(desk, "dashboard-keys")
    with stack.client(key=secret) as client:
        assert client.get("/v1/account/balance").json()["balance_cents"] == 0

    desk.open("Billing")
    page.get_by_label("Add money").fill("25")
    page.get_by_role("button", name="To the pay page").click()
    page.get_by_role("button", name="Pay $25.00").click()
    page.get_by_text("If you have paid").wait_for()
    with stack.client(key=secret) as client:
        until(
            lambda: client.get("/v1/account/balance").json()["balance_cents"] == 2_500,
            what="the deposit to be credited",
        )

    desk.open("Playground")
    page.get_by_label("Prompt").fill("A lighthouse in a storm, at dusk")
    page.get_by_label("Style").select_option("watercolor")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Webhook address").fill(receiver.url)
    page.get_by_role("button", name="Generate").click()
    result = page.locator("#result")
    expect(result.locator("img")).to_be_visible(timeout=VIDEO_MS)
    expect(page.locator("#curl-code")).to_contain_text("A lighthouse in a storm, at dusk")
    picture(desk, "dashboard-playground")
    result.get_by_role("link", name=re.compile("^job_")).click()
    expect(page.locator("#job")).to_contain_text("$0.04")
    expect(page.get_by_role("heading", name="Why it went where it went")).to_be_visible()
    until(lambda: bool(receiver.messages), what="the webhook")

    desk.open("Playground")
    page.get_by_role("link", name="Video", exact=True).click()
    page.get_by_label("Prompt").fill("A red fox runs through snow")
    page.get_by_label("Seconds").fill("2")
    page.get_by_role("button", name="Generate").click()
    seen = set()
    bar = result.locator("progress")
    expect(bar).to_be_visible()
    until(
        lambda: (
            seen.add(bar.get_attribute("value") if bar.count() else "end")
            or result.locator("video").count() == 1
        ),
        what="the video",
        wait_max_s=VIDEO_MS / 1000,
    )
    assert len(seen) > 2, "the progress was not seen to move"
    result.get_by_role("link", name=re.compile("^job_")).click()
    expect(page.locator("#job")).to_contain_text("$0.26")
    picture(desk, "dashboard-job")

    desk.open("Jobs")
    page.get_by_label("Kind").select_option("image")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name=re.compile("^job_")).click()
    expect(page.locator("#hook + .badge")).to_have_text("delivered")
    page.get_by_role("button", name="Deliver it again").click()
    until(lambda: len(receiver.messages) == 2, what="the second delivery")

    desk.open("Overview")
    expect(page.locator("#balance")).to_have_text("$24.70")
    expect(page.get_by_text("corent-video-premium: $0.26", exact=True)).to_be_visible()
    picture(desk, "dashboard-overview")

    desk.open("API keys")
    page.get_by_role("button", name="Revoke the key my first key").click()
    expect(page.get_by_text("stopped working at once")).to_be_visible()
    with stack.client(key=secret) as client:
        assert client.get("/v1/account/balance").status_code == 401

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Create an account")).to_be_visible()
    desk.go("/dashboard/keys")
    assert page.url.startswith(f"{stack.base_url}/dashboard/sign-in")
    assert (desk.seen.hosts, desk.problems) == ({"127.0.0.1"}, [])


def test_a_key_page_that_is_loaded_again_shows_no_secret(desk: Desk) -> None:
    desk.sign_up()
    desk.open("API keys")
    desk.page.get_by_label("Label").fill("once")
    desk.page.get_by_role("button", name="Make the key").click()
    expect(desk.page.locator("#secret")).to_be_visible()
    desk.page.reload()
    expect(desk.page.locator("#secret")).to_have_count(0)
    expect(desk.page.get_by_role("button", name="Revoke")).to_have_count(1)


def test_a_double_click_generates_once(desk: Desk) -> None:
    desk.sign_up()
    desk.page.get_by_role("button", name="Test mode").click()
    desk.open("Playground")
    desk.page.get_by_label("Prompt").fill("a red fox")
    desk.page.get_by_role("button", name="Generate").dblclick()
    expect(desk.page.locator("#result img")).to_be_visible(timeout=VIDEO_MS)
    desk.open("Jobs")
    expect(desk.page.get_by_role("link", name=re.compile("^job_"))).to_have_count(1)


def test_a_double_click_on_the_deposit_makes_one_pay_page(desk: Desk, stack: Stack) -> None:
    desk.sign_up()
    desk.open("Billing")
    asked = len(desk.seen.asked)
    desk.page.get_by_role("button", name="To the pay page").dblclick()
    desk.page.get_by_role("button", name="Pay $25.00").wait_for()
    pages = {
        url for url in desk.seen.asked[asked:] if url.startswith(stack.stripe_stub_url) and "/c/pay/" in url
    }
    assert len(pages) == 1


@pytest.mark.parametrize("kind", ["image", "video"])
def test_the_code_beside_the_form_makes_the_same_call(
    desk: Desk, stack: Stack, account: Account, kind: str
) -> None:
    sign_in_as_owner(desk, to=f"/dashboard/playground?kind={kind}")
    desk.page.get_by_label("Prompt").fill('It\'s a "quoted" $HOME `fox`')
    expect(desk.page.locator("#curl-code")).to_contain_text("quoted")
    environment = {"PATH": os.environ["PATH"], "CORENT_API_KEY": account.test_key}
    environment["PYTHONPATH"] = str(ROOT / "clients" / "python" / "src")
    python = str(ROOT / ".corent" / "venvs" / "clients" / "bin" / "python")
    programs = {"#curl-code": ["bash", "-c"], "#python-code": [python, "-c"]}
    for place, program in programs.items():
        code = desk.page.locator(place).text_content()
        assert code is not None
        ended = subprocess.run(
            [*program, code], env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert ended.returncode == 0, ended.stderr
        assert f"corent-{kind}-" in ended.stdout


def test_hostile_text_is_text_everywhere(desk: Desk) -> None:
    desk.sign_up()
    desk.page.get_by_role("button", name="Test mode").click()
    desk.open("API keys")
    desk.page.get_by_label("Label").fill(NASTY[:100])
    desk.page.get_by_role("button", name="Make the key").click()
    expect(desk.page.locator("table")).to_contain_text(NASTY[:100])
    desk.open("Playground")
    desk.page.get_by_label("Prompt").fill(NASTY)
    expect(desk.page.locator("#curl-code")).to_contain_text("onerror")
    desk.page.get_by_role("button", name="Generate").click()
    expect(desk.page.locator("#result img")).to_be_visible(timeout=VIDEO_MS)
    desk.go(f"/dashboard/jobs?status={NASTY}")
    desk.go(f"/dashboard/jobs/{NASTY.replace('/', '')}")
    desk.go(f"/dashboard/sign-in?to={NASTY}")
    assert "hit" not in desk.page.title()
    assert [problem for problem in desk.problems if "policy" in problem] == []


def test_everything_but_the_live_parts_works_without_scripts(chromium: Browser, stack: Stack) -> None:
    with at_desk(chromium, stack, javascript=False) as desk:
        desk.sign_up()
        desk.page.get_by_role("button", name="Test mode").click()
        desk.open("API keys")
        desk.page.get_by_label("Label").fill("plain")
        desk.page.get_by_role("button", name="Make the key").click()
        expect(desk.page.locator("#secret")).to_be_visible()
        desk.open("Playground")
        desk.page.get_by_label("Prompt").fill("a red fox")
        desk.page.get_by_role("button", name="Generate").click()
        expect(desk.page.locator("#job")).to_be_visible()

        def done() -> bool:
            desk.page.reload()
            return desk.page.locator("#job img").count() == 1

        until(done, what="the image", wait_max_s=VIDEO_MS / 1000)
        desk.page.get_by_role("button", name="Sign out").click()
        expect(desk.page.get_by_role("link", name="Create an account")).to_be_visible()
        assert desk.problems == []


def test_a_session_that_ends_while_somebody_types_loses_nothing(desk: Desk, stack: Stack) -> None:
    desk.sign_up()
    desk.open("Playground")
    desk.page.get_by_label("Prompt").fill("what I typed for minutes")
    cookies = [cookie for cookie in desk.page.context.cookies() if "session" not in cookie["name"]]
    desk.page.context.clear_cookies()
    desk.page.context.add_cookies(cookies)  # type: ignore[arg-type]
    desk.page.get_by_role("button", name="Generate").click()
    desk.page.get_by_role("link", name="Sign in and go on").click()
    desk.page.get_by_label("Username").fill(desk.email)
    desk.page.get_by_label("Password").fill("a dozen and more")
    desk.page.get_by_role("button", name="Sign in").click()
    expect(desk.page.get_by_label("Prompt")).to_have_value("what I typed for minutes")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(chromium: Browser, stack: Stack, dark: bool) -> None:
    with at_desk(chromium, stack, dark=dark) as desk:
        findings = {}
        desk.go("/dashboard/sign-in")
        findings["/dashboard/sign-in"] = serious_findings(desk.page)
        sign_in_as_owner(desk, to="/dashboard/playground")
        desk.page.get_by_label("Prompt").fill("a red fox")
        desk.page.get_by_role("button", name="Generate").click()
        expect(desk.page.locator("#result img")).to_be_visible(timeout=VIDEO_MS)
        findings["result"] = serious_findings(desk.page)
        job = desk.page.locator("#result dd a").get_attribute("href")
        assert job is not None
        for path in (*PAGES[1:], job):
            desk.go(path)
            findings[path] = serious_findings(desk.page)
        desk.go("/dashboard/keys")
        desk.page.get_by_label("Label").fill("judged")
        desk.page.get_by_role("button", name="Make the key").click()
        findings["a new key"] = serious_findings(desk.page)
    assert {path: found for path, found in findings.items() if found} == {}


def test_each_page_is_light(desk: Desk) -> None:
    sign_in_as_owner(desk)
    weights = {path: desk.weight_bytes(path) for path in PAGES}
    assert {path: weight for path, weight in weights.items() if weight > WEIGHT_BYTES_MAX} == {}
    assert min(weights.values()) > 1_000


def test_on_a_phone_nothing_is_wider_than_the_screen(chromium: Browser, stack: Stack) -> None:
    with at_desk(chromium, stack, width_px=360) as desk:
        sign_in_as_owner(desk)
        wide = {}
        for path in PAGES:
            desk.go(path)
            width_px = desk.page.evaluate("() => document.documentElement.scrollWidth")
            if width_px > 360:
                wide[path] = width_px
        assert wide == {}


def test_the_keyboard_alone_reaches_and_sends_a_form(desk: Desk) -> None:
    desk.sign_up()
    desk.page.get_by_role("button", name="Test mode").click()
    desk.go("/dashboard/playground")
    desk.page.keyboard.press("Tab")
    expect(desk.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    desk.page.keyboard.press("Enter")
    for _ in range(12):
        desk.page.keyboard.press("Tab")
        if desk.page.evaluate("() => document.activeElement.id") == "prompt":
            break
    desk.page.keyboard.type("a red fox")
    for _ in range(12):
        desk.page.keyboard.press("Tab")
        if desk.page.evaluate("() => document.activeElement.textContent") == "Generate":
            break
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("#job")).to_be_visible()
