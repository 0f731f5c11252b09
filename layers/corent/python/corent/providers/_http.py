"""The one place where adapters speak HTTP: total deadlines, size caps, and faults in our words.

nothing was sent (connect, pool)        UNAVAILABLE; UNKNOWN of a look-up
a buying call's answer was lost         UNKNOWN
a look-up's answer was lost             UNKNOWN
a probe's answer was lost               UNAVAILABLE
an answer that is not what was promised BAD_REPLY
a status                                FAILURE_BY_STATUS, or what the adapter makes of it
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx

from corent.core.clock import Clock, SystemClock
from corent.core.upstream import Failure, RemoteFile, UpstreamError
from corent.providers._deadline import BoundedTransport, Deadline, bounded

# A purchase's reply may carry four base64 images, a look-up's at most a small preview.
REPLY_MAX_BYTES: Final = 64 * 1024 * 1024
LOOK_UP_MAX_BYTES: Final = 8 * 1024 * 1024
CONNECT_TIMEOUT_S: Final = 5.0
CONNECTIONS_MAX: Final = 16
# Shorter than the idle time-out of common load balancers, so that we close first.
KEEP_ALIVE_S: Final = 20.0
RETRY_AFTER_MAX_S: Final = 3600.0
URL_MAX_CHARACTERS: Final = 4096
SYSTEM_CLOCK: Final = SystemClock()
_SECONDS: Final = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)

FAILURE_BY_STATUS: Final = {
    401: Failure.AUTH,
    402: Failure.QUOTA,
    403: Failure.AUTH,
    404: Failure.INVALID_INPUT,
    407: Failure.UNAVAILABLE,
    408: Failure.UNAVAILABLE,
    409: Failure.UNAVAILABLE,
    425: Failure.UNAVAILABLE,
    429: Failure.RATE_LIMITED,
}
# A gateway gave up waiting for the upstream behind it; 524 is how one large network says so.
GATEWAY_TIMEOUTS: Final = frozenset({504, 524})
# What an account that cannot be used now answers to a probe.
UNUSABLE: Final = frozenset({Failure.AUTH, Failure.QUOTA, Failure.RATE_LIMITED, Failure.UNAVAILABLE})
# What upstreams say to a wish to stop what is over already, or gone.
TOO_LATE_STATUSES: Final = frozenset({400, 404, 409, 410, 422})


def make_client() -> httpx.Client:
    """The client all adapters share: bounded, kept alive, blind to the environment, no cookies kept."""
    limits = httpx.Limits(
        max_connections=CONNECTIONS_MAX,
        max_keepalive_connections=CONNECTIONS_MAX,
        keepalive_expiry=KEEP_ALIVE_S,
    )
    return httpx.Client(
        transport=BoundedTransport(limits=limits),
        trust_env=False,
        follow_redirects=False,
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=())),
    )


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer of an upstream, not yet believed."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def ok(self) -> bool:
        return self.status in {200, 201, 202}

    def document(self) -> object:
        """The body as JSON, whatever its content type claims. Raises BAD_REPLY."""
        try:
            document: object = json.loads(self.body, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise UpstreamError(Failure.BAD_REPLY, f"status {self.status}, not JSON") from error
        return document

    def mapping(self) -> dict[str, object]:
        """The body as a JSON object, or an empty one: for reading what an error body may say."""
        try:
            document = self.document()
        except UpstreamError:
            return {}
        return document if isinstance(document, dict) else {}


class Wire:
    """One upstream's address and credentials. Holds no state of a call, so threads may share it."""

    def __init__(
        self,
        http: httpx.Client,
        *,
        base_url: str,
        headers: Mapping[str, str],
        clock: Clock = SYSTEM_CLOCK,
        auth: httpx.Auth | None = None,
    ) -> None:
        """`auth` signs requests where a header alone does not say who asks.

        Raises ValueError when `base_url` is not an absolute http(s) address without a query.
        """
        self._http = http
        self._auth = auth
        self._clock = clock
        self._headers = {
            "Accept": "application/json",
            # Decompression could turn a small reply into a huge one behind the size cap.
            "Accept-Encoding": "identity",
            "User-Agent": "corent",
            **headers,
        }
        self._base_url = base_url.rstrip("/")
        self._base = _parse(self._base_url)
        if self._base.scheme not in {"http", "https"} or not self._base.host or self._base.query:
            raise ValueError("base_url must be an absolute http(s) address without a query")

    @property
    def host(self) -> str:
        """The host name this upstream answers on."""
        return self._base.host

    def start(self, timeout_s: float) -> Deadline:
        """Begin the time that a whole adapter call may take, over all its requests."""
        return Deadline(ends_at_s=self._clock.monotonic_s() + timeout_s, clock=self._clock)

    def buy_json(
        self,
        path: str,
        body: Mapping[str, object],
        *,
        deadline: Deadline,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """POST a purchase. Raises UNKNOWN once it may have been accepted; not to be repeated then."""
        content = json.dumps(body, allow_nan=False, separators=(",", ":")).encode("ascii")
        request = self._http.build_request(
            "POST",
            self._base_url + path,
            content=content,
            headers={**self._headers, "Content-Type": "application/json", **(headers or {})},
            timeout=_timeouts(deadline),
        )
        return self._send(
            request, deadline=deadline, unsent=Failure.UNAVAILABLE, maximum_bytes=REPLY_MAX_BYTES
        )

    def buy_form(
        self,
        path: str,
        fields: Mapping[str, str],
        *,
        files: Mapping[str, tuple[str, bytes, str]],
        deadline: Deadline,
    ) -> Reply:
        """POST a purchase as multipart/form-data, also where there are no files to make it one.

        `files`: name, content and media type by field.
        """
        texts = [(name, (None, text.encode("utf-8", "replace"))) for name, text in fields.items()]
        request = self._http.build_request(
            "POST",
            self._base_url + path,
            files=[*texts, *files.items()],
            headers=self._headers,
            timeout=_timeouts(deadline),
        )
        return self._send(
            request, deadline=deadline, unsent=Failure.UNAVAILABLE, maximum_bytes=REPLY_MAX_BYTES
        )

    def look_up(self, address: str, *, deadline: Deadline) -> Reply:
        """GET a path of the upstream, or an address that `same_origin` or `trusted` let pass. Repeatable."""
        url = self._base_url + address if address.startswith("/") else address
        request = self._http.build_request("GET", url, headers=self._headers, timeout=_timeouts(deadline))
        return self._send(request, deadline=deadline, unsent=Failure.UNKNOWN, maximum_bytes=LOOK_UP_MAX_BYTES)

    def cancel(self, method: str, address: str, *, deadline: Deadline) -> None:
        """Ask that work be stopped, at an address as for `look_up`. Repeatable.

        Returns once the upstream has heard it, also where it was too late. Raises UNKNOWN, or RATE_LIMITED,
        when it could not be asked.
        """
        url = self._base_url + address if address.startswith("/") else address
        request = self._http.build_request(
            method, url, content=b"", headers=self._headers, timeout=_timeouts(deadline)
        )
        reply = self._send(
            request, deadline=deadline, unsent=Failure.UNKNOWN, maximum_bytes=LOOK_UP_MAX_BYTES
        )
        if not 200 <= reply.status < 300 and reply.status not in TOO_LATE_STATUSES:
            raise self.not_told(reply)

    def ask(
        self,
        address: str,
        *,
        may_be_missing: bool,
        deadline: Deadline,
        in_words: Callable[[Reply], Failure | None] = lambda _: None,
    ) -> bool:
        """GET what costs nothing, at an address as for `look_up`: whether our account can be used now.

        `may_be_missing` is for a question that the upstream was not seen to answer, or about what cannot
        exist: any answer that is no refusal of our account says that it is up. `in_words` reads a refusal
        whose status does not say enough. Returns whether the question itself was answered.
        """
        url = self._base_url + address if address.startswith("/") else address
        request = self._http.build_request("GET", url, headers=self._headers, timeout=_timeouts(deadline))
        try:
            reply = self._send(
                request, deadline=deadline, unsent=Failure.UNAVAILABLE, maximum_bytes=LOOK_UP_MAX_BYTES
            )
        except UpstreamError as error:
            if error.failure is Failure.UNKNOWN:
                # Nothing was bought, so nothing is left to be found out.
                raise UpstreamError(Failure.UNAVAILABLE, error.detail) from error
            raise
        succeeded = 200 <= reply.status < 300
        failure = None if succeeded else in_words(reply) or failure_of(reply.status)
        if failure in UNUSABLE:
            raise self._error(reply, failure=failure)
        if not may_be_missing:
            if not succeeded:
                raise self._error(reply, failure=Failure.BAD_REPLY)
            reply.document()
        return succeeded

    def refused(
        self, reply: Reply, *, failure: Failure | None = None, code: str = "", wait_s: float | None = None
    ) -> UpstreamError:
        """The error a purchase's status stands for, or `failure` where the adapter knows better.

        `wait_s` is how long the body asks us to wait; a header that says so is preferred.
        """
        error = self._error(reply, failure=failure or failure_of(reply.status), code=code)
        if error.retry_after_s is None:
            error.retry_after_s = wait_s
        return error

    def not_told(self, reply: Reply) -> UpstreamError:
        """The error of a look-up that was not answered: the work itself may still be going on.

        Only a task the upstream no longer knows is over; a key refused here says nothing about the
        images that were bought, and a rate met means to ask again later.
        """
        failure = failure_of(reply.status)
        if reply.status in {404, 410}:
            failure = Failure.EXPIRED
        elif failure not in {Failure.BAD_REPLY, Failure.RATE_LIMITED}:
            failure = Failure.UNKNOWN
        return self._error(reply, failure=failure)

    def trusted(self, url: object, *, hosts: tuple[str, ...] = ()) -> str:
        """`url` if our credentials may be sent there: this upstream's own origin, or https to `hosts`.

        Raises BAD_REPLY for everything else.
        """
        parsed = _address(url)
        if _origin(parsed) == _origin(self._base) or _is_https_to(parsed, hosts=hosts):
            return str(parsed)
        raise UpstreamError(Failure.BAD_REPLY, "an address on a host that is not the upstream's")

    def remote_file(
        self, url: object, *, hosts: tuple[str, ...], headers: tuple[tuple[str, str], ...] = ()
    ) -> RemoteFile:
        """A result to be fetched from one of `hosts`: https, or as the base is reached on its own host.

        Raises BAD_REPLY.
        """
        parsed = _address(url)
        on_base = parsed.host == self._base.host and parsed.scheme == self._base.scheme
        if _is_https_to(parsed, hosts=hosts) or (on_base and matches_host(parsed.host, hosts=hosts)):
            return RemoteFile(url=str(parsed), allowed_hosts=hosts, headers=headers)
        raise UpstreamError(Failure.BAD_REPLY, "a result on a host that is not the upstream's")

    def resolved(self, reference: object) -> str:
        """An address that may be relative, made absolute against the base. Raises BAD_REPLY."""
        if not isinstance(reference, str) or len(reference) > URL_MAX_CHARACTERS:
            raise UpstreamError(Failure.BAD_REPLY, "an address that is none")
        try:
            return str(self._base.join(reference))
        except (httpx.InvalidURL, ValueError) as error:
            raise UpstreamError(Failure.BAD_REPLY, "an address that is none") from error

    def _send(
        self, request: httpx.Request, *, deadline: Deadline, unsent: Failure, maximum_bytes: int
    ) -> Reply:
        if deadline.left_s() <= 0:
            raise UpstreamError(unsent, "no time was left to ask")
        try:
            with bounded(deadline):
                response = self._http.send(request, stream=True, follow_redirects=False, auth=self._auth)
                try:
                    body = _body(response, deadline=deadline, maximum_bytes=maximum_bytes)
                finally:
                    response.close()
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.PoolTimeout,
            httpx.UnsupportedProtocol,
        ) as error:
            raise UpstreamError(unsent, f"nothing was sent: {type(error).__name__}") from error
        except httpx.HTTPError as error:
            raise UpstreamError(Failure.UNKNOWN, f"the answer was lost: {type(error).__name__}") from error
        return Reply(status=response.status_code, headers=response.headers, body=body)

    def _error(self, reply: Reply, *, failure: Failure, code: str = "") -> UpstreamError:
        detail = f"status {reply.status} {code}".rstrip()
        return UpstreamError(
            failure, detail, retry_after_s=retry_after_s(reply.headers, now_ms=self._clock.now_ms())
        )


def failure_of(status: int) -> Failure:
    """What a status means where an adapter's own table does not say otherwise."""
    if status in FAILURE_BY_STATUS:
        return FAILURE_BY_STATUS[status]
    if 400 <= status < 500:
        return Failure.INVALID_INPUT
    return Failure.UNAVAILABLE if status >= 500 else Failure.BAD_REPLY


def failure_of_submit(status: int) -> Failure:
    """As `failure_of`, for work that goes on behind the answer: a gateway cannot say if it was accepted."""
    return Failure.UNKNOWN if status in GATEWAY_TIMEOUTS else failure_of(status)


def retry_after_s(headers: httpx.Headers, *, now_ms: int) -> float | None:
    """How long the upstream asks us to wait, from `retry-after-ms` or `retry-after` (seconds or a date)."""
    for name, per_second in (("retry-after-ms", 1000), ("retry-after", 1)):
        text = headers.get(name, "").strip()
        if _SECONDS.fullmatch(text):
            return min(float(text) / per_second, RETRY_AFTER_MAX_S)
    try:
        asked = parsedate_to_datetime(headers.get("retry-after", ""))
        asked_s = (asked if asked.tzinfo else asked.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(asked_s - now_ms / 1000, 0.0), RETRY_AFTER_MAX_S)


def matches_host(host: str, *, hosts: tuple[str, ...]) -> bool:
    """Whether `host` is one of `hosts`, or ends in one that begins with a dot."""
    return any(host.endswith(allowed) if allowed.startswith(".") else host == allowed for allowed in hosts)


def versioned(base_url: str, *, version: str) -> str:
    """`base_url` with the API version it lacks: operators write the address with or without it."""
    last = base_url.rstrip("/").rsplit("/", 1)[-1]
    has_version = len(last) >= 2 and last[0] == "v" and last[1].isdecimal()
    return base_url.rstrip("/") if has_version else f"{base_url.rstrip('/')}/{version}"


def result_hosts(published: tuple[str, ...], wire: Wire, *, base_url: str | None) -> tuple[str, ...]:
    """Where results may lie: the published hosts, and the operator's own where they gave a `base_url`."""
    return published if base_url is None else (*published, wire.host)


def _timeouts(deadline: Deadline) -> httpx.Timeout:
    left_s = max(deadline.left_s(), 0.001)
    return httpx.Timeout(left_s, connect=min(left_s, CONNECT_TIMEOUT_S))


def _body(response: httpx.Response, *, deadline: Deadline, maximum_bytes: int) -> bytes:
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UpstreamError(Failure.BAD_REPLY, f"status {response.status_code}, compressed against our wish")
    parts = []
    size_bytes = 0
    for part in response.iter_bytes():
        size_bytes += len(part)
        if size_bytes > maximum_bytes:
            raise UpstreamError(Failure.BAD_REPLY, f"status {response.status_code}, larger than the cap")
        if deadline.left_s() <= 0:
            raise UpstreamError(Failure.UNKNOWN, "the answer did not end in time")
        parts.append(part)
    return b"".join(parts)


def _parse(url: object) -> httpx.URL:
    """The parser that will connect is the one that judges. Raises ValueError."""
    if not isinstance(url, str) or len(url) > URL_MAX_CHARACTERS:
        raise ValueError("not an address")
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError("not an address") from error
    if parsed.userinfo:
        raise ValueError("an address with user information")
    return parsed


def _address(url: object) -> httpx.URL:
    try:
        return _parse(url)
    except ValueError as error:
        raise UpstreamError(Failure.BAD_REPLY, "an address that is none") from error


def _is_https_to(url: httpx.URL, *, hosts: tuple[str, ...]) -> bool:
    return url.scheme == "https" and url.port is None and matches_host(url.host, hosts=hosts)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return (url.scheme, url.host, url.port)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
