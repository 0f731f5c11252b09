"""The stand-in's pay page in a real browser."""

from playwright.sync_api import Browser

from tests.browser.driver import Seen, visit
from tests.stripe_stand_in import StandIn


def _session(stripe_api: StandIn, shop: str) -> tuple[str, str]:
    session = stripe_api.new_session(
        success_url=f"{shop}/paid?session={{CHECKOUT_SESSION_ID}}", cancel_url=f"{shop}/left"
    )
    assert session.url is not None
    return session.id, session.url


def test_a_click_on_pay_pays_and_leads_back_to_the_shop(stripe_api: StandIn, shop: str, seen: Seen) -> None:
    id_, url = _session(stripe_api, shop)
    seen.page.goto(url)
    seen.page.get_by_role("button", name="Pay $10.00").click()
    seen.page.wait_for_url(f"{shop}/paid?session={id_}")
    assert seen.page.get_by_role("heading").inner_text() == "Shop /paid"
    assert stripe_api.session(id_).payment_status == "paid"
    assert (seen.hosts, seen.problems) == ({"127.0.0.1"}, [])


def test_enter_pays(stripe_api: StandIn, shop: str, seen: Seen) -> None:
    id_, url = _session(stripe_api, shop)
    seen.page.goto(url)
    seen.page.keyboard.press("Tab")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_url(f"{shop}/paid?session={id_}")
    assert stripe_api.session(id_).payment_status == "paid"


def test_a_click_on_leave_pays_nothing(stripe_api: StandIn, shop: str, seen: Seen) -> None:
    id_, url = _session(stripe_api, shop)
    seen.page.goto(url)
    seen.page.get_by_role("button", name="Leave without paying").click()
    seen.page.wait_for_url(f"{shop}/left")
    assert stripe_api.session(id_).status == "open"
    assert stripe_api.event_types() == []
    assert (seen.hosts, seen.problems) == ({"127.0.0.1"}, [])


def test_a_declined_card_may_be_tried_again(stripe_api: StandIn, shop: str, seen: Seen) -> None:
    id_, url = _session(stripe_api, shop)
    seen.page.goto(url)
    seen.page.get_by_role("button", name="Card is declined").click()
    seen.page.get_by_role("alert").wait_for()
    seen.page.get_by_role("button", name="Pay $10.00").click()
    seen.page.wait_for_url(f"{shop}/paid?session={id_}")
    assert stripe_api.session(id_).payment_status == "paid"
    assert seen.problems == []


def test_the_page_works_without_javascript(stripe_api: StandIn, shop: str, chromium: Browser) -> None:
    id_, url = _session(stripe_api, shop)
    with visit(chromium, javascript=False) as plain:
        plain.page.goto(url)
        plain.page.get_by_role("button", name="Pay $10.00").click()
        plain.page.wait_for_url(f"{shop}/paid?session={id_}")
    assert stripe_api.session(id_).payment_status == "paid"


def test_markup_in_a_products_name_is_shown_and_not_run(stripe_api: StandIn, shop: str, seen: Seen) -> None:
    name = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
    price = {"currency": "usd", "unit_amount": 1_000, "product_data": {"name": name}}
    session = stripe_api.new_session(line_items=[{"price_data": price, "quantity": 1}])
    assert session.url is not None
    seen.page.goto(session.url)
    assert name in seen.page.get_by_role("main").inner_text()
    assert seen.page.title() == "Pay $10.00 | Stripe stand-in"
    assert seen.problems == []
