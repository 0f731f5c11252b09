"""The ASGI side of a stream on a virtual clock: what is sent and when, and what a client's leaving ends."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from corent.core.stream_tokens import mint_stream_token
from corent.edge.access import reading_jobs
from corent.edge.event_stream import EventStream, StreamApi
from corent.jobs.document import document_bytes, job_document
from corent.jobs.job import Job, JobState
from corent.usecases.authenticate import Authenticate
from corent.usecases.stream_job import StreamJob
from corent.usecases.stream_tokens import StreamTokens
from tests.asgi import Exchange, ask, parse_events, scope
from tests.fakes import START_MS, FakeClock, a_job

QUEUED = replace(a_job(), state=JobState.QUEUED, deferred=True, expected_ms=600_000)
PATH = f"/v1/jobs/{QUEUED.id}/stream"
SECRET = "s" * 64
TOKEN = mint_stream_token(
    QUEUED.id, wallet_id=QUEUED.wallet_id, expires_at_s=START_MS // 1000 + 60, secret=SECRET
)


class Jobs:
    """One job that is completed at some moment; reads are counted, and fail from some moment on."""

    def __init__(self, clock: FakeClock, *, ends_after_s: int, fails_after_s: int) -> None:
        self.reads = 0
        self._clock = clock
        self._end_ms = START_MS + ends_after_s * 1000
        self._fail_ms = START_MS + fails_after_s * 1000

    def read(self, job_id: str) -> Job | None:
        self.reads += 1
        if self._clock.now_ms() >= self._fail_ms:
            raise ConnectionError(job_id)
        if self._clock.now_ms() < self._end_ms:
            return QUEUED
        return replace(QUEUED, state=JobState.COMPLETED, finished_at_ms=self._end_ms)


def nobody() -> Authenticate:
    raise AssertionError("a good token needs no key")


class World:
    """The application over one job, and the clock that its sleeping moves."""

    def __init__(
        self,
        *,
        ends_after_s: int = 10_000,
        fails_after_s: int = 100_000,
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.jobs = Jobs(self.clock, ends_after_s=ends_after_s, fails_after_s=fails_after_s)
        tokens = StreamTokens(jobs=self.jobs, secret=lambda: SECRET, clock=self.clock)
        streams = StreamJob(jobs=self.jobs, public_base_url="https://a.example", clock=self.clock)
        api = StreamApi(
            access=reading_jobs(nobody), tokens=lambda: tokens, streams=lambda: streams, clock=self.clock
        )
        self.app = EventStream(api, is_behind_gateway=lambda: False, sleep=sleep or self._sleep)

    async def _sleep(self, duration_s: float) -> None:
        self.clock.sleep(duration_s)

    def ask(self, **headers: str) -> Exchange:
        return ask(self.app, scope(PATH, query=f"token={TOKEN}", **headers))


def test_events_are_lines_a_browser_understands() -> None:
    answer = World(ends_after_s=3).ask()
    queued = job_document(QUEUED, public_base_url="https://a.example", now_ms=START_MS)
    assert answer.body.startswith(b"event: queued\nid: 1\ndata: " + document_bytes(queued) + b"\n\n")
    assert [(event.name, event.id) for event in answer.events] == [
        ("queued", "1"),
        ("processing", "2"),
        ("completed", "102"),
    ]
    assert all(json.loads(event.data)["status"] == event.name for event in answer.events)
    assert answer.is_complete


def test_the_headers_keep_everybody_from_storing_or_buffering() -> None:
    answer = World(ends_after_s=0).ask()
    assert answer.status == 200
    assert answer.headers.pop("x-request-id").startswith("req_")
    assert answer.headers == {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
        "x-content-type-options": "nosniff",
    }


def test_a_comment_comes_every_15_seconds_and_is_no_event() -> None:
    answer = World(ends_after_s=50).ask()
    assert answer.body.count(b": the job goes on\n\n") == 3
    assert len(answer.events) == 3


def test_after_14_minutes_the_stream_closes_and_the_client_is_told_to_come_back() -> None:
    world = World()
    answer = world.ask()
    assert world.clock.now_ms() == START_MS + 14 * 60 * 1000
    assert answer.body.endswith(b"\n\nretry: 500\n\n")
    assert answer.is_complete


def test_after_the_last_event_no_client_is_told_to_come_back() -> None:
    assert b"retry" not in World(ends_after_s=2).ask().body


def test_a_client_that_has_had_the_end_is_told_to_stop_asking() -> None:
    answer = World(ends_after_s=0).ask(last_event_id="102")
    assert (answer.status, answer.body, answer.is_complete) == (204, b"", True)
    assert "content-type" not in answer.headers


def test_a_client_that_comes_back_hears_only_what_follows() -> None:
    answer = World(ends_after_s=0).ask(last_event_id="1")
    assert [event.id for event in answer.events] == ["2", "102"]


def test_a_failing_read_ends_the_stream_so_that_it_can_be_gone_on_with_later() -> None:
    answer = World(fails_after_s=3).ask()
    assert [event.name for event in answer.events] == ["queued"]
    assert answer.body.endswith(b"\n\nretry: 5000\n\n")
    assert answer.is_complete


def test_a_read_that_fails_before_the_stream_begins_is_an_error_and_no_stream() -> None:
    answer = World(fails_after_s=0).ask()
    assert (answer.status, answer.headers["content-type"]) == (500, "application/json")
    assert json.loads(answer.body)["error"]["code"] == "internal"


def test_a_client_that_leaves_ends_the_reading_at_once() -> None:
    async def leave_after_ten_reads() -> int:
        exchange = Exchange()

        async def sleep(duration_s: float) -> None:
            world.clock.sleep(duration_s)
            if world.jobs.reads == 10:
                exchange.leave()
                await asyncio.Event().wait()  # As long as it takes to be told.

        world = World(sleep=sleep)
        await asyncio.wait_for(
            world.app(scope(PATH, query=f"token={TOKEN}"), exchange.receive, exchange.send), timeout=10
        )
        return world.jobs.reads

    assert asyncio.run(leave_after_ten_reads()) == 10


def test_two_hundred_streams_at_once_all_hear_the_end() -> None:
    world = World(ends_after_s=2)

    async def all_at_once() -> list[Exchange]:
        exchanges = [Exchange() for _ in range(200)]
        asked = scope(PATH, query=f"token={TOKEN}")
        await asyncio.gather(*(world.app(asked, each.receive, each.send) for each in exchanges))
        return exchanges

    answers = asyncio.run(all_at_once())
    assert {answer.events[-1].name for answer in answers} == {"completed"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/v1/jobs//stream"), ("GET", PATH + "/x"), ("POST", PATH), ("HEAD", PATH)],
)
def test_nothing_but_the_route_is_served(method: str, path: str) -> None:
    answer = ask(World().app, scope(path, method=method))
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (404, "not_found")


def test_a_base_path_of_a_custom_domain_is_passed_over() -> None:
    answer = ask(World(ends_after_s=0).app, scope(f"/api{PATH}", query=f"token={TOKEN}"))
    assert answer.status == 200


def test_the_test_parser_takes_nothing_but_a_stream() -> None:
    with pytest.raises(AssertionError):
        parse_events("event: queued\nid: 1\ndata: {}\nnote: x\n\n")
