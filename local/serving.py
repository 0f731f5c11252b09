"""An ASGI application, served from a thread of this process for as long as a block runs."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn

STARTED_S: Final = 10.0
POLL_S: Final = 0.01


class NotServedError(Exception):
    """The server did not begin to listen; it has said why on standard error."""


@contextmanager
def serving(config: uvicorn.Config, *, name: str, listening: socket.socket | None = None) -> Iterator[None]:
    """Serve on the socket, else on the address of `config`, and end the server and its thread.

    Raises NotServedError when it did not begin to.
    """
    server = uvicorn.Server(config)
    sockets = None if listening is None else [listening]
    thread = threading.Thread(target=server.run, args=(sockets,), name=name, daemon=True)
    thread.start()
    try:
        deadline_s = time.monotonic() + STARTED_S
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline_s:
                raise NotServedError(f"The {name} did not start; see above.")
            time.sleep(POLL_S)
        yield
    finally:
        server.should_exit = True
        thread.join()
