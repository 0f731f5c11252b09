"""The stand-in's pay page as a user agent without a screen reads it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from tests.stripe_stand_in import CANCEL_URL, StandIn


@dataclass
class Form(HTMLParser):
    """The forms of a page, their buttons by label, and what the page would load."""

    forms: list[dict[str, str | None]] = field(default_factory=list)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)
    loads: list[str] = field(default_factory=list)
    scripts: int = 0
    _button: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.scripts += tag == "script"
        self.loads += [str(named[name]) for name in ("src", "href") if named.get(name)]
        if tag == "form":
            self.forms.append(named)
        if tag == "button":
            self._button = (str(named.get("name")), str(named.get("value")))

    def handle_data(self, data: str) -> None:
        if self._button:
            self.buttons[data] = self._button
            self._button = None


def _read(page: httpx.Response) -> Form:
    form = Form()
    form.feed(page.text)
    return form


def _press(stripe_api: StandIn, url: str, label: str) -> httpx.Response:
    """Open a page and press one of its buttons, as a browser does."""
    form = _read(stripe_api.http.get(url))
    (attributes,) = form.forms
    assert attributes["method"] == "post"
    name, value = form.buttons[label]
    return stripe_api.http.post(urljoin(url, attributes.get("action") or ""), data={name: value})


def _url(stripe_api: StandIn, id_: str) -> str:
    return f"{stripe_api.running.base_url}/c/pay/{id_}"


def test_the_first_button_pays(stripe_api: StandIn) -> None:
    session = stripe_api.new_session()
    assert list(_read(stripe_api.http.get(str(session.url))).buttons) == [
        *("Pay $10.00", "Card is declined", "Pay by bank (settles later)", "Leave without paying"),
    ]
    reply = _press(stripe_api, str(session.url), "Pay $10.00")
    assert reply.status_code == 303
    assert reply.headers["location"] == f"http://127.0.0.1:9/paid?session={session.id}"
    assert stripe_api.session(session.id).payment_status == "paid"


def test_a_form_sent_without_a_button_pays(stripe_api: StandIn) -> None:
    session = stripe_api.new_session()
    assert stripe_api.http.post(str(session.url)).status_code == 303
    assert stripe_api.session(session.id).payment_status == "paid"


def test_a_declined_card_leads_back_to_the_page(stripe_api: StandIn) -> None:
    session = stripe_api.new_session()
    reply = _press(stripe_api, str(session.url), "Card is declined")
    page = stripe_api.http.get(reply.headers["location"])
    assert "declined" in page.text
    assert "Pay $10.00" in _read(page).buttons
    assert stripe_api.session(session.id).status == "open"


def test_leaving_pays_nothing(stripe_api: StandIn) -> None:
    session = stripe_api.new_session()
    reply = _press(stripe_api, str(session.url), "Leave without paying")
    assert (reply.status_code, reply.headers["location"]) == (303, CANCEL_URL)
    assert stripe_api.session(session.id).status == "open"
    assert stripe_api.event_types() == []


def test_who_has_nowhere_to_go_cannot_leave(stripe_api: StandIn) -> None:
    price = {"currency": "usd", "unit_amount": 1_000, "product_data": {"name": "Balance"}}
    params: Any = {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": "http://127.0.0.1/",
    }
    session = stripe_api.client.v1.checkout.sessions.create(params)
    assert "Leave without paying" not in _read(stripe_api.http.get(str(session.url))).buttons


@pytest.mark.parametrize(
    ("label", "payment_status", "told"),
    [("The bank pays", "paid", "complete"), ("The bank refuses", "unpaid", "refused")],
)
def test_a_bank_payment_is_settled_on_the_same_page(
    stripe_api: StandIn, label: str, payment_status: str, told: str
) -> None:
    session = stripe_api.new_session()
    reply = _press(stripe_api, str(session.url), "Pay by bank (settles later)")
    assert reply.headers["location"].endswith(f"/paid?session={session.id}")
    _press(stripe_api, str(session.url), label)
    page = stripe_api.http.get(str(session.url))
    assert told in page.text
    assert _read(page).forms == []
    assert stripe_api.session(session.id).payment_status == payment_status


def test_a_double_click_pays_once(stripe_api: StandIn) -> None:
    session = stripe_api.new_session()
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: stripe_api.http.post(str(session.url)), range(8)))
    assert {reply.status_code for reply in replies} == {303}
    assert stripe_api.event_types().count("checkout.session.completed") == 1
    assert len(stripe_api.client.v1.payment_intents.list().data) == 1


def test_a_paid_session_says_so(stripe_api: StandIn) -> None:
    session = stripe_api.paid_session()
    page = stripe_api.http.get(_url(stripe_api, session.id))
    assert (page.status_code, _read(page).forms) == (200, [])
    assert "This payment is complete." in page.text


def test_an_expired_session_says_so_and_is_not_paid(stripe_api: StandIn) -> None:
    session = stripe_api.new_session()
    stripe_api.client.v1.checkout.sessions.expire(session.id)
    reply = stripe_api.http.post(_url(stripe_api, session.id))
    page = stripe_api.http.get(reply.headers["location"])
    assert "This payment has expired." in page.text
    assert stripe_api.session(session.id).payment_status == "unpaid"


@pytest.mark.parametrize("path", ["/c/pay/cs_test_none", "/receipts/ch_none"])
def test_an_unknown_page_says_so(stripe_api: StandIn, path: str) -> None:
    page = stripe_api.http.get(path)
    assert page.status_code == 404
    assert "<h1" in page.text


def test_an_unknown_session_cannot_be_paid(stripe_api: StandIn) -> None:
    assert stripe_api.http.post("/c/pay/cs_test_none").status_code == 404


def test_an_unknown_button_does_nothing(stripe_api: StandIn) -> None:
    session = stripe_api.new_session()
    assert stripe_api.http.post(str(session.url), data={"action": "steal"}).status_code == 400
    assert stripe_api.session(session.id).status == "open"


def test_the_page_says_that_no_money_moves(stripe_api: StandIn) -> None:
    page = stripe_api.http.get(str(stripe_api.new_session().url))
    assert "stand-in for Stripe" in page.text
    assert "No money moves" in page.text


def test_markup_in_texts_stays_text(stripe_api: StandIn) -> None:
    name = "\"><script>alert(1)</script>'&amp;<img src=x>"
    price = {"currency": "usd", "unit_amount": 1_000, "product_data": {"name": name, "description": name}}
    session = stripe_api.new_session(line_items=[{"price_data": price, "quantity": 2}])
    page = _read(stripe_api.http.get(str(session.url)))
    assert (page.scripts, page.loads) == (0, ["data:,", "/stand-in.css"])
    assert len(page.forms) == 1


def test_the_page_may_load_its_stylesheet_and_nothing_else(stripe_api: StandIn) -> None:
    page = stripe_api.http.get(str(stripe_api.new_session().url))
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:9" in policy
    assert "script" not in policy
    assert stripe_api.http.get("/stand-in.css").headers["content-type"].startswith("text/css")
