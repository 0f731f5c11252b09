"""Calling an address Corent did not choose: what a fetch and a post share.

The URL is parsed once by strict rules, its name is resolved once, **every** answer is judged, and the
connection goes to a judged address with the name kept for TLS and `Host`. One total deadline covers name
look-up, connect, TLS, headers and body; a watchdog shuts the socket when it passes, so that a dripping
server cannot hold on. Proxy variables are never read; bodies are never decompressed.
"""

import http.client
import ipaddress
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from corent.adapters.tls import tls_context

URL_LENGTH_MAX: Final = 2_048
HTTPS_PORT: Final = 443
PORTS: Final = (HTTPS_PORT, 8443)
CONNECT_TIMEOUT_S: Final = 3.0
SOCKET_TIMEOUT_MIN_S: Final = 0.001  # Zero would mean a socket that never waits.

_HOST: Final = re.compile(
    r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])"
)
# Characters that parsers read differently, or that end a URL for one of them.
_FORBIDDEN_CHARACTERS: Final = re.compile(r"[\x00-\x20\x7f-\U0010ffff\\<>\"^`{|}#]")

# All public IPv6 addresses lie here so far; what lies elsewhere translates, tunnels, or is not handed out.
_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")
# `is_global` of the standard library says True for most of these (Python 3.11-3.13), so they are listed.
# Sources: IANA special-purpose registries for IPv4 and IPv6; 168.63.129.16 is a cloud platform's host agent.
_DENIED: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "100:0:0:1::/64",
        "2001::/32",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)

type Resolve = Callable[[str, int], list[str]]
type Read[T] = Callable[[http.client.HTTPResponse], T]


class RefusedError(Exception):
    """The address may not be called, or its answer broke a limit. The text is for operators only."""


class FailedError(Exception):
    """The address was called and did not answer as it should. The text is for operators only."""


@dataclass(frozen=True, slots=True)
class Target:
    """A judged URL."""

    secure: bool
    host: str
    port: int
    path: str
    trusted: bool


class ForeignCalls:
    """Single requests on plain sockets; nothing is followed and nothing repeated.

    `http_hosts` are hosts that may also be called by plain http, at any port and without judging their
    address: loopback on a developer's machine, and nothing at all on AWS.
    """

    def __init__(self, *, http_hosts: frozenset[str] = frozenset(), resolve: Resolve | None = None) -> None:
        self._http_hosts = http_hosts
        self._resolve = resolve or _resolve

    def parse(self, url: str, *, allowed_hosts: tuple[str, ...] | None = None) -> Target:
        """The URL, judged by its text alone; `allowed_hosts` as in `Fetch`. Raises RefusedError."""
        if len(url) > URL_LENGTH_MAX:
            raise RefusedError(f"longer than {URL_LENGTH_MAX} characters")
        if _FORBIDDEN_CHARACTERS.search(url):
            raise RefusedError("has a character that URLs may not hold")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise RefusedError("is not a URL") from error
        host = parts.hostname or ""
        if "@" in parts.netloc:
            raise RefusedError("carries user information")
        if allowed_hosts is not None and not _is_allowed(host, allowed_hosts):
            raise RefusedError("its host is not on the list")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if parts.scheme == "http" and host in self._http_hosts:
            return Target(secure=False, host=host, port=80 if port is None else port, path=path, trusted=True)
        if parts.scheme != "https":
            raise RefusedError("is not https")
        if _HOST.fullmatch(host) is None:
            raise RefusedError("its host is not a public name")
        port = HTTPS_PORT if port is None else port
        if port not in PORTS:
            raise RefusedError("its port is not allowed")
        return Target(secure=True, host=host, port=port, path=path, trusted=False)

    def exchange[T](
        self,
        method: str,
        target: Target,
        *,
        headers: dict[str, str],
        body: bytes | None = None,
        deadline: float,
        read: Read[T],
    ) -> T:
        """What `read` makes of the answer, by a `deadline` on the monotonic clock.

        Raises RefusedError before a socket opens when the name leads inside, and FailedError for every
        way of not getting an answer.
        """
        address = self._judge(target, deadline=deadline)
        connection = http.client.HTTPConnection(target.host, target.port)
        if target.secure:
            connection.default_port = HTTPS_PORT  # Signed addresses cover a `Host` without a port.
        try:
            connection.sock = self._connect(target, address, deadline=deadline)
            watchdog = threading.Timer(max(0.0, deadline - time.monotonic()), _shut, [connection.sock])
            watchdog.daemon = True
            watchdog.start()
            try:
                connection.request(
                    method,
                    target.path,
                    body=body,
                    headers={"Accept": "*/*", "Accept-Encoding": "identity", **headers},
                )
                response = connection.getresponse()
                # The watchdog's shutting looks like the server's own end.
                if time.monotonic() >= deadline:
                    raise TimeoutError
                return read(response)
            finally:
                watchdog.cancel()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise FailedError(f"{type(error).__name__}") from error
        finally:
            connection.close()

    def _judge(self, target: Target, *, deadline: float) -> str:
        """One address to connect to, after judging all of them."""
        if target.trusted:
            return target.host
        addresses = _within(lambda: self._resolve(target.host, target.port), deadline=deadline)
        if not addresses:
            raise FailedError("its name has no address")
        for address in addresses:
            if not is_public(address):
                raise RefusedError("its name leads to an address that is not public")
        return addresses[0]

    def _connect(self, target: Target, address: str, *, deadline: float) -> socket.socket:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        plain = socket.create_connection((address, target.port), timeout=min(CONNECT_TIMEOUT_S, left_s))
        try:
            plain.settimeout(max(SOCKET_TIMEOUT_MIN_S, deadline - time.monotonic()))
            if not target.secure:
                return plain
            return tls_context().wrap_socket(plain, server_hostname=target.host)
        except BaseException:
            plain.close()
            raise


def is_public(address: str) -> bool:
    """Whether an address may be called at all. Refuses when unsure."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if any(parsed.version == network.version and parsed in network for network in _DENIED):
        return False
    if parsed.version == 6 and parsed not in _GLOBAL_UNICAST:
        return False
    return parsed.is_global


def _is_allowed(host: str, allowed: tuple[str, ...]) -> bool:
    return any(host.endswith(each) if each.startswith(".") else host == each for each in allowed)


def _shut(connected: socket.socket) -> None:
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # It is closed already.


def _resolve(host: str, port: int) -> list[str]:
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


def _within(resolve: Callable[[], list[str]], *, deadline: float) -> list[str]:
    """The names' addresses, waiting no longer than the deadline: the system's resolver has its own pace."""
    found: list[list[str]] = []

    def look_up() -> None:
        try:
            found.append(resolve())
        except (OSError, UnicodeError):
            found.append([])

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - time.monotonic()))
    if not found:
        raise FailedError("its name was not resolved in time")
    return found[0]
