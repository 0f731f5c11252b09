"""The sandbox's callbacks, sent to a small server on this machine."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sandbox import callbacks

from tests.functions.sandbox_service import Message, Service, emulated_cloud, running_service


class Listener(HTTPServer):
    """Answers one after the other with `statuses`, the last one for good, and keeps what it was sent."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.heard: list[tuple[str, str, object]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/callbacks/sandbox/token?x=1"


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:  # the base class calls it so
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, self.headers["Content-Type"], json.loads(body)))
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def emulated() -> Iterator[None]:
    with emulated_cloud():
        yield


@pytest.fixture
def upstream(emulated: None) -> Iterator[Service]:
    with running_service() as service:
        yield service


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener(200) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def filmed(upstream: Service, listener: Listener, **changes: object) -> str:
    generation_id: str = upstream.film(callback_url=listener.url, **changes).body["id"]
    return generation_id


def test_a_callback_comes_when_the_video_is_done_and_not_before(
    upstream: Service, listener: Listener
) -> None:
    generation_id = filmed(upstream, listener)
    upstream.pass_time(3_999)
    before = list(listener.heard)
    upstream.pass_time(1)
    assert before == []
    sent = {"id": generation_id, "status": "done"}
    assert listener.heard == [("/v1/callbacks/sandbox/token?x=1", "application/json", sent)]
    assert upstream.look(generation_id).body["status"] == "done"


def test_a_callback_says_that_a_video_failed(upstream: Service, listener: Listener) -> None:
    generation_id = filmed(upstream, listener, prompt="a fox [die-first]")
    upstream.pass_time(2_000)
    assert [heard[2] for heard in listener.heard] == [{"id": generation_id, "status": "failed"}]


@pytest.mark.parametrize("word", ["[expire-first]", "[garbage-first]"])
def test_a_spoilt_video_is_told_as_done(upstream: Service, listener: Listener, word: str) -> None:
    generation_id = filmed(upstream, listener, prompt=f"a fox {word}")
    upstream.pass_time(4_000)
    assert [heard[2] for heard in listener.heard] == [{"id": generation_id, "status": "done"}]


def test_a_callback_comes_when_images_are_done(upstream: Service, listener: Listener) -> None:
    generation_id = upstream.submit(callback_url=listener.url).body["id"]
    upstream.work()
    before = list(listener.heard)
    upstream.pass_time(1_000)
    assert before == []
    assert [heard[2] for heard in listener.heard] == [{"id": generation_id, "status": "done"}]


@pytest.mark.parametrize("kind", ["image", "video"])
def test_a_silent_generation_is_done_without_a_callback(
    upstream: Service, listener: Listener, kind: str
) -> None:
    order = upstream.film if kind == "video" else upstream.submit
    generation_id = order(callback_url=listener.url, prompt="a fox [silent]").body["id"]
    upstream.pass_time(20_000)
    assert (listener.heard, upstream.look(generation_id).body["status"]) == ([], "done")


@pytest.mark.parametrize("worked_ms", [0, 2_000])
def test_a_cancelled_generation_is_never_told(upstream: Service, listener: Listener, worked_ms: int) -> None:
    generation_id = filmed(upstream, listener)
    upstream.pass_time(worked_ms)
    upstream.cancel(generation_id)
    upstream.pass_time(20_000)
    assert (listener.heard, upstream.queue.messages) == ([], [])


@pytest.mark.parametrize("status", [500, 404, 302])
def test_a_callback_that_was_not_taken_comes_again(
    upstream: Service, listener: Listener, status: int
) -> None:
    listener.statuses = [status, 204]
    filmed(upstream, listener)
    upstream.pass_time(4_000)
    once = len(listener.heard)
    upstream.pass_time(60_000)
    assert (once, len(listener.heard), upstream.queue.messages) == (1, 2, [])


def test_a_callback_that_nobody_hears_comes_again(upstream: Service, listener: Listener) -> None:
    with Listener(200) as gone:
        url = gone.url
    generation_id = upstream.film(callback_url=url).body["id"]
    upstream.pass_time(10_000)
    assert [message.task for message in upstream.queue.messages] == ["tell"]
    assert upstream.record(generation_id)["told_at_ms"] is None


def test_a_callback_task_that_comes_twice_is_told_once(upstream: Service, listener: Listener) -> None:
    filmed(upstream, listener)
    upstream.pass_time(4_000)
    tell = next(message for message in upstream.queue.sent if message.task == "tell")
    assert upstream.hand_over(Message(tell.body, 0))
    assert len(listener.heard) == 1


def test_a_callback_task_that_comes_early_waits(upstream: Service, listener: Listener) -> None:
    generation_id = filmed(upstream, listener)
    upstream.work()
    early = Message(json.dumps({"generation_id": generation_id, "task": "tell"}), 0)
    assert upstream.hand_over(early)
    assert listener.heard == []
    assert all(message.visible_at_ms == upstream.time_ms + 4_000 for message in upstream.queue.messages)


def test_a_late_video_is_told_across_the_longest_delay(upstream: Service, listener: Listener) -> None:
    filmed(upstream, listener, prompt="a fox [late]")
    upstream.work()
    assert [message.visible_at_ms - upstream.time_ms for message in upstream.queue.messages] == [600_000]


def test_a_failed_callback_does_not_name_its_address(listener: Listener) -> None:
    listener.statuses = [500]
    with pytest.raises(callbacks.CallbackError) as caught:
        callbacks.post(listener.url, {"id": "gen_1", "status": "done"})
    assert str(caught.value) == "the callback was answered with 500"


def test_a_redirection_is_not_followed(listener: Listener) -> None:
    listener.statuses = [307, 200]
    with pytest.raises(callbacks.CallbackError):
        callbacks.post(listener.url, {"id": "gen_1", "status": "done"})
    assert len(listener.heard) == 1
