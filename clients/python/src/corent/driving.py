"""Runs flows: the only place that does I/O, once with threads in mind and once with an event loop.

Everything that decides is in the flows; here httpx is asked, and its failures are put into our words.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, TypeVar

from corent.effects import Flow, Head, NoAnswer, Open, Receive, Request, Tell

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

CONNECT_TIMEOUT_S = 10.0


def _bounds(timeout_s: float) -> dict[str, float]:
    return {
        "connect": min(timeout_s, CONNECT_TIMEOUT_S),
        "read": timeout_s,
        "write": timeout_s,
        "pool": timeout_s,
    }


def _no_answer(error: httpx.HTTPError) -> NoAnswer:
    """Return an httpx failure in our words; what was never sent is told apart from what may have arrived."""
    import httpx

    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)):
        return NoAnswer("unreachable", said)
    if isinstance(error, httpx.TimeoutException):
        return NoAnswer("timeout", said)
    return NoAnswer("lost", said)


def _built(
    client: httpx.Client | httpx.AsyncClient, request: Request, bounds: dict[str, float]
) -> httpx.Request:
    # The dict itself goes along: httpcore reads it anew when it comes to the body.
    return client.build_request(
        request.method,
        request.url,
        headers=dict(request.headers),
        content=request.content,
        extensions={"timeout": bounds},
    )


def _head(response: httpx.Response) -> Head:
    return Head(response.status_code, {name.lower(): value for name, value in response.headers.items()})


class _Exchange:
    """The answer a flow has open, if any."""

    def __init__(self, client: Callable[[], httpx.Client]) -> None:
        self._client = client
        self._response: httpx.Response | None = None
        self._pieces: Generator[bytes, None, None] | Any = None
        self._bounds: dict[str, float] = {}

    def open(self, effect: Open) -> Head:
        self.close()
        client = self._client()
        self._bounds = _bounds(effect.timeout_s)
        request = _built(client, effect.request, self._bounds)
        self._response = client.send(request, stream=True, follow_redirects=False, auth=None)
        self._pieces = self._response.iter_bytes()
        return _head(self._response)

    def receive(self, effect: Receive) -> bytes:
        assert self._response is not None, "opened first"  # noqa: S101 - for the type checker
        self._bounds["read"] = effect.timeout_s
        return next(self._pieces, b"")

    def close(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None


class Driver:
    """Runs flows in the caller's thread. Each run has its own state, so threads may share a driver."""

    def __init__(
        self, client: Callable[[], httpx.Client], *, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._client = client
        self._sleep = sleep

    def iterate(self, flow: Flow[T]) -> Generator[Any, None, T]:
        """Yield what the flow tells and return what it returns."""
        import httpx

        exchange = _Exchange(self._client)
        result: Any = None
        failure: NoAnswer | None = None
        try:
            while True:
                try:
                    effect = flow.send(result) if failure is None else flow.throw(failure)
                except StopIteration as end:
                    ended: T = end.value
                    return ended
                result, failure = None, None
                if isinstance(effect, Tell):
                    yield effect.item
                    continue
                try:
                    if isinstance(effect, Open):
                        result = exchange.open(effect)
                    elif isinstance(effect, Receive):
                        result = exchange.receive(effect)
                    else:
                        exchange.close()
                        self._sleep(effect.duration_s)
                except httpx.HTTPError as error:
                    failure = _no_answer(error)
        finally:
            exchange.close()
            flow.close()

    def run(self, flow: Flow[T]) -> T:
        """Return what the flow returns; what it tells is for nobody."""
        running = self.iterate(flow)
        while True:
            try:
                next(running)
            except StopIteration as end:
                ended: T = end.value
                return ended


class _AsyncExchange:
    """The answer a flow has open, if any."""

    def __init__(self, client: Callable[[], httpx.AsyncClient]) -> None:
        self._client = client
        self._response: httpx.Response | None = None
        self._pieces: Any = None

    async def open(self, effect: Open) -> Head:
        await self.close()
        client = self._client()
        request = _built(client, effect.request, _bounds(effect.timeout_s))
        self._response = await _within(
            effect.timeout_s, client.send(request, stream=True, follow_redirects=False, auth=None)
        )
        self._pieces = self._response.aiter_bytes()
        return _head(self._response)

    async def receive(self, effect: Receive) -> bytes:
        return await _within(effect.timeout_s, anext(self._pieces, b""))

    async def close(self) -> None:
        if self._response is not None:
            response, self._response = self._response, None
            await response.aclose()


async def _within(timeout_s: float, done: Awaitable[T]) -> T:
    """Return what comes in time. httpx's own limits are each read's: what trickles would pass them."""
    import anyio

    try:
        with anyio.fail_after(timeout_s):
            return await done
    except TimeoutError as error:
        raise NoAnswer("timeout", "nothing whole came in time") from error


class AsyncDriver:
    """Runs flows on the caller's event loop."""

    def __init__(
        self,
        client: Callable[[], httpx.AsyncClient],
        *,
        sleep: Callable[[float], Awaitable[object]] | None = None,
    ) -> None:
        self._client = client
        self._sleep = sleep

    async def iterate(self, flow: Flow[T], *, ended: list[T] | None = None) -> AsyncGenerator[Any, None]:
        """Yield what the flow tells; what it returns is put into `ended`."""
        import anyio
        import httpx

        exchange = _AsyncExchange(self._client)
        result: Any = None
        failure: NoAnswer | None = None
        try:
            while True:
                try:
                    effect = flow.send(result) if failure is None else flow.throw(failure)
                except StopIteration as end:
                    if ended is not None:
                        ended.append(end.value)
                    return
                result, failure = None, None
                if isinstance(effect, Tell):
                    yield effect.item
                    continue
                try:
                    if isinstance(effect, Open):
                        result = await exchange.open(effect)
                    elif isinstance(effect, Receive):
                        result = await exchange.receive(effect)
                    else:
                        await exchange.close()
                        await (self._sleep or anyio.sleep)(effect.duration_s)
                except httpx.HTTPError as error:
                    failure = _no_answer(error)
                except NoAnswer as error:
                    failure = error
        finally:
            # Closing must not be cut short by the cancellation that may have brought us here.
            with anyio.CancelScope(shield=True):
                await exchange.close()
            flow.close()

    async def run(self, flow: Flow[T]) -> T:
        """Return what the flow returns; what it tells is for nobody."""
        ended: list[T] = []
        async for _ in self.iterate(flow, ended=ended):
            pass
        return ended[0]
