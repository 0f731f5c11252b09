"""The wire all adapters share: faults, deadlines, caps, addresses."""

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corent.core.upstream import Failure, UpstreamError
from corent.providers._http import (
    LOOK_UP_MAX_BYTES,
    REPLY_MAX_BYTES,
    Reply,
    Wire,
    failure_of,
    failure_of_submit,
    make_client,
    matches_host,
    retry_after_s,
    versioned,
)
from corent.providers.credentials import Credentials
from tests.providers.doubles import KEY, Answer, FakeClock, Script, Stream

BASE_URL = "https://up.example/v1"


def wire(*answers: Answer, clock: FakeClock | None = None, base_url: str = BASE_URL) -> Wire:
    script = Script(*answers)
    return Wire(script.client(), base_url=base_url, headers={"x-key": KEY}, clock=clock or FakeClock())


def buy(subject: Wire) -> Reply:
    return subject.buy_json("/make", {"prompt": "a fox"}, deadline=subject.start(10))


def look_up(subject: Wire) -> Reply:
    return subject.look_up("/task/1", deadline=subject.start(10))


@pytest.mark.parametrize(
    "fault", [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")], ids=repr
)
def test_a_purchase_that_was_never_sent_is_unavailable(fault: Exception) -> None:
    with pytest.raises(UpstreamError) as caught:
        buy(wire(fault))
    assert caught.value.failure is Failure.UNAVAILABLE


LOST_ANSWERS = [
    httpx.ReadTimeout("x"),
    httpx.ReadError("x"),
    httpx.RemoteProtocolError("x"),
    httpx.WriteError("x"),
    httpx.WriteTimeout("x"),
]


@pytest.mark.parametrize("fault", LOST_ANSWERS, ids=repr)
def test_a_purchase_whose_answer_was_lost_is_unknown(fault: Exception) -> None:
    with pytest.raises(UpstreamError) as caught:
        buy(wire(fault))
    assert caught.value.failure is Failure.UNKNOWN


@pytest.mark.parametrize("fault", [*LOST_ANSWERS, httpx.ConnectError("x"), httpx.PoolTimeout("x")], ids=repr)
def test_a_look_up_that_was_not_answered_leaves_the_work_unknown(fault: Exception) -> None:
    with pytest.raises(UpstreamError) as caught:
        look_up(wire(fault))
    assert caught.value.failure is Failure.UNKNOWN


def test_a_purchase_cut_off_in_its_answer_is_unknown() -> None:
    def cut() -> Iterator[bytes]:
        yield b'{"data":'
        raise httpx.ReadError("reset")

    with pytest.raises(UpstreamError) as caught:
        buy(wire(httpx.Response(200, stream=Stream(cut()))))
    assert caught.value.failure is Failure.UNKNOWN


def test_a_dripping_answer_ends_at_the_deadline() -> None:
    clock = FakeClock()
    drip = Stream(itertools.repeat(b" "), before_each=lambda: clock.sleep(1))
    with pytest.raises(UpstreamError) as caught:
        buy(wire(httpx.Response(200, stream=drip), clock=clock))
    assert caught.value.failure is Failure.UNKNOWN
    assert clock.monotonic_s() == 10


def test_nothing_is_sent_after_the_deadline() -> None:
    clock = FakeClock()
    script = Script(httpx.Response(200))
    subject = Wire(script.client(), base_url=BASE_URL, headers={}, clock=clock)
    deadline = subject.start(5)
    clock.sleep(5)
    with pytest.raises(UpstreamError) as caught:
        subject.buy_json("/make", {}, deadline=deadline)
    assert caught.value.failure is Failure.UNAVAILABLE
    assert script.requests == []


def test_each_request_waits_only_for_what_is_left_of_the_deadline() -> None:
    clock = FakeClock()
    script = Script(httpx.Response(200))
    subject = Wire(script.client(), base_url=BASE_URL, headers={}, clock=clock)
    deadline = subject.start(10)
    clock.sleep(7)
    subject.look_up("/task/1", deadline=deadline)
    assert script.requests[0].extensions["timeout"]["read"] == 3


@pytest.mark.parametrize(("call", "cap_bytes"), [(buy, REPLY_MAX_BYTES), (look_up, LOOK_UP_MAX_BYTES)])
def test_an_answer_over_the_cap_is_dropped_before_it_is_whole(
    call: Callable[[Wire], Reply], cap_bytes: int
) -> None:
    part = bytes(1024 * 1024)
    taken = itertools.count(1)
    endless = Stream(itertools.repeat(part), before_each=lambda: assert_at_most(next(taken), cap_bytes))
    with pytest.raises(UpstreamError) as caught:
        call(wire(httpx.Response(200, stream=endless)))
    assert caught.value.failure is Failure.BAD_REPLY


def assert_at_most(parts: int, cap_bytes: int) -> None:
    assert parts <= cap_bytes // (1024 * 1024) + 1


def test_a_compressed_answer_is_not_unpacked() -> None:
    packed = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Stream(iter([b"\x1f\x8b"])))
    with pytest.raises(UpstreamError) as caught:
        buy(wire(packed))
    assert caught.value.failure is Failure.BAD_REPLY


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe",
        b'{"a":NaN}',
        b'{"a":1',
        b"[" * 200_000,
        b"1" * 5_000,
    ],
    ids=["empty", "html", "not utf-8", "nan", "cut", "deep", "long number"],
)
def test_what_is_not_json_is_a_bad_reply(body: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        Reply(status=200, headers=httpx.Headers(), body=body).document()
    assert caught.value.failure is Failure.BAD_REPLY


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (204, Failure.BAD_REPLY),
        (302, Failure.BAD_REPLY),
        (400, Failure.INVALID_INPUT),
        (401, Failure.AUTH),
        (402, Failure.QUOTA),
        (403, Failure.AUTH),
        (404, Failure.INVALID_INPUT),
        (408, Failure.UNAVAILABLE),
        (409, Failure.UNAVAILABLE),
        (413, Failure.INVALID_INPUT),
        (418, Failure.INVALID_INPUT),
        (422, Failure.INVALID_INPUT),
        (429, Failure.RATE_LIMITED),
        (500, Failure.UNAVAILABLE),
        (503, Failure.UNAVAILABLE),
        (529, Failure.UNAVAILABLE),
    ],
)
def test_a_status_has_one_meaning_by_default(status: int, failure: Failure) -> None:
    assert failure_of(status) is failure


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (302, Failure.BAD_REPLY),
        (400, Failure.UNKNOWN),
        (401, Failure.UNKNOWN),
        (402, Failure.UNKNOWN),
        (404, Failure.EXPIRED),
        (410, Failure.EXPIRED),
        (429, Failure.RATE_LIMITED),
        (500, Failure.UNKNOWN),
    ],
)
def test_a_look_up_that_was_refused_says_nothing_of_the_work(status: int, failure: Failure) -> None:
    subject = wire(httpx.Response(status))
    assert subject.not_told(look_up(subject)).failure is failure


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Mon, 22 Nov 2026 09:50:30 GMT"}, 30.0),
        ({"retry-after": "Mon, 22 Nov 2020 09:50:30 GMT"}, 0.0),
        ({"retry-after": "999999"}, 3600.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "1e9"}, None),
    ],
)
def test_reads_how_long_to_wait(headers: dict[str, str], wait_s: float | None) -> None:
    assert retry_after_s(httpx.Headers(headers), now_ms=1_795_341_000_000) == wait_s


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
@settings(max_examples=300, deadline=None)
def test_no_wait_header_can_break_the_reader(text: str) -> None:
    wait_s = retry_after_s(httpx.Headers({"retry-after": text}), now_ms=0)
    assert wait_s is None or 0 <= wait_s <= 3600


def test_an_error_keeps_the_wait_its_headers_ask_for() -> None:
    subject = wire(httpx.Response(429, headers={"retry-after": "3"}))
    assert subject.refused(buy(subject)).retry_after_s == 3


@pytest.mark.parametrize("status", [504, 524])
def test_a_gateway_that_gave_up_waiting_does_not_say_whether_work_was_accepted(status: int) -> None:
    assert failure_of_submit(status) is Failure.UNKNOWN


@pytest.mark.parametrize("status", [200, 204, 400, 401, 402, 404, 422, 429, 500, 502, 503])
def test_any_other_status_means_the_same_at_a_submit_as_elsewhere(status: int) -> None:
    assert failure_of_submit(status) is failure_of(status)


def ask(subject: Wire, *, may_be_missing: bool = False) -> bool:
    return subject.ask("/list?limit=1", may_be_missing=may_be_missing, deadline=subject.start(10))


def test_a_probe_goes_out_with_the_key_and_costs_one_request() -> None:
    script = Script(httpx.Response(200, json={"data": []}))
    assert ask(Wire(script.client(), base_url=BASE_URL, headers={"x-key": KEY}, clock=FakeClock()))
    (request,) = script.requests
    assert (request.method, str(request.url)) == ("GET", f"{BASE_URL}/list?limit=1")
    assert request.headers["x-key"] == KEY


def test_a_probe_of_what_may_be_missing_says_whether_it_was_there() -> None:
    assert ask(wire(httpx.Response(204)), may_be_missing=True)
    assert not ask(wire(httpx.Response(404)), may_be_missing=True)


def test_a_probe_that_drips_past_its_deadline_is_unavailable() -> None:
    clock = FakeClock()
    slow = Stream(iter([b"{"] * 3), before_each=lambda: clock.sleep(6))
    with pytest.raises(UpstreamError) as caught:
        ask(wire(httpx.Response(200, stream=slow), clock=clock))
    assert caught.value.failure is Failure.UNAVAILABLE


def cancel(subject: Wire) -> None:
    subject.cancel("PUT", "/task/1/cancel", deadline=subject.start(10))


def test_a_wish_to_stop_goes_out_with_the_key_and_no_body() -> None:
    script = Script(httpx.Response(202))
    cancel(Wire(script.client(), base_url=BASE_URL, headers={"x-key": KEY}, clock=FakeClock()))
    (request,) = script.requests
    assert (request.method, str(request.url)) == ("PUT", f"{BASE_URL}/task/1/cancel")
    assert request.headers["x-key"] == KEY
    assert request.headers["content-length"] == "0"


@pytest.mark.parametrize("status", [200, 202, 204, 400, 404, 409, 410, 422])
def test_a_wish_to_stop_was_heard_also_where_it_came_too_late(status: int) -> None:
    cancel(wire(httpx.Response(status, text="<html>")))


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (httpx.Response(401), Failure.UNKNOWN),
        (httpx.Response(403), Failure.UNKNOWN),
        (httpx.Response(429), Failure.RATE_LIMITED),
        (httpx.Response(500), Failure.UNKNOWN),
        (httpx.Response(504), Failure.UNKNOWN),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
        (httpx.ConnectError("x"), Failure.UNKNOWN),
    ],
)
def test_a_wish_to_stop_that_was_not_heard_is_said(answer: Answer, failure: Failure) -> None:
    with pytest.raises(UpstreamError) as caught:
        cancel(wire(answer))
    assert caught.value.failure is failure


def test_redirects_are_not_followed() -> None:
    script = Script(httpx.Response(307, headers={"location": "http://169.254.169.254/"}))
    http = httpx.Client(transport=httpx.MockTransport(script), follow_redirects=True)
    subject = Wire(http, base_url=BASE_URL, headers={}, clock=FakeClock())
    assert buy(subject).status == 307
    assert len(script.requests) == 1


def test_asks_for_an_answer_that_is_not_compressed() -> None:
    script = Script(httpx.Response(200))
    buy(Wire(script.client(), base_url=BASE_URL, headers={}, clock=FakeClock()))
    assert script.requests[0].headers["accept-encoding"] == "identity"


def test_a_prompt_that_is_no_valid_unicode_is_sent_all_the_same() -> None:
    script = Script(httpx.Response(200), httpx.Response(200))
    subject = Wire(script.client(), base_url=BASE_URL, headers={}, clock=FakeClock())
    subject.buy_json("/make", {"prompt": "\ud800"}, deadline=subject.start(5))
    subject.buy_form("/edit", {"prompt": "\ud800"}, files={}, deadline=subject.start(5))
    assert [request.url.path for request in script.requests] == ["/v1/make", "/v1/edit"]


@pytest.mark.parametrize(
    "url",
    [
        None,
        5,
        "",
        "/v1/task/1",
        "http://up.example/v1/task/1",
        "https://up.example.evil.example/v1",
        "https://notlisted.example/",
        "https://user@up.example/v1",
        "https://api.cdn.example:8443/",
        "https://cdn.example/",
        "https://xcdn.example/",
        "https://up.example:99999/",
        "https://up.example/\x00",
        "ftp://api.cdn.example/",
        "https://[::1/",
        "https://up.example/" + "a" * 5_000,
    ],
)
def test_an_address_of_somebody_else_is_not_trusted(url: object) -> None:
    with pytest.raises(UpstreamError) as caught:
        wire().trusted(url, hosts=(".cdn.example",))
    assert caught.value.failure is Failure.BAD_REPLY


@pytest.mark.parametrize(
    "url",
    ["https://up.example/v1/task/1?id=2", "https://UP.example:443/v1", "https://eu.cdn.example/v1/task"],
)
def test_an_address_of_the_upstream_is_trusted(url: str) -> None:
    assert wire().trusted(url, hosts=(".cdn.example",)) == str(httpx.URL(url))


def test_a_result_on_another_port_of_a_stand_in_may_be_fetched_but_gets_no_key() -> None:
    subject = wire(base_url="http://127.0.0.1:9001")
    url = "http://127.0.0.1:9002/file.png"
    assert subject.remote_file(url, hosts=("127.0.0.1",)).url == url
    with pytest.raises(UpstreamError):
        subject.trusted(url)


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_no_address_can_break_the_judge(text: str) -> None:
    for candidate in (text, f"https://{text}", f"https://up.example/{text}"):
        with contextlib.suppress(UpstreamError):
            assert httpx.URL(wire().trusted(candidate)).host == "up.example"


@pytest.mark.parametrize(
    "base_url", ["", "up.example", "ftp://up.example", "https://", "https://u:p@up.example"]
)
def test_a_base_address_that_is_none_is_refused_at_once(base_url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        wire(base_url=base_url)


@pytest.mark.parametrize(
    ("base_url", "whole"),
    [
        ("https://up.example", "https://up.example/v1"),
        ("https://up.example/", "https://up.example/v1"),
        ("https://up.example/v1/", "https://up.example/v1"),
        ("https://up.example/v1beta", "https://up.example/v1beta"),
        ("https://up.example/openai", "https://up.example/openai/v1"),
        ("https://up.example/vision", "https://up.example/vision/v1"),
    ],
)
def test_a_base_address_gets_the_version_it_lacks(base_url: str, whole: str) -> None:
    assert versioned(base_url, version="v1") == whole


@pytest.mark.parametrize(
    ("host", "matches"),
    [("a.example", True), ("x.b.example", True), ("b.example", False), ("xa.example", False)],
)
def test_a_host_matches_a_name_or_a_suffix_with_a_dot(host: str, *, matches: bool) -> None:
    assert matches_host(host, hosts=("a.example", ".b.example")) is matches


@pytest.mark.parametrize("api_key", ["k\n", "k k", "k\u00e9", "\x00"])
def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(api_key: str) -> None:
    with pytest.raises(ValueError, match="api_key must be") as caught:
        Credentials(api_key=api_key)
    assert api_key not in str(caught.value)


def test_credentials_do_not_show_their_key() -> None:
    assert KEY not in repr(Credentials(api_key=KEY))


def test_the_shared_client_reads_no_proxy_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with make_client() as http, answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as base_url:
        subject = Wire(http, base_url=base_url, headers={})
        assert subject.look_up("/x", deadline=subject.start(5)).document() == {}


def test_the_shared_client_keeps_no_cookies() -> None:
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\n{}"
    with make_client() as http, answering(answer) as base_url:
        subject = Wire(http, base_url=base_url, headers={})
        subject.look_up("/x", deadline=subject.start(5))
        assert list(http.cookies.jar) == []


def test_headers_that_drip_on_a_real_socket_end_at_the_deadline() -> None:
    head = b"HTTP/1.1 200 OK\r\nX-Drip: " + b"a" * 10_000
    with make_client() as http, answering(head, byte_every_s=0.02) as base_url:
        subject = Wire(http, base_url=base_url, headers={})
        began_s = time.monotonic()
        with pytest.raises(UpstreamError) as caught:
            subject.buy_json("/x", {}, deadline=subject.start(0.3))
    assert caught.value.failure is Failure.UNKNOWN
    assert time.monotonic() - began_s < 0.8


class answering:  # noqa: N801 - reads as a verb where it is used
    """A loopback server that answers one connection with these bytes, all at once or one by one."""

    def __init__(self, answer: bytes, *, byte_every_s: float | None = None) -> None:
        self._answer = answer
        self._byte_every_s = byte_every_s
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.recv(65_536)
            if self._byte_every_s is None:
                connection.sendall(self._answer)
                return
            for byte in self._answer:
                if self._over.wait(self._byte_every_s):
                    return
                connection.sendall(bytes([byte]))
