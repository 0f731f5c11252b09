"""The web address of a local stack: the deployed API, streams, and /files as CloudFront serves them."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from local.identity import SignUp

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
# Each forwarded request may need a process of its own behind it; more than these wait their turn here.
FORWARDS_MAX = 48
# Longer than the longest function behind the API, and than a stream is ever silent.
FORWARD_TIMEOUT_S = 75.0
HOP_BY_HOP = {
    *(
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
    ),
    *("transfer-encoding", "upgrade"),
}
FILE_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
FILE_REQUEST_HEADERS = ("range", "if-none-match", "if-modified-since", "if-range", "if-match")
FILE_REPLY_HEADERS = ("content-type", "content-length", "content-range", "etag", "last-modified")
FILE_HEADERS = {
    "accept-ranges": "bytes",
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
}


class Relayed(StreamingResponse):
    """An upstream's answer, passed on piece by piece; its connection and turn are given back in any case."""

    def __init__(
        self,
        reply: httpx.Response,
        *,
        headers: list[tuple[str, str]],
        after: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(reply.aiter_raw(), status_code=reply.status_code)
        self.raw_headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self._reply = reply
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self._after:
                self._after()
            await self._reply.aclose()


class Front:
    """Three upstreams on loopback: the API's base address, the streams', and the results bucket's."""

    def __init__(self, *, api_url: str, streams_url: str, bucket_url: str) -> None:
        self._api_url = httpx.URL(api_url)
        self._streams_url = httpx.URL(streams_url)
        self._bucket_url = bucket_url
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(FORWARD_TIMEOUT_S, connect=5.0),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=FORWARDS_MAX),
            trust_env=False,
        )
        self._turns = asyncio.Semaphore(FORWARDS_MAX)

    async def forward(self, request: Request) -> Response:
        """Pass the request on as it is and the answer back as it comes."""
        outgoing = self._outgoing(request, self._api_url)
        await self._turns.acquire()
        return await self._relay(outgoing, after=self._turns.release)

    async def stream(self, request: Request) -> Response:
        """Pass on a stream. It waits for no turn: however many there are, they share one process."""
        if request.method == "HEAD":
            return await self.forward(request)
        return await self._relay(self._outgoing(request, self._streams_url), after=lambda: None)

    def _outgoing(self, request: Request, base_url: httpx.URL) -> httpx.Request:
        path = base_url.raw_path.rstrip(b"/") + request.scope["raw_path"]
        query = request.scope["query_string"]
        url = base_url.copy_with(raw_path=path + (b"?" + query if query else b""))
        # As bytes: a header may hold what no text encoding here would take.
        dropped = HOP_BY_HOP | {"host", "x-forwarded-for"}
        headers = [(k, v) for k, v in request.headers.raw if k.decode("latin-1") not in dropped]
        # Only what this connection shows: the emulated gateway takes the first address for the caller's.
        address = request.client.host if request.client else "127.0.0.1"
        headers.append((b"x-forwarded-for", address.encode("ascii")))
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        return self._client.build_request(
            request.method, url, headers=headers, content=request.stream() if has_body else None
        )

    async def _relay(self, outgoing: httpx.Request, *, after: Callable[[], None]) -> Response:
        try:
            reply = await self._client.send(outgoing, stream=True)
        except httpx.TransportError:
            after()
            return _error(
                503, type_="api_error", code="temporarily_unavailable", message="The local stack is busy."
            )
        except BaseException:
            after()
            raise
        kept = [(k, v) for k, v in reply.headers.multi_items() if k not in HOP_BY_HOP]
        return Relayed(reply, headers=kept, after=after)

    async def file(self, request: Request) -> Response:
        """Serve one result, whole or a range of it."""
        key = request.path_params["key"]
        if not FILE_KEY.fullmatch(key):
            return _no_file()
        asked = {name: request.headers[name] for name in FILE_REQUEST_HEADERS if name in request.headers}
        outgoing = self._client.build_request(
            request.method, f"{self._bucket_url}/files/{key}", headers=asked | {"accept-encoding": "identity"}
        )
        try:
            reply = await self._client.send(outgoing, stream=True)
        except httpx.TransportError:
            return _error(
                503, type_="api_error", code="temporarily_unavailable", message="The local stack is busy."
            )
        if reply.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            await reply.aclose()
            return Response(status_code=416, headers=FILE_HEADERS | _size_of(reply))
        if reply.status_code not in (200, 206, 304):
            await reply.aclose()
            return _no_file()
        kept = [(name, reply.headers[name]) for name in FILE_REPLY_HEADERS if name in reply.headers]
        return Relayed(reply, headers=[*kept, *FILE_HEADERS.items()])

    async def close(self) -> None:
        """Close the connections to both upstreams."""
        await self._client.aclose()


def app(front: Front, *, sign_up: SignUp) -> Starlette:
    """Return the ASGI app."""

    @asynccontextmanager
    async def closing(_app: Starlette) -> AsyncIterator[None]:
        yield
        await front.close()

    return Starlette(
        lifespan=closing,
        routes=[
            Route("/local/sign-up", sign_up.show, methods=["GET"]),
            Route("/local/sign-up", sign_up.make, methods=["POST"]),
            Route("/files/{key:path}", front.file, methods=["GET", "HEAD"]),
            Route("/v1/jobs/{id}/stream", front.stream, methods=["GET"]),
            Route("/{path:path}", front.forward, methods=METHODS),
        ],
    )


def _size_of(reply: httpx.Response) -> dict[str, str]:
    size = reply.headers.get("content-range", "")
    return {"content-range": size} if size else {}


def _no_file() -> Response:
    return _error(404, type_="not_found_error", code="not_found", message="There is no file at this address.")


def _error(status: int, *, type_: str, code: str, message: str) -> Response:
    request_id = f"req_{uuid.uuid4().hex}"
    error = {
        "type": type_,
        "code": code,
        "message": message,
        "param": None,
        "request_id": request_id,
        "retryable": status >= 500,
    }
    return JSONResponse({"error": error}, status_code=status, headers={"x-request-id": request_id})
