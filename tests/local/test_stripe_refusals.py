"""What the stand-in refuses, as the real API does, seen through the real library."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stripe

from tests.stripe_stand_in import StandIn, stand_in

PRICE: dict[str, Any] = {"currency": "usd", "unit_amount": 1_000, "product_data": {"name": "Balance"}}


@pytest.fixture(scope="module")
def stripe_api() -> Iterator[StandIn]:
    """One stand-in for all: what is refused changes nothing."""
    with stand_in() as running:
        yield running


def _line(**price: Any) -> dict[str, Any]:
    return {"line_items": [{"price_data": PRICE | price, "quantity": 1}]}


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"payment_intent_data": {"colour": "red"}}, "parameter_unknown", "payment_intent_data[colour]"),
        (_line(colour="red"), "parameter_unknown", "line_items[0][price_data][colour]"),
        ({"line_items": [{"quantity": 1}]}, "parameter_missing", "line_items[0][price_data]"),
        (_line(unit_amount=49), "amount_too_small", "line_items"),
        (_line(unit_amount=0), "amount_too_small", "line_items"),
        (_line(unit_amount=100_000_000), "amount_too_large", "line_items"),
        (_line(unit_amount="10.5"), "parameter_invalid_integer", "line_items[0][price_data][unit_amount]"),
        (_line(unit_amount=-5), "parameter_invalid_integer", "line_items[0][price_data][unit_amount]"),
        (_line(currency="xxx"), None, "line_items[0][price_data][currency]"),
        ({"mode": "subscription"}, None, "mode"),
        ({"success_url": "ftp://127.0.0.1/"}, "url_invalid", "success_url"),
        ({"success_url": "javascript:alert(1)"}, "url_invalid", "success_url"),
        ({"success_url": "nowhere"}, "url_invalid", "success_url"),
        ({"success_url": "http://a.example;script-src/"}, "url_invalid", "success_url"),
        ({"success_url": "http://a.example/ b"}, "url_invalid", "success_url"),
        ({"cancel_url": "http://[::1"}, "url_invalid", "cancel_url"),
        ({"success_url": ""}, "parameter_invalid_empty", "success_url"),
        ({"metadata": {"a": {"b": "c"}}}, None, "metadata"),
        ({"metadata": {"k" * 41: "v"}}, None, "metadata"),
        ({"metadata": {"k": "v" * 501}}, None, "metadata"),
        ({"metadata": {f"k{n}": "v" for n in range(51)}}, None, "metadata"),
        ({"metadata": "text"}, None, "metadata"),
        ({"customer": "cus_none"}, "resource_missing", "customer"),
        ({"customer": "cus_none", "customer_creation": "always"}, None, "customer_creation"),
        ({"expand": ["colour"]}, None, "expand"),
        ({"expand": ["payment_intent.colour"]}, None, "expand"),
        ({"expires_at": "soon"}, "parameter_invalid_integer", "expires_at"),
    ],
)
def test_a_session_is_refused(
    stripe_api: StandIn, params: dict[str, Any], code: str | None, param: str
) -> None:
    before = stripe_api.client.v1.checkout.sessions.list().data
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_api.new_session(**params)
    assert (caught.value.http_status, caught.value.code, caught.value.param) == (400, code, param)
    assert stripe_api.client.v1.checkout.sessions.list().data == before


@pytest.mark.parametrize("after_s", [29 * 60 - 61, 24 * 3600 + 120, -1])
def test_a_session_that_ends_too_early_or_too_late_is_refused(stripe_api: StandIn, after_s: int) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_api.new_session(expires_at=int(time.time()) + after_s)
    assert caught.value.param == "expires_at"


@pytest.mark.parametrize("missing", ["mode", "line_items", "success_url"])
def test_a_session_without_what_it_needs_is_refused(stripe_api: StandIn, missing: str) -> None:
    params: dict[str, Any] = {"mode": "payment", "success_url": "http://127.0.0.1/", **_line()}
    del params[missing]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_api.client.v1.checkout.sessions.create(params)  # type: ignore[arg-type]  # Less than it takes.
    assert (caught.value.code, caught.value.param) == ("parameter_missing", missing)


def test_a_total_above_the_largest_charge_is_refused(stripe_api: StandIn) -> None:
    line = {"price_data": PRICE | {"unit_amount": 99_999_999}, "quantity": 2}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_api.new_session(line_items=[line])
    assert caught.value.code == "amount_too_large"


def test_metadata_up_to_its_limits_is_taken(stripe_api: StandIn) -> None:
    metadata = {f"{n:040}": "v" * 500 for n in range(50)}
    session = stripe_api.new_session(metadata=metadata)
    assert session.metadata is not None
    assert session.metadata.to_dict() == metadata


@pytest.mark.parametrize(
    "path",
    [
        *("checkout/sessions/cs_test_none", "customers/cus_none", "payment_intents/pi_none"),
        *("charges/ch_none", "refunds/re_none", "disputes/du_none", "events/evt_none"),
        *("payment_methods/pm_none", "customers/cus_none/payment_methods"),
        *("refunds?payment_intent=pi_none", "disputes?charge=ch_none", "payment_intents?customer=cus_none"),
    ],
)
def test_an_id_that_does_not_exist_is_not_found(stripe_api: StandIn, path: str) -> None:
    reply = _get(stripe_api, f"/v1/{path}")
    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (404, "resource_missing")
    assert error["type"] == "invalid_request_error"


def test_an_unknown_session_does_not_expire(stripe_api: StandIn) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_api.client.v1.checkout.sessions.expire("cs_test_none")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten"])
def test_a_limit_outside_1_to_100_is_refused(stripe_api: StandIn, limit: str) -> None:
    reply = _get(stripe_api, f"/v1/events?limit={limit}")
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "limit")


@pytest.mark.parametrize(
    "query",
    [
        *("created[colour]=1", "created=soon", "created[gte]=", "starting_after=evt_none", "types=a"),
        *("type=a&types[]=b", "expand[]=data.colour", "expand[]=colour", "limit=1&limit[a]=2", "[]=1"),
        "&".join(f"types[]=t{n}" for n in range(21)),
    ],
)
def test_a_list_is_refused_what_it_does_not_take(stripe_api: StandIn, query: str) -> None:
    assert _get(stripe_api, f"/v1/events?{query}").status_code == 400


def test_another_key_is_not_authenticated(stripe_api: StandIn) -> None:
    client = stripe.StripeClient("sk_test_other", base_addresses={"api": stripe_api.running.base_url})
    with pytest.raises(stripe.AuthenticationError) as caught:
        client.v1.events.list()
    assert caught.value.http_status == 401


def test_an_address_that_nobody_serves_is_not_found(stripe_api: StandIn) -> None:
    reply = _get(stripe_api, "/v1/invoices")
    assert (reply.status_code, reply.json()["error"]["type"]) == (404, "invalid_request_error")


def test_a_request_that_calls_the_machine_by_another_name_is_refused(stripe_api: StandIn) -> None:
    reply = stripe_api.http.get("/_stub/deliveries", headers={"host": "rebound.example"})
    assert reply.status_code == 400


@pytest.mark.parametrize(
    ("path", "answers", "said"),
    [
        ("refunds", 400, {"amount_cents": 5}),
        ("refunds", 400, {"session": "cs_a", "payment_intent": "pi_a", "amount_cents": 5}),
        ("refunds", 404, {"session": "cs_none", "amount_cents": 5}),
        ("refunds", 400, {"session": "cs_none", "amount_cents": 0}),
        ("refunds", 400, {"session": "cs_none", "amount_cents": 5, "colour": "red"}),
        ("refunds/re_none", 404, {"status": "failed"}),
        ("refunds/re_none", 400, {"status": "lost"}),
        ("disputes", 404, {"payment_intent": "pi_none"}),
        ("disputes/du_none", 404, {"status": "won"}),
        ("sessions/cs_none", 404, {"amount_total": 5}),
        ("sessions/cs_none/pay", 404, {}),
        ("sessions/cs_none/pay", 400, {"action": "steal"}),
        ("settle", 404, {"session": "cs_none"}),
        ("cards", 404, {"customer": "cus_none", "behaviour": "decline"}),
        ("events", 400, {"mode": "sometimes"}),
        ("events", 400, {"duplicates": 11}),
        ("events/flush", 400, {"types": ["checkout.session.completed"]}),
        ("events/evt_none/resend", 404, {}),
    ],
)
def test_a_script_that_cannot_be_followed_says_why(
    stripe_api: StandIn, path: str, answers: int, said: dict[str, Any]
) -> None:
    assert stripe_api.script(path, answers=answers, **said)["error"]["message"]


def _get(stripe_api: StandIn, path: str) -> httpx.Response:
    key = {"authorization": f"Bearer {stripe_api.running.api_key}"}
    return stripe_api.http.get(path, headers=key)
