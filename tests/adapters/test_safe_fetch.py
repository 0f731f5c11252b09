"""The one way out to foreign addresses: whom it calls and whom it refuses."""

import ipaddress
import threading

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from corent.adapters.foreign_calls import URL_LENGTH_MAX, is_public
from corent.adapters.safe_fetch import SafeFetch
from corent.core.fetching import FetchFailedError, FetchLimits, FetchRefusedError
from tests.hostile_urls import HOSTILE, lead_inside
from tests.outside import PUBLIC, Connects, Resolver, took_s

LIMITS = FetchLimits(bytes_max=1_000_000, timeout_s=5.0, redirects_max=3)
SHORT = FetchLimits(bytes_max=1_000_000, timeout_s=0.5, redirects_max=3)


def test_the_corpus_is_large_enough_and_without_repeats() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 60


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_url_is_refused_before_a_socket_opens(url: str, connects: Connects) -> None:
    with pytest.raises(FetchRefusedError):
        SafeFetch(resolve=lead_inside)(url, limits=LIMITS)
    assert connects.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com/",
        "HTTPS://EXAMPLE.COM/a.png",
        "https://example.com:443/a.png",
        "https://example.com:8443/a.png?x=1&y=%20",
        "https://a-b.c1.example.museum/a/b/../c.png",
        "https://xn--bcher-kva.example/",
        "https://example.com/" + "a" * (URL_LENGTH_MAX - len("https://example.com/")),
    ],
)
def test_a_public_url_is_called_at_the_judged_address(url: str, connects: Connects) -> None:
    fetch = SafeFetch(resolve=Resolver([PUBLIC]))
    with pytest.raises(FetchFailedError):
        fetch(url, limits=LIMITS)
    assert [host for host, _ in connects.asked] == [PUBLIC]


def test_check_refuses_without_resolving_anything() -> None:
    resolver = Resolver()
    fetch = SafeFetch(resolve=resolver)
    fetch.check("https://example.com/")
    with pytest.raises(FetchRefusedError):
        fetch.check("https://127.0.0.1/")
    assert resolver.asked == []


DENIED = {
    "0.0.0.0/8": "0.1.2.3",
    "10.0.0.0/8": "10.255.0.1",
    "100.64.0.0/10": "100.127.255.254",
    "127.0.0.0/8": "127.8.8.8",
    "168.63.129.16/32": "168.63.129.16",
    "169.254.0.0/16": "169.254.169.254",
    "172.16.0.0/12": "172.31.255.255",
    "192.0.0.0/24": "192.0.0.192",
    "192.0.2.0/24": "192.0.2.1",
    "192.88.99.0/24": "192.88.99.1",
    "192.168.0.0/16": "192.168.255.255",
    "198.18.0.0/15": "198.19.255.255",
    "198.51.100.0/24": "198.51.100.1",
    "203.0.113.0/24": "203.0.113.1",
    "224.0.0.0/4": "239.255.255.255",
    "240.0.0.0/4": "255.255.255.255",
    "::/96": "::127.0.0.1",
    "::1": "::1",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped metadata": "::ffff:a9fe:a9fe",
    "translated loopback": "::ffff:0:7f00:1",
    "64:ff9b::/96": "64:ff9b::7f00:1",
    "64:ff9b:1::/48": "64:ff9b:1:ffff::1",
    "100::/64": "100::1",
    "100:0:0:1::/64": "100:0:0:1::1",
    "2001::/32": "2001:0:4136:e378::1",
    "2001:db8::/32": "2001:db8::1",
    "2002::/16": "2002:7f00:1::",
    "3fff::/20": "3fff::1",
    "not yet handed out": "4000::1",
    "5f00::/16": "5f00::1",
    "fc00::/7": "fd00:ec2::254",
    "fe80::/10": "fe80::1",
    "fe80::/10 with a zone": "fe80::1%eth0",
    "fec0::/10": "fec0::1",
    "ff00::/8": "ff0e::1",
    "no address": "example.com",
    "nothing": "",
    "an old spelling": "127.1",
}


@pytest.mark.parametrize("address", DENIED.values(), ids=DENIED)
def test_an_address_that_is_not_public_is_denied(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", [PUBLIC, "8.8.8.8", "172.32.0.1", "::ffff:8.8.8.8", "2606:4700:4700::1111"]
)
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    ["64:ff9b::7f00:1", "::127.0.0.1", "224.0.0.1", "ff0e::1", "fec0::1", "3fff::1", "168.63.129.16"],
)
def test_the_standard_library_alone_would_allow_it(address: str) -> None:
    assert ipaddress.ip_address(address).is_global
    assert not is_public(address)


def test_a_name_is_resolved_once_and_a_changed_answer_never_asked_for(connects: Connects) -> None:
    resolver = Resolver([PUBLIC], ["127.0.0.1"])
    with pytest.raises(FetchFailedError):
        SafeFetch(resolve=resolver)("https://rebind.example/", limits=LIMITS)
    assert (resolver.asked, connects.asked) == (["rebind.example"], [(PUBLIC, 443)])


def test_a_second_fetch_judges_the_name_anew(connects: Connects) -> None:
    fetch = SafeFetch(resolve=Resolver([PUBLIC], ["169.254.169.254"]))
    with pytest.raises(FetchFailedError):
        fetch("https://rebind.example/", limits=LIMITS)
    with pytest.raises(FetchRefusedError):
        fetch("https://rebind.example/", limits=LIMITS)
    assert connects.asked == [(PUBLIC, 443)]


@pytest.mark.parametrize("answers", [[PUBLIC, "10.0.0.1"], ["10.0.0.1", PUBLIC], [PUBLIC, PUBLIC, "::1"]])
def test_one_bad_answer_among_good_ones_refuses_the_name(answers: list[str], connects: Connects) -> None:
    with pytest.raises(FetchRefusedError):
        SafeFetch(resolve=Resolver(answers))("https://mixed.example/", limits=LIMITS)
    assert connects.asked == []


def test_a_name_without_an_address_is_a_failure_and_no_refusal() -> None:
    with pytest.raises(FetchFailedError):
        SafeFetch(resolve=Resolver([]))("https://nowhere.example/", limits=LIMITS)


def test_a_resolver_that_hangs_is_left_at_the_deadline() -> None:
    hanging = threading.Event()

    def resolve(_host: str, _port: int) -> list[str]:
        hanging.wait(5)
        return [PUBLIC]

    with pytest.raises(FetchFailedError):
        took_s(lambda: SafeFetch(resolve=resolve)("https://slow.example/", limits=SHORT), less_than_s=1.0)
    hanging.set()


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("cdn.example.com", ("cdn.example.com",)),
        ("a.example.com", (".example.com",)),
        ("a.b.example.com", ("other.example", ".example.com")),
    ],
)
def test_a_host_on_the_list_is_called(host: str, allowed: tuple[str, ...], connects: Connects) -> None:
    with pytest.raises(FetchFailedError):
        SafeFetch(resolve=Resolver([PUBLIC]))(f"https://{host}/", limits=LIMITS, allowed_hosts=allowed)
    assert len(connects.asked) == 1


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("a.cdn.example.com", ("cdn.example.com",)),
        ("example.com", (".example.com",)),
        ("evilexample.com", (".example.com",)),
        ("example.com.evil.example", (".example.com", "example.com")),
        ("cdn.example.com", ()),
    ],
)
def test_a_host_off_the_list_is_not_even_resolved(host: str, allowed: tuple[str, ...]) -> None:
    resolver = Resolver()
    with pytest.raises(FetchRefusedError):
        SafeFetch(resolve=resolver)(f"https://{host}/", limits=LIMITS, allowed_hosts=allowed)
    assert resolver.asked == []


# ---- Two parsers -------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        "https://", "HTTPS://", "http://", "https:", "//", "/", "\\", "@", ":", "::", "#", "?", "&", "=", ".",
        "..", "%", "%2e", "%00", "%40", "[", "]", "[::1]", "\t", "\n", "\r", "\0", " ", ";", ",", "~", "!",
        "$", "'", "(", ")", "*", "+", "_", "-", "|", "^", "`", "{", "}", "<", ">", '"', "a", "Z", "0", "443",
        ":443", ":8443", ":80", ":0", ":0443", "example.com", "example.com.", "evil.example", "127.0.0.1",
        "localhost", "xn--bcher-kva.example", "user:pass@", "169.254.169.254", "\u00df", "\u3002", "\uff0e",
        "\ufe52", "\uff0f", "\uff20", "\u0131", "\u212a",
    ]
)  # fmt: skip
URLS = st.one_of(
    st.builds("".join, st.lists(PIECES, max_size=8)),
    st.builds(lambda rest: "https://example.com" + "".join(rest), st.lists(PIECES, max_size=6)),
    st.builds(lambda rest: "https://" + "".join(rest) + "example.com/", st.lists(PIECES, max_size=6)),
    st.builds(lambda text: f"https://{text}.example.com/", st.text(max_size=6)),
)


class Inside:
    """A resolver to whom every name is loopback."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append((host, port))
        return ["127.0.0.1"]


INSIDE = Inside()
LEADING_INSIDE = SafeFetch(resolve=INSIDE)


@given(url=URLS)
@settings(max_examples=2_000, deadline=None)
def test_whom_it_would_call_is_whom_two_other_parsers_read(url: str) -> None:
    INSIDE.asked.clear()
    with pytest.raises(FetchRefusedError):
        LEADING_INSIDE(url, limits=LIMITS)
    for host, port in INSIDE.asked:
        assert (host, port) == _by_httpx(url) == _by_urllib3(url)


def _by_httpx(url: str) -> tuple[str, int] | None:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        return None
    return parsed.raw_host.decode(), 443 if parsed.port is None else parsed.port


def _by_urllib3(url: str) -> tuple[str, int] | None:
    try:
        parsed = parse_url(url)
    except LocationParseError:
        return None
    return parsed.host or "", 443 if parsed.port is None else parsed.port
