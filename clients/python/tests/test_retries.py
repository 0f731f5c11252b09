"""What is sent again, when, and what is not; each against a real server, by both clients."""

import time as clock

import pytest

from corent import (
    APIConnectionError,
    APITimeoutError,
    ConflictError,
    CorentError,
    InsufficientFundsError,
    MalformedAnswerError,
    MissingKeyError,
    RateLimitedError,
    ServerError,
)
from tests.conftest import Api
from tests.documents import BALANCE, JOB, KEY, accepted, image_answer, job
from tests.scripted import ScriptedServer, answer, drip, hang_up, page, refusal, say_nothing

BUSY = answer(503, refusal(503, "temporarily_unavailable", retryable=True))
NEW_KEY = {
    "id": "key_01M81Y9N8W1Z5SGH208305BY8Y", "label": "ci", "mode": "test", "scopes": ["read"],
    "prefix": "co_test_", "last4": "HeGm", "status": "active", "limit_cents": None,
    "created_at": "2026-11-22T15:34:18.139Z",
    "expires_at": None, "key": "co_test_new",
}  # fmt: skip


def test_an_order_goes_out_with_its_fields_and_the_key(api: Api, server: ScriptedServer) -> None:
    server.then(answer(200, image_answer()))
    got = api.call(lambda client: client.images.generate("a fox", preference="fast", n=1))
    assert got.images[0].width == 1024
    sent = server.received[0]
    assert (sent.method, sent.target) == ("POST", "/v1/images/generate")
    assert sent.json == {"prompt": "a fox", "preference": "fast", "n": 1}
    assert sent.headers["authorization"] == f"Bearer {KEY}"


def test_the_base_url_may_have_a_path_and_a_slash(api: Api, server: ScriptedServer) -> None:
    server.then(answer(200, BALANCE))
    api.call(lambda client: client.account.balance(), base_url=f"{server.url}/live/")
    assert server.received[0].target == "/live/v1/account/balance"


def test_every_retry_of_an_order_has_the_same_key_and_the_same_bytes(
    api: Api, server: ScriptedServer
) -> None:
    server.then(BUSY, hang_up, BUSY, answer(200, image_answer()))
    got = api.call(lambda client: client.images.generate("a fox"))
    assert got.id == JOB
    assert len({sent.headers["idempotency-key"] for sent in server.received}) == 1
    assert len({sent.body for sent in server.received}) == 1
    assert len(server.received) == 4


def test_two_orders_have_two_keys(api: Api, server: ScriptedServer) -> None:
    server.then(answer(202, accepted()), answer(202, accepted()))
    for _ in range(2):
        api.call(lambda client: client.videos.generate("a fox"))
    first, second = (sent.headers["idempotency-key"] for sent in server.received)
    assert first != second


def test_the_callers_own_key_is_sent(api: Api, server: ScriptedServer) -> None:
    server.then(answer(202, accepted()))
    api.call(lambda client: client.videos.generate("a fox", idempotency_key="order-17"))
    assert server.received[0].headers["idempotency-key"] == "order-17"


def test_the_error_says_the_key_to_repeat_the_order_with(api: Api, server: ScriptedServer) -> None:
    server.then(hang_up)
    with pytest.raises(APIConnectionError) as caught:
        api.call(lambda client: client.images.generate("a fox"), max_retries=0)
    assert caught.value.idempotency_key == server.received[0].headers["idempotency-key"]


def test_reading_sends_no_idempotency_key(api: Api, server: ScriptedServer) -> None:
    server.then(answer(200, BALANCE))
    api.call(lambda client: client.account.balance())
    assert "idempotency-key" not in server.received[0].headers


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 599])
def test_a_status_that_may_pass_is_asked_again(api: Api, server: ScriptedServer, status: int) -> None:
    server.then(page(status, b"<html>busy</html>", "text/html"), answer(200, BALANCE))
    assert api.call(lambda client: client.account.balance()).held_cents == 63


def test_pauses_double_up_to_a_limit_times_the_jitter(api: Api, server: ScriptedServer) -> None:
    server.then(*[BUSY] * 7)
    api.time.jitter = 0.5
    with pytest.raises(ServerError):
        api.call(lambda client: client.account.balance(), max_retries=6)
    assert api.time.pauses_s == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0]


def test_retries_are_counted(api: Api, server: ScriptedServer) -> None:
    server.then(*[BUSY] * 9)
    with pytest.raises(ServerError):
        api.call(lambda client: client.account.balance(), max_retries=2)
    assert len(server.received) == 3


def test_retries_end_before_the_deadline(api: Api, server: ScriptedServer) -> None:
    server.then(*[BUSY] * 9)
    with pytest.raises(ServerError):
        api.call(lambda client: client.account.balance(), max_retries=8, timeout_s=4.0)
    assert api.time.pauses_s == [0.5, 1.0, 2.0]


def test_retry_after_is_obeyed(api: Api, server: ScriptedServer) -> None:
    limited = answer(429, refusal(429, "rate_limited", retryable=True), Retry_After="7")
    server.then(limited, answer(200, BALANCE))
    api.call(lambda client: client.account.balance())
    assert api.time.pauses_s == [7.0]


def test_retry_after_may_be_a_date(api: Api, server: ScriptedServer) -> None:
    # 1_790_000_000 s after the epoch, and 9 s.
    limited = answer(
        429, refusal(429, "rate_limited", retryable=True), Retry_After="Mon, 21 Sep 2026 14:13:29 GMT"
    )
    server.then(limited, answer(200, BALANCE))
    api.call(lambda client: client.account.balance())
    assert api.time.pauses_s == [9.0]


@pytest.mark.parametrize(("asked", "options"), [("61", {}), ("30", {"timeout_s": 20.0})])
def test_a_longer_retry_after_than_it_makes_sense_is_the_callers(
    api: Api, server: ScriptedServer, asked: str, options: dict[str, float]
) -> None:
    server.then(answer(429, refusal(429, "rate_limited", retryable=True), Retry_After=asked))
    with pytest.raises(RateLimitedError) as caught:
        api.call(lambda client: client.account.balance(), **options)
    assert caught.value.retry_after_s == float(asked)
    assert api.time.pauses_s == []


def test_what_is_not_retryable_is_sent_once(api: Api, server: ScriptedServer) -> None:
    server.then(answer(503, refusal(503, "tier_unavailable", retryable=False)))
    with pytest.raises(ServerError):
        api.call(lambda client: client.images.generate("a fox"))
    assert len(server.received) == 1


def test_an_error_stored_under_the_key_is_sent_once(api: Api, server: ScriptedServer) -> None:
    stored = refusal(503, "tier_unavailable", retryable=True)
    server.then(answer(503, stored, Idempotency_Replayed="true"))
    with pytest.raises(ServerError) as caught:
        api.call(lambda client: client.images.generate("a fox"))
    assert caught.value.replayed
    assert len(server.received) == 1


def test_an_order_still_worked_on_is_asked_for_until_it_is_there(api: Api, server: ScriptedServer) -> None:
    working = answer(409, refusal(409, "request_in_progress", retryable=True), Retry_After="2")
    server.then(hang_up, *[working] * 8, answer(200, image_answer()))
    got = api.call(lambda client: client.images.generate("a fox"), max_retries=1)
    assert got.id == JOB
    assert api.time.pauses_s == [0.5, *[2.0] * 8]


def test_another_conflict_is_sent_once(api: Api, server: ScriptedServer) -> None:
    server.then(answer(409, refusal(409, "job_not_cancellable")))
    with pytest.raises(ConflictError):
        api.call(lambda client: client.jobs.cancel(JOB))
    assert len(server.received) == 1


def test_a_402_says_what_is_needed_and_is_sent_once(api: Api, server: ScriptedServer) -> None:
    server.then(answer(402, refusal(402, "insufficient_funds", required_cents=63, available_cents=5)))
    with pytest.raises(InsufficientFundsError) as caught:
        api.call(lambda client: client.videos.generate("a fox"))
    assert (caught.value.required_cents, caught.value.available_cents, caught.value.limit_cents) == (
        63,
        5,
        None,
    )
    assert len(server.received) == 1


def test_a_lost_answer_to_a_new_key_is_not_asked_for_again(api: Api, server: ScriptedServer) -> None:
    server.then(hang_up)
    with pytest.raises(APIConnectionError):
        api.call(lambda client: client.keys.create("ci"))
    assert len(server.received) == 1


def test_a_new_key_that_was_never_asked_for_is_asked_for_again(api: Api, server: ScriptedServer) -> None:
    server.__exit__(None, None, None)
    with pytest.raises(APIConnectionError):
        api.call(lambda client: client.keys.create("ci"), max_retries=2)
    assert len(api.time.pauses_s) == 2


def test_a_new_key_that_was_refused_for_its_rate_is_asked_for_again(api: Api, server: ScriptedServer) -> None:
    server.then(answer(429, refusal(429, "rate_limited", retryable=True)), answer(201, NEW_KEY))
    made = api.call(lambda client: client.keys.create("ci"))
    assert made.key == "co_test_new"
    assert "co_test_new" not in repr(made)


def test_a_server_that_is_not_there_is_a_connection_error(api: Api, server: ScriptedServer) -> None:
    server.__exit__(None, None, None)
    with pytest.raises(APIConnectionError) as caught:
        api.call(lambda client: client.account.balance(), max_retries=2)
    assert caught.value.retryable
    assert len(api.time.pauses_s) == 2


def test_a_silent_server_is_a_timeout_at_the_deadline(api: Api, server: ScriptedServer) -> None:
    server.then(say_nothing)
    began_s = clock.monotonic()
    with pytest.raises(APITimeoutError):
        api.call(lambda client: client.account.balance(), **api.real_time() | {"timeout_s": 0.2})
    assert clock.monotonic() - began_s < 2


def test_a_body_that_trickles_is_a_timeout_at_the_deadline(api: Api, server: ScriptedServer) -> None:
    server.then(drip(200, b" " * 2_000, pause_s=0.01))
    began_s = clock.monotonic()
    with pytest.raises(APITimeoutError):
        api.call(lambda client: client.account.balance(), **api.real_time() | {"timeout_s": 0.2})
    assert clock.monotonic() - began_s < 2


def test_a_success_that_is_no_json_is_an_error_and_is_sent_once(api: Api, server: ScriptedServer) -> None:
    server.then(page(200, b'{"id": "job_', "application/json", X_Request_Id="req_9"))
    with pytest.raises(MalformedAnswerError) as caught:
        api.call(lambda client: client.images.generate("a fox"))
    assert (caught.value.status, caught.value.request_id) == (200, "req_9")
    assert caught.value.idempotency_key == server.received[0].headers["idempotency-key"]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"balance_cents": 1, "available_cents": 1}, "held_cents"),
        ({"balance_cents": "1", "available_cents": 1, "held_cents": 0}, "balance_cents"),
        ({"balance_cents": True, "available_cents": 1, "held_cents": 0}, "balance_cents"),
        ([], "body"),
    ],
)
def test_a_success_of_another_shape_is_an_error_that_says_where(
    api: Api, server: ScriptedServer, document: object, place: str
) -> None:
    server.then(answer(200, document))
    with pytest.raises(MalformedAnswerError, match=place):
        api.call(lambda client: client.account.balance())


def test_fields_of_a_later_api_are_kept_aside(api: Api, server: ScriptedServer) -> None:
    server.then(answer(200, BALANCE | {"bonus_cents": 5}))
    assert api.call(lambda client: client.account.balance()).raw["bonus_cents"] == 5


def test_an_answer_that_does_not_end_is_bounded(
    api: Api, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corent.exchanging.ANSWER_MAX_BYTES", 1_000)
    server.then(page(200, b"x" * 2_000, "application/json"))
    with pytest.raises(MalformedAnswerError, match="longer"):
        api.call(lambda client: client.account.balance())


def test_redirects_are_not_followed(api: Api, server: ScriptedServer) -> None:
    server.then(page(307, b"", "text/plain", Location=f"{server.url}/elsewhere"))
    with pytest.raises(CorentError) as caught:
        api.call(lambda client: client.account.balance())
    assert caught.value.status == 307
    assert len(server.received) == 1


def test_a_call_that_needs_a_key_says_so_before_anything_is_sent(api: Api, server: ScriptedServer) -> None:
    with pytest.raises(MissingKeyError):
        api.call(lambda client: client.account.balance(), api_key=None)
    assert server.received == []


def test_the_status_needs_no_key_and_sends_none(api: Api, server: ScriptedServer) -> None:
    server.then(answer(200, {"tiers": [], "updated_at": None, "stale": True, "incidents": []}))
    assert api.call(lambda client: client.status()).stale
    assert "authorization" not in server.received[0].headers


def test_a_list_is_read_page_after_page_as_it_is_needed(api: Api, server: ScriptedServer) -> None:
    server.then(
        answer(200, {"jobs": [job(), job()], "next_cursor": "job_1"}),
        answer(200, {"jobs": [], "next_cursor": "job_2"}),
        answer(200, {"jobs": [job("completed")], "next_cursor": None}),
    )
    got = api.items(lambda client: client.jobs.list(kind="image", page_size=2))
    assert [each.status for each in got] == ["processing", "processing", "completed"]
    assert [sent.target for sent in server.received] == [
        "/v1/jobs?limit=2&kind=image",
        "/v1/jobs?limit=2&cursor=job_1&kind=image",
        "/v1/jobs?limit=2&cursor=job_2&kind=image",
    ]


def test_a_list_whose_next_page_is_itself_ends_with_an_error(api: Api, server: ScriptedServer) -> None:
    server.then(*[answer(200, {"jobs": [], "next_cursor": "job_1"})] * 2)
    with pytest.raises(MalformedAnswerError):
        api.items(lambda client: client.jobs.list())


@pytest.mark.parametrize("wrong", ["", "..", "job_1/../../v1", "job_1?x=1", "job"])
def test_what_is_no_id_never_becomes_a_path(api: Api, server: ScriptedServer, wrong: str) -> None:
    with pytest.raises(ValueError, match="is not an id"):
        api.call(lambda client: client.jobs.get(wrong))
    assert server.received == []


def test_a_field_no_order_has_is_refused_like_any_wrong_argument(api: Api, server: ScriptedServer) -> None:
    with pytest.raises(TypeError, match="promt"):
        api.call(lambda client: client.images.generate("a fox", promt="x"))
    assert server.received == []
