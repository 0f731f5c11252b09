"""Idempotency-Key at the stand-in: one request, one effect, however often it comes."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import stripe

from tests.stripe_stand_in import StandIn, stand_in


def _post(stripe_api: StandIn, path: str, data: dict[str, str], *, key: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {stripe_api.running.api_key}", "idempotency-key": key}
    return stripe_api.http.post(path, data=data, headers=headers)


def test_the_same_request_is_answered_as_before(stripe_api: StandIn) -> None:
    first = _post(stripe_api, "/v1/customers", {"name": "Ada", "email": "a@b.example"}, key="k1")
    again = _post(stripe_api, "/v1/customers", {"email": "a@b.example", "name": "Ada"}, key="k1")
    assert again.content == first.content
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    assert again.headers["original-request"] == first.headers["request-id"]
    assert again.headers["request-id"] != first.headers["request-id"]


def test_the_library_makes_one_session_of_one_key(stripe_api: StandIn) -> None:
    price = {"currency": "usd", "unit_amount": 1_000, "product_data": {"name": "Balance"}}
    params: Any = {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": "http://127.0.0.1/",
    }
    create = stripe_api.client.v1.checkout.sessions.create
    made = {create(params, {"idempotency_key": "k1"}).id for _ in range(3)}
    assert len(made) == 1
    assert len(stripe_api.client.v1.checkout.sessions.list().data) == 1


def test_many_at_once_have_one_effect(stripe_api: StandIn) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = list(
            pool.map(lambda _: _post(stripe_api, "/v1/customers", {"name": "Ada"}, key="k1"), range(16))
        )
    assert len({reply.json()["id"] for reply in replies}) == 1


@pytest.mark.parametrize(("path", "name"), [("/v1/customers", "Bob"), ("/v1/refunds", "Ada")])
def test_another_request_under_the_same_key_is_refused(stripe_api: StandIn, path: str, name: str) -> None:
    _post(stripe_api, "/v1/customers", {"name": "Ada"}, key="k1")
    data = {"name": name} if path == "/v1/customers" else {"payment_intent": "pi_none"}
    reply = _post(stripe_api, path, data, key="k1")
    assert (reply.status_code, reply.json()["error"]["type"]) == (400, "idempotency_error")


def test_the_library_knows_the_refusal(stripe_api: StandIn) -> None:
    stripe_api.client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "k1"})
    with pytest.raises(stripe.IdempotencyError):
        stripe_api.client.v1.customers.create({"name": "Bob"}, {"idempotency_key": "k1"})


def test_a_key_stays_free_after_a_request_that_could_not_be_read(stripe_api: StandIn) -> None:
    assert _post(stripe_api, "/v1/customers", {"colour": "red"}, key="k1").status_code == 400
    assert _post(stripe_api, "/v1/customers", {"name": "Ada"}, key="k1").status_code == 200


def test_an_answer_is_given_again_when_its_time_would_be_over() -> None:
    clock = [time.time()]
    with stand_in(now_s=lambda: clock[0]) as stripe_api:
        expires_at = str(int(clock[0]) + 1_800)
        price = "line_items[0][price_data]"
        data = {
            "mode": "payment",
            "success_url": "http://127.0.0.1/",
            "expires_at": expires_at,
            f"{price}[currency]": "usd",
            f"{price}[unit_amount]": "1000",
            f"{price}[product_data][name]": "Balance",
        }
        first = _post(stripe_api, "/v1/checkout/sessions", data, key="k1")
        clock[0] += 1_200
        again = _post(stripe_api, "/v1/checkout/sessions", data, key="k1")
    assert (first.status_code, again.content) == (200, first.content)


def test_a_failure_of_the_work_itself_is_kept(stripe_api: StandIn) -> None:
    session = stripe_api.new_session()
    first = _post(stripe_api, f"/v1/checkout/sessions/{session.id}x/expire", {}, key="k1")
    again = _post(stripe_api, f"/v1/checkout/sessions/{session.id}x/expire", {}, key="k1")
    assert (first.status_code, again.content) == (404, first.content)
    assert again.headers["idempotent-replayed"] == "true"


def test_an_event_names_the_request_that_made_it(stripe_api: StandIn) -> None:
    session = stripe_api.new_session()
    reply = _post(stripe_api, f"/v1/checkout/sessions/{session.id}/expire", {}, key="k1")
    (event,) = stripe_api.client.v1.events.list().data
    assert event.request is not None
    assert (event.request.id, event.request.idempotency_key) == (reply.headers["request-id"], "k1")
