"""The one way out to foreign addresses: redirects, time, size, TLS, and what is no file."""

import gzip
import socket
import threading

import pytest

from corent.adapters import foreign_calls
from corent.adapters.safe_fetch import SafeFetch
from corent.core.fetching import FetchFailedError, FetchLimits, FetchRefusedError
from tests.outside import PUBLIC, Authority, Connects, Resolver, took_s
from tests.raw_server import Answer, RawServer, drips, ok, sends

PLAIN = SafeFetch(http_hosts=frozenset({"127.0.0.1"}))
LIMITS = FetchLimits(bytes_max=1_000_000, timeout_s=5.0, redirects_max=3)
SHORT = FetchLimits(bytes_max=1_000_000, timeout_s=0.5, redirects_max=3)
INSIDE = {"metadata.rebind.example": "169.254.169.254"}


def local(server: RawServer, path: str = "/") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def fetched(
    answer: Answer, *, limits: FetchLimits = LIMITS, headers: tuple[tuple[str, str], ...] = ()
) -> bytes:
    with RawServer(answer) as server:
        return PLAIN(local(server), limits=limits, headers=headers)


def test_plain_http_is_only_for_the_hosts_it_is_allowed_for() -> None:
    with RawServer(sends(ok(b"picture"))) as server:
        assert PLAIN(local(server), limits=LIMITS) == b"picture"
        with pytest.raises(FetchRefusedError):
            SafeFetch()(local(server), limits=LIMITS)
        with pytest.raises(FetchRefusedError):
            PLAIN(f"http://localhost:{server.port}/", limits=LIMITS)
    assert len(server.requests) == 1


def test_proxy_variables_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(sends(ok(b"from the proxy"))) as proxy, RawServer(sends(ok(b"direct"))) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert PLAIN(local(server), limits=LIMITS) == b"direct"
    assert proxy.requests == []


# ---- Redirects ---------------------------------------------------------------------------------------


def redirect(location: str, *, status: int = 302) -> bytes:
    return b"HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, location.encode())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/",
        "https://[fd00:ec2::254]/",
        "https://metadata.rebind.example/",
        "file:///etc/passwd",
        "//127.0.0.1/",
        "https://user@example.com/",
        "http://[",
    ],
)
def test_a_redirect_inside_is_refused_without_a_further_connect(
    status: int, location: str, connects: Connects
) -> None:
    fetch = SafeFetch(http_hosts=frozenset({"upstream.example"}), resolve=lambda host, _: [INSIDE[host]])
    with RawServer(sends(redirect(location, status=status))) as server:
        connects.port = server.port
        with pytest.raises(FetchRefusedError):
            fetch("http://upstream.example/", limits=LIMITS)
    assert len(connects.asked) == 1


def test_a_redirect_off_the_list_is_refused_unresolved() -> None:
    resolver = Resolver()
    fetch = SafeFetch(http_hosts=frozenset({"127.0.0.1"}), resolve=resolver)
    with RawServer(sends(redirect("https://elsewhere.example/"))) as server, pytest.raises(FetchRefusedError):
        fetch(local(server), limits=LIMITS, allowed_hosts=("127.0.0.1",))
    assert resolver.asked == []


def test_a_relative_redirect_is_followed() -> None:
    answers = iter([redirect("/b?c=1"), ok(b"there")])
    with RawServer(lambda connection: connection.sendall(next(answers))) as server:
        assert PLAIN(local(server, "/a"), limits=LIMITS) == b"there"
    assert [request.split(b" ")[1] for request in server.requests] == [b"/a", b"/b?c=1"]


@pytest.mark.parametrize("hops", [0, 1, 3])
def test_no_more_redirects_are_followed_than_allowed(hops: int) -> None:
    limits = FetchLimits(bytes_max=10, timeout_s=5.0, redirects_max=hops)
    with RawServer(sends(redirect("/again"))) as server, pytest.raises(FetchFailedError):
        PLAIN(local(server), limits=limits)
    assert len(server.requests) == hops + 1


@pytest.mark.parametrize("status", [204, 206, 304, 400, 403, 404, 410, 500, 503])
def test_an_answer_that_is_no_file_is_a_failure(status: int) -> None:
    answer = b"HTTP/1.1 %d No\r\nContent-Length: 2\r\n\r\nhi" % status
    with pytest.raises(FetchFailedError, match=str(status)):
        fetched(sends(answer))


def test_a_redirect_without_a_location_is_a_failure() -> None:
    with pytest.raises(FetchFailedError, match="302"):
        fetched(sends(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"))


# ---- Time and size -----------------------------------------------------------------------------------


HEAD = b"HTTP/1.1 200 OK\r\n"
DRIPPING = {
    "status line": b"HTTP/1.1 2",
    "headers": HEAD + b"X-Header: ",
    "body of known length": HEAD + b"Content-Length: 100000\r\n\r\n",
    "body that ends with the connection": HEAD + b"\r\n",
    "chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n40000\r\n",
    "chunk length": HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
    "error": b"HTTP/1.1 100 Continue\r\n",
}


@pytest.mark.parametrize("start", DRIPPING.values(), ids=DRIPPING)
def test_a_dripping_server_is_left_at_the_deadline(start: bytes) -> None:
    with RawServer(drips(start, every_s=0.02)) as server, pytest.raises(FetchFailedError):
        took_s(lambda: PLAIN(local(server), limits=SHORT), less_than_s=SHORT.timeout_s + 0.5)


def test_a_silent_server_is_left_at_the_deadline() -> None:
    with RawServer(lambda connection: connection.recv(1)) as server, pytest.raises(FetchFailedError):
        took_s(lambda: PLAIN(local(server), limits=SHORT), less_than_s=SHORT.timeout_s + 0.5)


def test_redirects_share_one_deadline() -> None:
    def slowly_onward(connection: socket.socket) -> None:
        threading.Event().wait(0.3)
        connection.sendall(redirect("/again"))

    with RawServer(slowly_onward) as server, pytest.raises(FetchFailedError):
        took_s(lambda: PLAIN(local(server), limits=SHORT), less_than_s=SHORT.timeout_s + 0.5)


def test_the_limit_for_connecting_does_not_bound_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign_calls, "CONNECT_TIMEOUT_S", 0.1)

    def after_a_while(connection: socket.socket) -> None:
        threading.Event().wait(0.3)
        connection.sendall(ok(b"late, but here"))

    assert fetched(after_a_while) == b"late, but here"


@pytest.mark.parametrize("framing", [b"Content-Length: 99999999999\r\n", b""], ids=["announced", "endless"])
def test_a_body_over_the_cap_is_refused_and_not_held(framing: bytes) -> None:
    sent = []

    def endless(connection: socket.socket) -> None:
        connection.sendall(HEAD + framing + b"\r\n")
        while True:
            connection.sendall(bytes(65_536))
            sent.append(65_536)

    limits = FetchLimits(bytes_max=1_000_000, timeout_s=5.0, redirects_max=0)
    with RawServer(endless) as server, pytest.raises(FetchRefusedError):
        PLAIN(local(server), limits=limits)
    # What the kernel's buffers take on top of what was read is a few megabytes at most.
    assert sum(sent) < 20_000_000


def test_a_body_of_exactly_the_cap_is_taken() -> None:
    limits = FetchLimits(bytes_max=100_000, timeout_s=5.0, redirects_max=0)
    assert fetched(sends(ok(b"x" * 100_000)), limits=limits) == b"x" * 100_000
    with pytest.raises(FetchRefusedError):
        fetched(sends(ok(b"x" * 100_001)), limits=limits)


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: 10\r\n\r\nshort",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nA\r\nshort",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"not http at all\r\n\r\n",
        b"",
    ],
)
def test_a_broken_answer_is_a_failure(answer: bytes) -> None:
    with pytest.raises(FetchFailedError):
        fetched(sends(answer))


def test_chunks_are_put_together() -> None:
    answer = HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    assert fetched(sends(answer)) == b"abcde"


def test_compression_is_not_asked_for_and_not_undone() -> None:
    compressed = gzip.compress(b"x" * 1000)
    with RawServer(sends(ok(compressed, b"Content-Encoding: gzip"))) as server:
        assert PLAIN(local(server), limits=LIMITS) == compressed
    assert b"accept-encoding: identity\r\n" in server.requests[0].lower()


def test_given_headers_go_along() -> None:
    with RawServer(sends(ok(b""))) as server:
        PLAIN(local(server), limits=LIMITS, headers=(("X-Key", "canary"),))
    assert b"X-Key: canary\r\n" in server.requests[0]


def test_a_closed_port_is_a_failure() -> None:
    with RawServer(sends(b"")) as server:
        url = local(server)
    with pytest.raises(FetchFailedError):
        PLAIN(url, limits=LIMITS)


# ---- TLS ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "host_header"),
    [
        ("https://images.example/a.png", b"images.example"),
        ("https://images.example:443/a.png", b"images.example"),
        ("https://images.example:8443/a.png", b"images.example:8443"),
    ],
)
def test_the_name_is_kept_for_tls_and_host(
    url: str, host_header: bytes, authority: Authority, connects: Connects
) -> None:
    names: list[str | None] = []
    context = authority.server("images.example", names=names)
    with RawServer(sends(ok(b"picture")), tls=context) as server:
        connects.port = server.port
        assert SafeFetch(resolve=Resolver([PUBLIC]))(url, limits=LIMITS) == b"picture"
    assert names == ["images.example"]
    assert b"\r\nHost: " + host_header + b"\r\n" in server.requests[0]


def test_each_hop_is_resolved_and_judged_anew(authority: Authority, connects: Connects) -> None:
    resolver = Resolver([PUBLIC], ["10.0.0.1"])
    context = authority.server("one.example", names=[])
    with RawServer(sends(redirect("https://two.example/")), tls=context) as server:
        connects.port = server.port
        with pytest.raises(FetchRefusedError):
            SafeFetch(resolve=resolver)("https://one.example/", limits=LIMITS)
    assert (resolver.asked, connects.asked) == (["one.example", "two.example"], [(PUBLIC, 443)])


def test_a_certificate_for_another_name_is_a_failure(authority: Authority, connects: Connects) -> None:
    context = authority.server("other.example", names=[])
    with RawServer(sends(ok(b"picture")), tls=context) as server:
        connects.port = server.port
        with pytest.raises(FetchFailedError):
            SafeFetch(resolve=Resolver([PUBLIC]))("https://images.example/", limits=LIMITS)
    assert server.requests == []


def test_a_certificate_of_an_unknown_authority_is_a_failure(
    authority: Authority, connects: Connects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    context = authority.server("images.example", names=[])
    with RawServer(sends(ok(b"picture")), tls=context) as server:
        connects.port = server.port
        with pytest.raises(FetchFailedError):
            SafeFetch(resolve=Resolver([PUBLIC]))("https://images.example/", limits=LIMITS)
    assert server.requests == []


def test_a_dripping_body_over_tls_is_left_at_the_deadline(authority: Authority, connects: Connects) -> None:
    context = authority.server("images.example", names=[])
    with RawServer(drips(HEAD + b"\r\n", every_s=0.02), tls=context) as server:
        connects.port = server.port
        fetch = SafeFetch(resolve=Resolver([PUBLIC]))
        with pytest.raises(FetchFailedError):
            took_s(lambda: fetch("https://images.example/", limits=SHORT), less_than_s=SHORT.timeout_s + 0.5)


def test_a_dripping_handshake_is_left_at_the_deadline(connects: Connects) -> None:
    with RawServer(drips(b"\x16\x03\x03\x40\x00", every_s=0.02)) as server:
        connects.port = server.port
        fetch = SafeFetch(resolve=Resolver([PUBLIC]))
        with pytest.raises(FetchFailedError):
            took_s(lambda: fetch("https://images.example/", limits=SHORT), less_than_s=SHORT.timeout_s + 0.5)
