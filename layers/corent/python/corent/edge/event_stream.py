"""A job's stream over HTTP: over one open connection (ASGI), and in windows where answers are buffered.

Both let the same callers in, say the same events, and refuse in the one error shape before a stream begins.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Query

from corent.core.clock import Clock
from corent.core.errors import CorentError, InternalError, NotFoundError
from corent.core.ids import new_ulid
from corent.edge.access import Access
from corent.edge.causes import causes
from corent.edge.http import Api, Exchange
from corent.edge.logs import about, ids_of, log
from corent.edge.openapi import READ_ERRORS, responses
from corent.edge.rendering import error_answer
from corent.edge.sse import EVENT_STREAM_TYPE, RETRY_AFTER_FAULT_MS, retry_bytes, turn_bytes
from corent.usecases.stream_job import STREAM_S, WINDOW_S, JobStream, StreamJob
from corent.usecases.stream_tokens import StreamTokens

type Scope = MutableMapping[str, Any]
type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]

ROUTE: Final = "/v1/jobs/{id}/stream"
# A custom domain may put a path of its own in front.
_PATH: Final = re.compile(r".*/v1/jobs/([^/]+)/stream")
# Reads are blocking calls. A look takes milliseconds, so that a few threads carry hundreds of streams.
READERS_MAX: Final = 16
# Each event as its fields; `data` is the job's document as JSON.
_EVENT: Final = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("id", "event", "data")},
}
STREAM_RESPONSES: Final = {
    **responses({}, errors=READ_ERRORS),
    200: {"description": "The job's events.", "content": {EVENT_STREAM_TYPE: {"schema": _EVENT}}},
    204: {"description": "The job has ended, and its last event was had before.", "content": {}},
}

# What the route takes beside its path, for its description; `open` and `window` read the request itself.
TokenQuery = Annotated[str | None, Query(alias="token", description="A stream token, instead of a key.")]
LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", description="The last event had; the stream goes on after it.")
]


class StreamApi(Api):
    """The route of a stream. As a Lambda handler it answers in windows: what there is, and come again."""

    def __init__(
        self,
        *,
        access: Access,
        tokens: Callable[[], StreamTokens],
        streams: Callable[[], StreamJob],
        clock: Clock,
    ) -> None:
        super().__init__(access=access)
        self._tokens = tokens
        self._streams = streams
        self._clock = clock

    def open(self, event: dict[str, Any], exchange: Exchange, *, open_for_s: float) -> JobStream:
        """Let the caller in and open the stream they ask for. Raises CorentError."""
        return self._streams().open(
            event["pathParameters"]["id"],
            wallet_id=self._wallet_id(event, exchange),
            last_event_id=exchange.headers.get("last-event-id"),
            open_for_s=open_for_s,
        )

    def window(self, job_id: str) -> Response[str]:
        """What there is to tell, waiting for it if need be; the reader comes back for what follows."""
        stream = self._streams().open(
            job_id,
            wallet_id=self.routes.context["wallet_id"],
            last_event_id=self.exchange.headers.get("last-event-id"),
            open_for_s=WINDOW_S,
        )
        self.exchange.answer_headers["X-Accel-Buffering"] = "no"
        if stream.is_over:
            return Response(status_code=204, body="")
        turn = stream.turn()
        while not turn.events and turn.wait_s is not None:
            self._clock.sleep(turn.wait_s)
            turn = stream.turn()
        return Response(
            status_code=200, content_type=EVENT_STREAM_TYPE, body=turn_bytes(turn.as_last()).decode()
        )

    def refusal(self, error: Exception, exchange: Exchange) -> dict[str, Any]:
        """The answer instead of a stream, made without the resolver, which serves one request at a time."""
        if isinstance(error, CorentError):
            self._note(error, exchange)
            return error_answer(error, request_id=exchange.request_id, headers=exchange.answer_headers)
        log.error("unhandled error", causes=causes(error))
        return error_answer(InternalError(), request_id=exchange.request_id, headers=exchange.answer_headers)

    def _admit(self, event: dict[str, Any], exchange: Exchange) -> None:
        wallet_id = self._wallet_id(event, exchange)
        self.routes.append_context(wallet_id=wallet_id)  # type: ignore[no-untyped-call]  # Untyped in Powertools.

    def _wallet_id(self, event: dict[str, Any], exchange: Exchange) -> str:
        """Whose job may be streamed: a good token's, else the key's. A bad token counts as no key at all."""
        token = (event.get("queryStringParameters") or {}).get("token")
        if token is not None and "authorization" not in exchange.headers:
            wallet_id = self._tokens().wallet_of(token, job_id=event["pathParameters"]["id"])
            if wallet_id is not None:
                return wallet_id
        super()._admit(event, exchange)
        if exchange.caller is None:
            raise InternalError("a stream was opened without its caller")
        return exchange.caller.wallet_id


class EventStream:
    """The ASGI application of the same route: one connection, held until the job's end or for 14 minutes.

    `is_behind_gateway` says whether the web adapter in front vouches for where a request comes from.
    """

    def __init__(
        self,
        api: StreamApi,
        *,
        is_behind_gateway: Callable[[], bool],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._api = api
        self._is_behind_gateway = is_behind_gateway
        self._sleep = sleep
        self._readers = ThreadPoolExecutor(READERS_MAX, thread_name_prefix="stream-reader")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        exchange = Exchange(ulid=new_ulid(), headers=_headers(scope))
        with about(**_ids(scope, exchange)):
            await self._serve(scope, exchange, receive, send)

    async def _serve(self, scope: Scope, exchange: Exchange, receive: Receive, send: Send) -> None:
        try:
            event = _event(scope, exchange, is_behind_gateway=self._is_behind_gateway())
            stream = await self._read(lambda: self._api.open(event, exchange, open_for_s=STREAM_S))
        except Exception as error:  # noqa: BLE001 - as in Api: said in the log, not to the caller
            answer = self._api.refusal(error, exchange)
            _log_answer(exchange, status=answer["statusCode"])
            await _send_answer(answer, send)
            return
        status = 204 if stream.is_over else 200
        _log_answer(exchange, status=status)
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": _stream_headers(exchange, status=status),
            }
        )
        if not stream.is_over:
            await self._follow(stream, receive, send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _follow(self, stream: JobStream, receive: Receive, send: Send) -> None:
        """Tell until there is no more to tell, or nobody to tell it to: what ends first ends the other."""
        async with asyncio.TaskGroup() as tasks:
            telling = tasks.create_task(self._tell(stream, send))
            leaving = tasks.create_task(_until_gone(receive))
            telling.add_done_callback(lambda _: leaving.cancel())
            leaving.add_done_callback(lambda _: telling.cancel())

    async def _tell(self, stream: JobStream, send: Send) -> None:
        wait_s: float | None = 0.0
        while wait_s is not None:
            if wait_s:
                await self._sleep(wait_s)
            try:
                turn = await self._read(stream.turn)
            except Exception as error:  # noqa: BLE001 - the answer has begun; all that is left is to end it well
                log.error("stream broken off", causes=causes(error))
                await _send_body(retry_bytes(RETRY_AFTER_FAULT_MS), send)
                return
            await _send_body(turn_bytes(turn), send)
            wait_s = turn.wait_s

    async def _read[T](self, blocking: Callable[[], T]) -> T:
        # With the context, so that what a reader writes to the log carries the stream's ids.
        running = asyncio.get_running_loop()
        return await running.run_in_executor(self._readers, copy_context().run, blocking)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _ids(scope: Scope, exchange: Exchange) -> dict[str, str]:
    path = _PATH.fullmatch(scope["path"])
    return {**(ids_of(path[1]) if path else {}), "request_id": exchange.request_id}


def _event(scope: Scope, exchange: Exchange, *, is_behind_gateway: bool) -> dict[str, Any]:
    """The request as API Gateway would hand it to a function, as far as it is looked at here."""
    path = _PATH.fullmatch(scope["path"])
    if scope["method"] != "GET" or path is None:
        raise NotFoundError("There is no such route.")
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    client = scope.get("client") or ("127.0.0.1", 0)
    address = _vouched_address(exchange.headers) if is_behind_gateway else client[0]
    return {
        "httpMethod": "GET",
        "pathParameters": {"id": path[1]},
        "queryStringParameters": query,
        "requestContext": {"identity": {"sourceIp": address}},
    }


def _vouched_address(headers: dict[str, str]) -> str:
    """The caller's address as API Gateway saw it. The adapter sets this header, whatever a caller sent."""
    try:
        address = json.loads(headers["x-amzn-request-context"])["identity"]["sourceIp"]
    except (KeyError, TypeError, ValueError) as error:
        raise InternalError("the web adapter passed no request context") from error
    return str(address)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _stream_headers(exchange: Exchange, *, status: int) -> list[tuple[bytes, bytes]]:
    headers = {
        **({"Content-Type": EVENT_STREAM_TYPE} if status == 200 else {}),
        "Cache-Control": "no-store",
        "X-Request-Id": exchange.request_id,
        "X-Accel-Buffering": "no",
        "X-Content-Type-Options": "nosniff",
        **exchange.answer_headers,
    }
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


async def _send_body(body: bytes, send: Send) -> None:
    if body:
        await send({"type": "http.response.body", "body": body, "more_body": True})


async def _send_answer(answer: dict[str, Any], send: Send) -> None:
    body = answer["body"].encode()
    headers = [
        (name.lower().encode(), value.encode())
        for name, values in answer["multiValueHeaders"].items()
        for value in values
    ]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer["statusCode"], "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _log_answer(exchange: Exchange, *, status: int) -> None:
    log.info(
        "answered",
        method="GET",
        route=ROUTE,
        status=status,
        account_id=exchange.caller.key.account_id if exchange.caller else None,
    )
