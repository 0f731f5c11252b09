"""A job's stream over connections that break: nothing lost, nothing twice, and not for ever."""

import time as clock
from contextlib import closing
from typing import Any

import pytest

from corent import (
    APIConnectionError,
    AuthenticationError,
    Corent,
    MalformedAnswerError,
    NotFoundError,
    WaitTimeoutError,
)
from tests.conftest import Api
from tests.documents import JOB, KEY, completed, job
from tests.scripted import ScriptedServer, answer, event, events, hang_up, page, refusal

QUEUED = event(1, "queued", job("queued"))
HALF = event(52, "processing", job("processing", 50))
MORE = event(72, "processing", job("processing", 70))
END = event(102, "completed", completed())
NO_CONTENT = page(204, b"", "text/plain")


def ids(api: Api, **options: Any) -> list[int]:
    """The events' numbers, as the client gives them."""
    return [each.id for each in api.items(lambda client: client.jobs.stream(JOB, **options))]


def resumed_after(server: ScriptedServer) -> list[str | None]:
    return [sent.headers.get("last-event-id") for sent in server.received]


def test_a_stream_ends_after_its_terminal_event(api: Api, server: ScriptedServer) -> None:
    server.then(events(QUEUED, HALF, END, stay_s=30))
    got = api.items(lambda client: client.jobs.stream(JOB))
    assert [(each.id, each.name, each.job.meta.progress_percent) for each in got] == [
        (1, "queued", 0),
        (52, "processing", 50),
        (102, "completed", 100),
    ]
    assert server.received[0].headers["accept"] == "text/event-stream"


def test_a_stream_cut_in_the_middle_of_an_event_goes_on_without_loss_or_repeat(
    api: Api, server: ScriptedServer
) -> None:
    server.then(events(QUEUED, HALF, MORE[:40], cut=True), events(MORE, cut=True), hang_up, events(END))
    assert ids(api) == [1, 52, 72, 102]
    assert resumed_after(server) == [None, "52", "72", "72"]


def test_events_that_come_again_are_given_once(api: Api, server: ScriptedServer) -> None:
    server.then(events(QUEUED, HALF, cut=True), events(QUEUED, HALF, MORE, END))
    assert ids(api) == [1, 52, 72, 102]


def test_windows_are_asked_for_as_the_server_says(api: Api, server: ScriptedServer) -> None:
    server.then(events(QUEUED, b"retry: 250\n\n"), events(b"retry: 700\n\n"), events(END))
    assert ids(api) == [1, 102]
    assert api.time.pauses_s == [0.25, 0.7]


def test_a_callers_own_last_event_is_where_it_begins(api: Api, server: ScriptedServer) -> None:
    server.then(events(MORE, END))
    assert ids(api, last_event_id=52) == [72, 102]
    assert resumed_after(server) == ["52"]


def test_who_has_had_the_last_event_gets_none(api: Api, server: ScriptedServer) -> None:
    server.then(NO_CONTENT)
    assert ids(api, last_event_id=102) == []


def test_connections_that_fail_again_and_again_are_given_up(api: Api, server: ScriptedServer) -> None:
    server.then(*[hang_up] * 20)
    with pytest.raises(APIConnectionError):
        ids(api)
    assert len(server.received) == 7


def test_an_event_between_failures_makes_them_count_anew(api: Api, server: ScriptedServer) -> None:
    server.then(*[hang_up] * 6, events(QUEUED, cut=True), *[hang_up] * 5, events(END))
    assert ids(api) == [1, 102]


def test_streams_that_end_without_an_event_are_given_up(
    api: Api, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corent.following.EMPTY_WINDOWS_MAX", 3)
    server.then(*[events(b": nothing\n\n")] * 9)
    with pytest.raises(APIConnectionError):
        ids(api)
    assert len(server.received) == 4


def test_an_event_between_empty_windows_makes_them_count_anew(
    api: Api, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corent.following.EMPTY_WINDOWS_MAX", 2)
    server.then(*[events()] * 2, events(QUEUED), events(), events(END))
    assert ids(api) == [1, 102]


def test_a_busy_server_is_asked_again_when_it_says(api: Api, server: ScriptedServer) -> None:
    server.then(
        answer(503, refusal(503, "temporarily_unavailable", retryable=True), Retry_After="3"), events(END)
    )
    assert ids(api) == [102]
    assert api.time.pauses_s == [3.0]


@pytest.mark.parametrize(("status", "error"), [(401, AuthenticationError), (404, NotFoundError)])
def test_a_refused_stream_is_the_refusals_error(
    api: Api, server: ScriptedServer, status: int, error: type[Exception]
) -> None:
    server.then(answer(status, refusal(status, "refused")))
    with pytest.raises(error):
        ids(api)
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "sent",
    [
        b"id: 1\nevent: queued\ndata: {\n\n",
        b"event: queued\ndata: {}\n\n",
        b"id: x\ndata: {}\n\n",
        b"id: 1\ndata: {}\n\n",
    ],
)
def test_an_event_of_another_shape_is_an_error(api: Api, server: ScriptedServer, sent: bytes) -> None:
    server.then(events(sent))
    with pytest.raises(MalformedAnswerError):
        ids(api)


def test_a_page_in_a_streams_place_is_an_error(api: Api, server: ScriptedServer) -> None:
    server.then(page(200, b"<html>", "text/html"))
    with pytest.raises(MalformedAnswerError, match="text/html"):
        ids(api)


def test_an_event_without_an_end_does_not_fill_the_memory(
    api: Api, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corent.sse.EVENT_MAX_BYTES", 1_000)
    server.then(events(b"data: " + b"x" * 2_000))
    with pytest.raises(MalformedAnswerError, match="does not end"):
        ids(api)


def test_a_stream_that_says_nothing_is_over_at_its_time(api: Api, server: ScriptedServer) -> None:
    server.then(events(QUEUED, stay_s=30))
    began_s = clock.monotonic()
    with pytest.raises(WaitTimeoutError) as caught:
        api.items(lambda client: client.jobs.stream(JOB, timeout_s=0.3), **api.real_time())
    assert caught.value.waited_for_id == JOB
    assert clock.monotonic() - began_s < 3


def test_a_dead_connection_is_left_for_a_new_one(
    api: Api, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corent.following.SILENCE_S", 0.1)
    server.then(events(QUEUED, stay_s=30), events(END))
    got = api.items(lambda client: client.jobs.stream(JOB), **api.real_time())
    assert [each.id for each in got] == [1, 102]


def test_who_stops_listening_closes_the_connection(server: ScriptedServer) -> None:
    server.then(events(QUEUED, HALF, stay_s=30))
    with Corent(api_key=KEY, base_url=server.url) as client:
        with closing(client.jobs.stream(JOB)) as told:
            assert next(told).id == 1
        assert client._client()._transport._pool.connections == []
