"""One server and two clients: what holds for `Corent` holds for `AsyncCorent`."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from corent import AsyncCorent, Corent
from corent.effects import Timing
from tests.documents import KEY
from tests.scripted import ScriptedServer

# Who starts the tests in the background has Ctrl-C ignored for them, and then for every program they start.
# With a handler of our own here, those programs have the system's.
signal.signal(signal.SIGINT, signal.default_int_handler)


class VirtualTime:
    """A clock that only pauses move; `pauses_s` are those the client made."""

    def __init__(self) -> None:
        self.pauses_s: list[float] = []
        self.jitter = 1.0
        self._now_s = 1_000.0

    @property
    def timing(self) -> Timing:
        return Timing(now_s=lambda: self._now_s, wall_s=lambda: 1_790_000_000.0, jitter=lambda: self.jitter)

    def sleep(self, duration_s: float) -> None:
        self.pauses_s.append(duration_s)
        self._now_s += duration_s

    async def sleep_async(self, duration_s: float) -> None:
        self.sleep(duration_s)


class Api:
    """Calls a server by one of the two clients."""

    def __init__(self, kind: str, url: str, time: VirtualTime) -> None:
        self.kind = kind
        self.url = url
        self.time = time

    def call(self, what: Callable[[Any], Any], **options: Any) -> Any:
        """Return what the call returns."""
        options = {"api_key": KEY, "base_url": self.url, "timing": self.time.timing, **options}
        if self.kind == "sync":
            with Corent(sleep=options.pop("sleep", self.time.sleep), **options) as client:
                return what(client)

        async def run() -> Any:
            async with AsyncCorent(sleep=options.pop("sleep", self.time.sleep_async), **options) as client:
                return await what(client)

        return asyncio.run(run())

    def items(self, what: Callable[[Any], Any], **options: Any) -> list[Any]:
        """Return everything an iterator gives."""
        if self.kind == "sync":
            return self.call(lambda client: list(what(client)), **options)

        async def collect(client: Any) -> list[Any]:
            async with aclosing(what(client)) as going:
                return [each async for each in going]

        return self.call(collect, **options)

    def real_time(self) -> dict[str, Any]:
        """The options of a client on the machine's own clock, whose pauses take no time."""

        async def rest(_duration_s: float) -> None:
            await asyncio.sleep(0)

        return {
            "timing": Timing(jitter=lambda: 0.0),
            "sleep": (lambda _s: None) if self.kind == "sync" else rest,
        }


@pytest.fixture(autouse=True)
def _quiet_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CORENT_API_KEY", "CORENT_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


@pytest.fixture(params=["sync", "async"])
def api(request: pytest.FixtureRequest, server: ScriptedServer, time: VirtualTime) -> Api:
    return Api(request.param, server.url, time)
