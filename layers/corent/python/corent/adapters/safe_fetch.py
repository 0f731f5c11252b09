"""The one way out to an address Corent did not choose: input images and upstream results.

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
from urllib.parse import urljoin, urlsplit

from corent.adapters.tls import tls_context
from corent.core.fetching import FetchFailedError, FetchLimits, FetchRefusedError

URL_LENGTH_MAX: Final = 2_048
HTTPS_PORT: Final = 443
PORTS: Final = (HTTPS_PORT, 8443)
CONNECT_TIMEOUT_S: Final = 3.0
SOCKET_TIMEOUT_MIN_S: Final = 0.001  # Zero would mean a socket that never waits.
CHUNK_BYTES: Final = 64 * 1024

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


@dataclass(frozen=True, slots=True)
class _Target:
    """A judged URL."""

    secure: bool
    host: str
    port: int
    path: str
    trusted: bool


class SafeFetch:
    """Fetch on plain sockets.

    `http_hosts` are hosts that may also be called by plain http, at any port and without judging their
    address: loopback on a developer's machine, and nothing at all on AWS.
    """

    def __init__(self, *, http_hosts: frozenset[str] = frozenset(), resolve: Resolve | None = None) -> None:
        self._http_hosts = http_hosts
        self._resolve = resolve or _resolve

    def __call__(
        self,
        url: str,
        *,
        limits: FetchLimits,
        allowed_hosts: tuple[str, ...] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> bytes:
        deadline = time.monotonic() + limits.timeout_s
        for _ in range(limits.redirects_max + 1):
            target = self._parse(url, allowed_hosts=allowed_hosts)
            address = self._judge(target, deadline=deadline)
            status, location, body = self._get(
                target, address, headers=headers, deadline=deadline, bytes_max=limits.bytes_max
            )
            if status == 200:
                return body
            if status not in (301, 302, 303, 307, 308) or location is None:
                raise FetchFailedError(f"answered {status}")
            url = _joined(url, location)
        raise FetchFailedError(f"more than {limits.redirects_max} redirects")

    def check(self, url: str) -> None:
        """Raise FetchRefusedError for a URL that would be refused before any name is resolved."""
        self._parse(url, allowed_hosts=None)

    def _parse(self, url: str, *, allowed_hosts: tuple[str, ...] | None) -> _Target:
        if len(url) > URL_LENGTH_MAX:
            raise FetchRefusedError(f"longer than {URL_LENGTH_MAX} characters")
        if _FORBIDDEN_CHARACTERS.search(url):
            raise FetchRefusedError("has a character that URLs may not hold")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise FetchRefusedError("is not a URL") from error
        host = parts.hostname or ""
        if "@" in parts.netloc:
            raise FetchRefusedError("carries user information")
        if allowed_hosts is not None and not _is_allowed(host, allowed_hosts):
            raise FetchRefusedError("its host is not on the list")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if parts.scheme == "http" and host in self._http_hosts:
            return _Target(
                secure=False, host=host, port=80 if port is None else port, path=path, trusted=True
            )
        if parts.scheme != "https":
            raise FetchRefusedError("is not https")
        if _HOST.fullmatch(host) is None:
            raise FetchRefusedError("its host is not a public name")
        port = HTTPS_PORT if port is None else port
        if port not in PORTS:
            raise FetchRefusedError("its port is not allowed")
        return _Target(secure=True, host=host, port=port, path=path, trusted=False)

    def _judge(self, target: _Target, *, deadline: float) -> str:
        """One address to connect to, after judging all of them."""
        if target.trusted:
            return target.host
        addresses = _within(lambda: self._resolve(target.host, target.port), deadline=deadline)
        if not addresses:
            raise FetchFailedError("its name has no address")
        for address in addresses:
            if not is_public(address):
                raise FetchRefusedError("its name leads to an address that is not public")
        return addresses[0]

    def _get(
        self,
        target: _Target,
        address: str,
        *,
        headers: tuple[tuple[str, str], ...],
        deadline: float,
        bytes_max: int,
    ) -> tuple[int, str | None, bytes]:
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
                    "GET",
                    target.path,
                    headers={"Accept": "*/*", "Accept-Encoding": "identity", **dict(headers)},
                )
                response = connection.getresponse()
                is_file = response.status == 200
                body = _read(response, bytes_max=bytes_max) if is_file else b""
                # The watchdog's shutting looks like the server's own end.
                if time.monotonic() >= deadline:
                    raise TimeoutError
                return response.status, response.getheader("Location"), body
            finally:
                watchdog.cancel()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise FetchFailedError(f"{type(error).__name__}") from error
        finally:
            connection.close()

    def _connect(self, target: _Target, address: str, *, deadline: float) -> socket.socket:
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


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise FetchRefusedError("leads to what is not a URL") from error


def _is_allowed(host: str, allowed: tuple[str, ...]) -> bool:
    return any(host.endswith(each) if each.startswith(".") else host == each for each in allowed)


def _read(response: http.client.HTTPResponse, *, bytes_max: int) -> bytes:
    chunks = []
    size = 0
    while chunk := response.read(CHUNK_BYTES):
        size += len(chunk)
        if size > bytes_max:
            raise FetchRefusedError(f"larger than {bytes_max} bytes")
        chunks.append(chunk)
    if response.length:
        raise FetchFailedError("ended before its announced length")
    return b"".join(chunks)


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
        raise FetchFailedError("its name was not resolved in time")
    return found[0]
