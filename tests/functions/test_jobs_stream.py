"""GET /v1/jobs/{id}/stream through the real function: in windows, and over one connection."""

import json
from collections.abc import Callable

import pytest

from corent.core.errors import InternalError
from corent.usecases.open_account import OpenedAccount
from tests.asgi import Exchange, ask, parse_events, scope
from tests.fakes import FakeClock, ulid
from tests.functions.conftest import Answer, Cloud, load
from tests.functions.test_images_generate import IMAGE

type Offer = Callable[..., None]

RESOURCE = "/v1/jobs/{id}/stream"


def window(cloud: Cloud, key: str | None, job_id: str, *, last_event_id: str | None = None) -> Answer:
    headers = None if last_event_id is None else {"Last-Event-ID": last_event_id}
    return cloud.call("jobs_stream", "GET", RESOURCE, key=key, path={"id": job_id}, headers=headers)


def stream(key: str | None, job_id: str, *, token: str | None = None, **headers: str) -> Exchange:
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    query = "" if token is None else f"token={token}"
    return ask(load("jobs_stream").app, scope(f"/v1/jobs/{job_id}/stream", query=query, **headers))


def stream_token(cloud: Cloud, key: str, job_id: str) -> Answer:
    return cloud.call("jobs_stream_token", "POST", "/v1/jobs/{id}/stream-token", key=key, path={"id": job_id})


def polled(cloud: Cloud, key: str, job_id: str) -> dict[str, object]:
    """The document as a poll shows it, but for how the webhook stands."""
    job: dict[str, object] = cloud.call("jobs_get", "GET", "/v1/jobs/{id}", key=key, path={"id": job_id}).json
    del job["webhook"]
    return job


@pytest.fixture
def queued(cloud: Cloud, account: OpenedAccount, upstream: Offer) -> str:
    """The id of a job that nobody has begun with."""
    upstream("openai", lambda _: IMAGE)
    job_id: str = cloud.generate(account.live_key, wait_s=0).json["id"]
    return job_id


@pytest.fixture
def completed(cloud: Cloud, account: OpenedAccount, queued: str, clock: FakeClock) -> str:
    """The id of a job that was queued and is completed."""
    cloud.carry(queued, clock=clock)
    return queued


def test_a_completed_jobs_last_event_is_the_polled_document_as_compact_json(
    cloud: Cloud, account: OpenedAccount, completed: str
) -> None:
    job = polled(cloud, account.live_key, completed)
    compact = json.dumps(job, separators=(",", ":"), ensure_ascii=False)
    answers = (
        stream(account.live_key, completed).body.decode(),
        window(cloud, account.live_key, completed).text,
    )
    for text in answers:
        events = parse_events(text)
        assert [event.name for event in events] == ["queued", "processing", "completed"]
        assert events[-1].data == compact


def test_windows_and_the_open_connection_say_the_same(
    cloud: Cloud, account: OpenedAccount, completed: str
) -> None:
    assert (
        window(cloud, account.live_key, completed).text == stream(account.live_key, completed).body.decode()
    )


def test_a_queued_jobs_event_is_the_polled_document(
    cloud: Cloud, account: OpenedAccount, queued: str, clock: FakeClock
) -> None:
    (event,) = parse_events(window(cloud, account.live_key, queued).text)
    assert (event.name, json.loads(event.data)) == ("queued", polled(cloud, account.live_key, queued))


def test_cut_after_any_event_and_resumed_the_whole_is_told(
    cloud: Cloud, account: OpenedAccount, completed: str
) -> None:
    whole = parse_events(window(cloud, account.live_key, completed).text)
    for cut, event in enumerate(whole[:-1], start=1):
        rest = window(cloud, account.live_key, completed, last_event_id=event.id)
        again = stream(account.live_key, completed, last_event_id=event.id)
        assert whole[:cut] + parse_events(rest.text) == whole[:cut] + again.events == whole


def test_once_the_end_was_told_a_client_is_told_to_stop_asking(
    cloud: Cloud, account: OpenedAccount, completed: str
) -> None:
    answer = window(cloud, account.live_key, completed, last_event_id="102")
    assert (answer.status, answer.text) == (204, "")
    assert stream(account.live_key, completed, last_event_id="102").status == 204


def test_a_window_answers_with_what_there_is_and_asks_the_client_back(
    cloud: Cloud, account: OpenedAccount, queued: str, clock: FakeClock
) -> None:
    began_ms = clock.now_ms()
    answer = window(cloud, account.live_key, queued)
    assert clock.now_ms() == began_ms
    assert answer.text.endswith("\n\nretry: 500\n\n")
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Request-Id"].startswith("req_")


def test_a_window_with_nothing_to_tell_waits_20_seconds_and_reads_once_a_second(
    cloud: Cloud, account: OpenedAccount, queued: str, clock: FakeClock
) -> None:
    began_ms = clock.now_ms()
    cloud.sent.clear()
    answer = window(cloud, account.live_key, queued, last_event_id="1")
    assert clock.now_ms() - began_ms == 20_000
    assert answer.text == "retry: 500\n\n"
    assert [operation for operation, _ in cloud.sent] == ["UpdateItem", *["GetItem"] * 21]


def test_a_finished_stream_costs_one_write_and_one_read(
    cloud: Cloud, account: OpenedAccount, completed: str
) -> None:
    for read in (window, lambda _, key, job_id: stream(key, job_id)):
        cloud.sent.clear()
        read(cloud, account.live_key, completed)
        assert [operation for operation, _ in cloud.sent] == ["UpdateItem", "GetItem"]


def test_a_stream_shows_the_keys_rate(cloud: Cloud, account: OpenedAccount, completed: str) -> None:
    headers = stream(account.live_key, completed).headers
    assert (headers["ratelimit-limit"], headers["ratelimit-reset"]) == ("600", "1")


def test_another_accounts_job_looks_like_a_missing_one(
    cloud: Cloud, account: OpenedAccount, completed: str
) -> None:
    from corent.wiring.operator import open_account

    other = open_account(balance_cents=100).live_key
    seen = set()
    for key, job_id in (
        (other, completed),
        (account.test_key, completed),
        (account.live_key, f"job_{ulid(1)}"),
        (account.live_key, "job_x"),
    ):
        answer, held = window(cloud, key, job_id), stream(key, job_id)
        assert (answer.status, held.status) == (404, 404)
        assert held.headers["content-type"] == answer.headers["Content-Type"] == "application/json"
        for text, request_id in (
            (answer.text, answer.headers["X-Request-Id"]),
            (held.body.decode(), held.headers["x-request-id"]),
        ):
            assert request_id in text
            seen.add(text.replace(request_id, ""))
    assert len(seen) == 1


@pytest.mark.parametrize("key", [None, "nonsense"])
def test_without_a_good_key_no_stream_begins(cloud: Cloud, completed: str, key: str | None) -> None:
    cloud.sent.clear()
    answer = stream(key, completed)
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"], error["request_id"]) == (
        401,
        "invalid_api_key",
        answer.headers["x-request-id"],
    )
    assert all(operation != "GetItem" for operation, _ in cloud.sent)


def test_a_key_over_its_rate_is_told_when_to_come_back(
    cloud: Cloud, account: OpenedAccount, completed: str
) -> None:
    statuses = [stream(account.live_key, completed).status for _ in range(101)]
    limited = stream(account.live_key, completed)
    assert statuses[0] == 200
    assert (statuses[-1], limited.status) == (429, 429)
    assert limited.headers["ratelimit-remaining"] == "0"
    assert int(limited.headers["retry-after"]) >= 1


# ---- tokens ------------------------------------------------------------------------------------------------


def test_a_token_opens_its_jobs_stream_without_a_key_and_without_a_write(
    cloud: Cloud, account: OpenedAccount, completed: str
) -> None:
    token = stream_token(cloud, account.live_key, completed).json["token"]
    cloud.sent.clear()
    held = stream(None, completed, token=token)
    assert (held.status, held.events[-1].name) == (200, "completed")
    assert {operation for operation, _ in cloud.sent} == {"GetItem"}
    answer = cloud.call("jobs_stream", "GET", RESOURCE, path={"id": completed}, query={"token": token})
    assert (answer.status, answer.text) == (200, held.body.decode())


def test_a_token_opens_no_other_job_of_its_own_account(
    cloud: Cloud, account: OpenedAccount, completed: str
) -> None:
    other: str = cloud.generate(account.live_key, wait_s=0).json["id"]
    token = stream_token(cloud, account.live_key, completed).json["token"]
    refused = stream(None, other, token=token)
    assert (refused.status, json.loads(refused.body)["error"]["code"]) == (401, "invalid_api_key")


def test_a_token_is_refused_once_its_minute_is_over(
    cloud: Cloud, account: OpenedAccount, completed: str, clock: FakeClock
) -> None:
    token = stream_token(cloud, account.live_key, completed).json["token"]
    clock.sleep(58)
    assert stream(None, completed, token=token).status == 200
    clock.sleep(2)
    assert stream(None, completed, token=token).status == 401


@pytest.mark.parametrize("token", ["", "x", "job_1.2.acct_3.4"])
def test_a_forged_token_counts_as_no_key_at_all(cloud: Cloud, completed: str, token: str) -> None:
    cloud.sent.clear()
    answer = cloud.call("jobs_stream", "GET", RESOURCE, path={"id": completed}, query={"token": token})
    assert (answer.status, answer.json["error"]["code"]) == (401, "invalid_api_key")
    assert stream(None, completed, token=token).status == 401
    counted = [parameters for _, parameters in cloud.sent if "Key" in parameters]
    assert {parameters["Key"]["pk"]["S"][:2] for parameters in counted} == {"F#"}


def test_addresses_that_try_forged_tokens_are_held_back(
    cloud: Cloud, completed: str, clock: FakeClock
) -> None:
    clock.time_ms -= clock.time_ms % 60_000  # The start of a minute.
    statuses = [stream(None, completed, token="x").status for _ in range(21)]
    assert statuses == [401] * 20 + [429]


def test_a_key_that_is_sent_decides_whatever_the_token_is(
    cloud: Cloud, account: OpenedAccount, completed: str
) -> None:
    token = stream_token(cloud, account.live_key, completed).json["token"]
    assert stream(account.live_key, completed, token="x").status == 200
    assert stream("nonsense", completed, token=token).status == 401


def test_a_token_shows_in_no_log(
    cloud: Cloud, account: OpenedAccount, completed: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = stream_token(cloud, account.live_key, completed).json["token"]
    caplog.clear()
    stream(None, completed, token=token)
    stream(None, completed, token=token + "x")
    written = [str(vars(record)) for record in caplog.records]
    assert len(written) == 2
    assert not [line for line in written if token[-43:] in line]


# ---- behind the gateway ------------------------------------------------------------------------------------


@pytest.fixture
def behind_gateway(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of a stage on AWS."""
    from corent.wiring import streams

    monkeypatch.setenv("CORENT_STAGE", "prod")
    streams.settings.cache_clear()


def context(address: str) -> str:
    return json.dumps({"identity": {"sourceIp": address}, "requestId": "r"})


@pytest.mark.usefixtures("behind_gateway")
def test_failures_are_counted_for_the_address_the_gateway_saw(
    cloud: Cloud, completed: str, clock: FakeClock
) -> None:
    clock.time_ms -= clock.time_ms % 60_000
    for _ in range(20):
        stream("nonsense", completed, x_amzn_request_context=context("198.51.100.1"))
    same, other = (
        stream("nonsense", completed, x_amzn_request_context=context(address)).status
        for address in ("198.51.100.1", "198.51.100.2")
    )
    assert (same, other) == (429, 401)


@pytest.mark.usefixtures("behind_gateway")
def test_without_the_adapters_word_for_the_address_nobody_is_let_in(
    cloud: Cloud, account: OpenedAccount, completed: str
) -> None:
    for headers in ({}, {"x_amzn_request_context": "x"}, {"x_amzn_request_context": "[]"}):
        answer = stream(account.live_key, completed, **headers)
        error = json.loads(answer.body)["error"]
        assert (answer.status, error["message"]) == (500, str(InternalError()))
