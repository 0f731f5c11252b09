"""The one way to post to foreign addresses: whom it calls, what it sends, and how little it takes back."""

import socket
import ssl
import threading
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from corent.adapters import foreign_calls
from corent.adapters.safe_post import ANSWER_READ_MAX_BYTES, SafePost
from corent.core.sending import Answer, SendFailedError, SendRefusedError
from tests.fakes import START_MS, FakeClock
from tests.hostile_urls import HOSTILE, lead_inside
from tests.outside import PUBLIC, Authority, Connects, Resolver, took_s
from tests.raw_server import Answer as RawAnswer
from tests.raw_server import RawServer, drips, ok, sends

LOOPBACK = frozenset({"127.0.0.1"})
PLAIN = SafePost(http_hosts=LOOPBACK, clock=FakeClock())
SHORT_S = 0.5
SHORT = SafePost(http_hosts=LOOPBACK, timeout_s=SHORT_S)
HEAD = b"HTTP/1.1 200 OK\r\n"
HEADERS = (("Content-Type", "application/json"), ("webhook-id", "evt_1"))


def receiver(answer: RawAnswer, *, tls: ssl.SSLContext | None = None) -> RawServer:
    return RawServer(answer, tls=tls, bodies=True)


def local(server: RawServer, path: str = "/hook") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def posted(answer: RawAnswer, *, post: SafePost = PLAIN) -> Answer:
    with receiver(answer) as server:
        return post(local(server), body=b"{}", headers=HEADERS)


def status_line(status: int, *headers: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 %d So" % status, b"Content-Length: 0", *headers, b"", b""])


# ---- Whom it calls -----------------------------------------------------------------------------------


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_url_is_refused_before_a_socket_opens(url: str, connects: Connects) -> None:
    with pytest.raises(SendRefusedError):
        SafePost(resolve=lead_inside)(url, body=b"{}", headers=())
    assert connects.asked == []


def test_check_refuses_without_resolving_anything() -> None:
    resolver = Resolver()
    post = SafePost(resolve=resolver)
    post.check("https://hooks.example/")
    with pytest.raises(SendRefusedError):
        post.check("https://127.0.0.1/")
    assert resolver.asked == []


def test_every_attempt_judges_the_name_anew(connects: Connects) -> None:
    post = SafePost(resolve=Resolver([PUBLIC], ["169.254.169.254"]))
    with pytest.raises(SendFailedError):
        post("https://rebind.example/", body=b"{}", headers=())
    with pytest.raises(SendRefusedError):
        post("https://rebind.example/", body=b"{}", headers=())
    assert connects.asked == [(PUBLIC, 443)]


def test_plain_http_is_only_for_the_hosts_it_is_allowed_for() -> None:
    with receiver(sends(ok(b""))) as server:
        with pytest.raises(SendRefusedError):
            SafePost()(local(server), body=b"{}", headers=())
        with pytest.raises(SendRefusedError):
            PLAIN(f"http://localhost:{server.port}/", body=b"{}", headers=())
    assert server.requests == []


def test_proxy_variables_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver(sends(ok(b""))) as proxy, receiver(sends(status_line(204))) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert PLAIN(local(server), body=b"{}", headers=()) == Answer(204)
    assert proxy.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", [b"https://169.254.169.254/", b"/again", b"https://hooks.example/"])
def test_a_redirect_is_its_status_and_is_never_followed(
    status: int, location: bytes, connects: Connects
) -> None:
    resolver = Resolver()
    post = SafePost(http_hosts=frozenset({"hooks.local"}), resolve=resolver)
    with receiver(sends(status_line(status, b"Location: " + location))) as server:
        connects.port = server.port
        assert post("http://hooks.local/", body=b"{}", headers=()) == Answer(status)
    assert len(server.requests) == len(connects.asked) == 1
    assert resolver.asked == []


# ---- What it sends -----------------------------------------------------------------------------------


def test_the_bytes_and_headers_go_out_as_they_were_given() -> None:
    body = '{"prompt":"naïve 狐","x":1.0}'.encode()
    with receiver(sends(ok(b""))) as server:
        PLAIN(local(server, "/hook?a=1&b=%20"), body=body, headers=HEADERS)
    (request,) = server.requests
    head, _, sent = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hook?a=1&b=%20 HTTP/1.1\r\n")
    assert b"\r\nContent-Type: application/json\r\n" in head
    assert b"\r\nwebhook-id: evt_1" in head
    assert sent == body


def test_a_header_that_would_split_the_request_sends_nothing() -> None:
    with receiver(sends(ok(b""))) as server, pytest.raises(SendFailedError):
        PLAIN(local(server), body=b"{}", headers=(("webhook-id", "evt\r\nX-Other: 1"),))
    assert all(b"X-Other" not in request for request in server.requests)


def test_the_name_is_kept_for_tls_and_host(authority: Authority, connects: Connects) -> None:
    names: list[str | None] = []
    with receiver(sends(status_line(200)), tls=authority.server("hooks.example", names=names)) as server:
        connects.port = server.port
        post = SafePost(resolve=Resolver([PUBLIC]))
        assert post("https://hooks.example/hook", body=b"{}", headers=()) == Answer(200)
    assert names == ["hooks.example"]
    assert b"\r\nHost: hooks.example\r\n" in server.requests[0]


def test_a_certificate_for_another_name_gets_no_message(authority: Authority, connects: Connects) -> None:
    with receiver(sends(ok(b"")), tls=authority.server("other.example", names=[])) as server:
        connects.port = server.port
        with pytest.raises(SendFailedError):
            SafePost(resolve=Resolver([PUBLIC]))("https://hooks.example/", body=b"{}", headers=())
    assert server.requests == []


# ---- What it takes back ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 204, 299, 304, 400, 404, 410, 429, 500, 503, 599])
def test_the_status_is_the_answer(status: int) -> None:
    assert posted(sends(status_line(status))) == Answer(status)


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        (b"Retry-After: 120", 120.0),
        (b"Retry-After:  0 ", 0.0),
        (
            b"Retry-After: " + format_datetime(datetime.fromtimestamp(START_MS / 1000 + 90, UTC)).encode(),
            90.0,
        ),
        (b"Retry-After: Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        (b"Retry-After: soon", None),
        (b"Retry-After: -5", None),
        (b"Retry-After: 1e9", None),
        (b"Retry-After: 99999999999999999999", None),
        (b"Retry-After: \xb2", None),
        (b"X-Other: 1", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(header: bytes, wait_s: float | None) -> None:
    assert posted(sends(status_line(503, header))).retry_after_s == wait_s


@pytest.mark.parametrize(
    "answer", [b"", b"not http at all\r\n\r\n", b"HTTP/1.1 999999 No\r\n\r\n", b"HTTP/1.1\r\n\r\n"]
)
def test_a_broken_answer_is_a_failure(answer: bytes) -> None:
    with pytest.raises(SendFailedError):
        posted(sends(answer))


def test_a_closed_port_is_a_failure() -> None:
    with receiver(sends(b"")) as server:
        url = local(server)
    with pytest.raises(SendFailedError):
        PLAIN(url, body=b"{}", headers=())


@pytest.mark.parametrize("framing", [b"Content-Length: 99999999999\r\n", b""], ids=["announced", "endless"])
def test_no_more_than_the_cap_of_an_endless_answer_is_read(framing: bytes) -> None:
    sent = []

    def endless(connection: socket.socket) -> None:
        connection.sendall(HEAD + framing + b"\r\n")
        while True:
            connection.sendall(bytes(65_536))
            sent.append(65_536)

    assert posted(endless) == Answer(200)
    # What the kernel's buffers take on top of what was read is a few megabytes at most.
    assert sum(sent) < ANSWER_READ_MAX_BYTES + 20_000_000


def test_a_receiver_that_writes_an_ordinary_body_is_not_cut_off() -> None:
    body = b"x" * ANSWER_READ_MAX_BYTES
    ends = []
    ended = threading.Event()

    def answer(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        try:
            ends.append(connection.recv(1))  # Who closes with something unread resets the connection.
        except ConnectionResetError:
            ends.append(b"reset")
        ended.set()

    assert posted(answer) == Answer(200)
    assert ended.wait(5)
    assert ends == [b""]


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 10\r\n\r\nshort",
        b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nxxxx",
    ],
)
def test_a_body_that_is_broken_changes_nothing(rest: bytes) -> None:
    assert posted(sends(HEAD + rest)) == Answer(200)


# ---- Time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 2", HEAD + b"X-Header: ", b"HTTP/1.1 100 Continue\r\n"], ids=repr
)
def test_a_head_that_drips_is_left_at_the_deadline(start: bytes) -> None:
    with receiver(drips(start, every_s=0.02)) as server, pytest.raises(SendFailedError):
        took_s(
            lambda: SHORT(local(server), body=b"{}", headers=()),
            less_than_s=SHORT_S + 0.5,
        )


@pytest.mark.parametrize(
    "start",
    [HEAD + b"\r\n", HEAD + b"Content-Length: 1000\r\n\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"],
)
def test_a_body_that_drips_is_left_at_the_deadline_with_its_status(start: bytes) -> None:
    answers = []
    with receiver(drips(start, every_s=0.02)) as server:
        took_s(
            lambda: answers.append(SHORT(local(server), body=b"{}", headers=())), less_than_s=SHORT_S + 0.5
        )
    assert answers == [Answer(200)]


def test_a_silent_server_is_left_at_the_deadline() -> None:
    with receiver(lambda connection: connection.recv(1)) as server, pytest.raises(SendFailedError):
        took_s(lambda: SHORT(local(server), body=b"{}", headers=()), less_than_s=SHORT_S + 0.5)


def test_a_receiver_that_reads_nothing_is_left_at_the_deadline() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with listener, pytest.raises(SendFailedError):
        took_s(lambda: SHORT(url, body=bytes(20_000_000), headers=()), less_than_s=SHORT_S + 0.5)


def test_a_dripping_handshake_is_left_at_the_deadline(connects: Connects) -> None:
    with receiver(drips(b"\x16\x03\x03\x40\x00", every_s=0.02)) as server:
        connects.port = server.port
        post = SafePost(resolve=Resolver([PUBLIC]), timeout_s=SHORT_S)
        with pytest.raises(SendFailedError):
            took_s(lambda: post("https://hooks.example/", body=b"{}", headers=()), less_than_s=SHORT_S + 0.5)


def test_connecting_has_a_limit_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = []

    def connect(_address: object, timeout: float) -> socket.socket:
        limits.append(timeout)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(SendFailedError):
        SafePost(resolve=Resolver([PUBLIC]))("https://hooks.example/", body=b"{}", headers=())
    assert limits == [foreign_calls.CONNECT_TIMEOUT_S] == [3.0]
