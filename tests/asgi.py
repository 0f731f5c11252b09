"""One request to an ASGI application, in this process: as a server sends it, from a client that can leave."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol

type Message = MutableMapping[str, Any]


class Application(Protocol):
    """An ASGI 3 application."""

    def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> Awaitable[None]: ...


@dataclass
class Event:
    """One event as a browser would dispatch it."""

    name: str
    id: str
    data: str


@dataclass
class Exchange:
    """A request's answer, as far as it has come. `leave` closes the connection from the client's side."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_complete: bool = False
    _gone: asyncio.Event = field(default_factory=asyncio.Event)
    _asked: bool = False

    def leave(self) -> None:
        self._gone.set()

    @property
    def events(self) -> list[Event]:
        return parse_events(self.body.decode())

    async def receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            assert not self.status
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            assert self.status
            assert not self.is_complete
            self.body += message["body"]
            self.is_complete = not message["more_body"]


def scope(path: str, *, method: str = "GET", query: str = "", **headers: str) -> dict[str, Any]:
    """A request from 203.0.113.9; header names with underscores for dashes."""
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [
            (name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()
        ],
        "client": ("203.0.113.9", 50_000),
    }


def ask(application: Application, asked: dict[str, Any]) -> Exchange:
    """The whole answer to a request."""

    async def whole() -> Exchange:
        exchange = Exchange()
        await application(asked, exchange.receive, exchange.send)
        return exchange

    return asyncio.run(whole())


def parse_events(text: str) -> list[Event]:
    """The events of a stream; every other line of it must be a comment or a `retry`."""
    events = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line)
        if "data" in fields:
            events.append(Event(name=fields.pop("event"), id=fields.pop("id"), data=fields.pop("data")))
        assert fields.keys() <= {"", "retry"}, block
    return events
