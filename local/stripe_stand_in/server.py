"""Start the stand-in in this process: `with running(...) as stripe:` serves it until the block ends."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from local.serving import serving
from local.stripe_stand_in.account import Account
from local.stripe_stand_in.api import Api
from local.stripe_stand_in.checkout import Checkout
from local.stripe_stand_in.delivery import RETRY_WAITS_S, Delivery
from local.stripe_stand_in.payments import expire_due
from local.stripe_stand_in.scripting import Scripting
from local.stripe_stand_in.store import Store, new_id

EXPIRE_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Running:
    """A stand-in that serves: where, with which secret key, and what it signs its events with."""

    base_url: str
    api_key: str
    webhook_secret: str


@contextmanager
def running(
    *,
    events_url: str | None = None,
    state: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    api_key: str | None = None,
    webhook_secret: str | None = None,
    retry_waits_s: Sequence[float] = RETRY_WAITS_S,
    now_s: Callable[[], float] = time.time,
) -> Iterator[Running]:
    """Serve a stand-in from threads of this process, and end them all.

    Port 0 is any free one. Keys that are not given are made up. Without `events_url` no event is delivered,
    without `state` (the file that keeps everything) all is forgotten. Raises OSError when the port is taken.
    """
    listening = socket.create_server((host, port), backlog=128)
    served = Running(
        base_url=f"http://{host}:{listening.getsockname()[1]}",
        api_key=api_key or new_id("sk_test", length=48),
        webhook_secret=webhook_secret or new_id("whsec", length=32),
    )
    store = Store(state, now_s=now_s)
    delivery = Delivery(store, url=events_url, secret=served.webhook_secret, retry_waits_s=retry_waits_s)
    account = Account(store, delivery, served.base_url)
    delivery.start()
    try:
        with _expiring(account), _serving(_app(account, served, host=host), listening):
            yield served
    finally:
        delivery.close()


def _app(account: Account, served: Running, *, host: str) -> Starlette:
    return Starlette(
        # A page elsewhere that gets its own name to point here is not let in.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[host, "localhost"])],
        routes=[
            *Api(account, api_key=served.api_key).routes(),
            *Checkout(account).routes(),
            *Scripting(account, host=host).routes(),
        ],
    )


@contextmanager
def _serving(app: Starlette, listening: socket.socket) -> Iterator[None]:
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        access_log=False,
        server_header=False,
        log_level="warning",
    )
    config.timeout_graceful_shutdown = 1
    with listening, serving(config, name="Stripe stand-in", listening=listening):
        yield


@contextmanager
def _expiring(account: Account) -> Iterator[None]:
    """Expire sessions when their time is over, also while nobody asks."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(EXPIRE_EVERY_S):
            expire_due(account)

    thread = threading.Thread(target=watch, name="stripe-expiry", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
