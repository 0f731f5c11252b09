"""The Stripe stand-in in a test's own process, the real library as its client, and a receiver of events."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import httpx
import stripe

from local.stripe_stand_in.delivery import NO_ISSUERS
from local.stripe_stand_in.server import Running, running
from tests.waiting import until

# As a person's steps, and far below how long a test waits.
QUICK_WAITS_S: Final = (0.02, 0.04, 0.08)
SUCCESS_URL: Final = "http://127.0.0.1:9/paid?session={CHECKOUT_SESSION_ID}"
CANCEL_URL: Final = "http://127.0.0.1:9/left"

type Document = dict[str, Any]


@dataclass(frozen=True)
class Received:
    """One request at the receiver."""

    body: bytes
    headers: dict[str, str]

    @property
    def event(self) -> Document:
        event: Document = json.loads(self.body)
        return event


@dataclass
class Receiver:
    """Takes events on 127.0.0.1 and gives the listed answers in turn, the last one from then on."""

    answers: list[int] = field(default_factory=lambda: [200])
    received: list[Received] = field(default_factory=list)
    url: str = ""

    @property
    def types(self) -> list[str]:
        return [each.event["type"] for each in self.received]

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        self.received.append(Received(body, headers))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @contextmanager
    def serving(self) -> Iterator[None]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = receiver.take(body, {name.lower(): value for name, value in self.headers.items()})
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            self.url = f"http://127.0.0.1:{server.server_port}/v1/stripe/events"
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            try:
                yield
            finally:
                server.shutdown()
                thread.join()


@dataclass(frozen=True)
class StandIn:
    """A running stand-in, who is told of its events, and how to reach it."""

    running: Running
    receiver: Receiver
    client: stripe.StripeClient
    http: httpx.Client

    def new_session(self, *, amount_cents: int = 1_000, **more: Any) -> stripe.checkout.Session:
        """Make a session through the real library, as Corent does; `more` replaces or adds parameters."""
        price = {"currency": "usd", "unit_amount": amount_cents, "product_data": {"name": "Corent balance"}}
        params: Any = {
            "mode": "payment",
            "line_items": [{"price_data": price, "quantity": 1}],
            "success_url": SUCCESS_URL,
            "cancel_url": CANCEL_URL,
            **more,
        }
        return self.client.v1.checkout.sessions.create(params)

    def session(self, id_: str) -> stripe.checkout.Session:
        return self.client.v1.checkout.sessions.retrieve(id_)

    def paid_session(self, *, amount_cents: int = 1_000, **more: Any) -> stripe.checkout.Session:
        """Make a session and pay it by card."""
        session = self.new_session(amount_cents=amount_cents, **more)
        self.script(f"sessions/{session.id}/pay", action="pay")
        return self.session(session.id)

    def script(self, path: str, *, answers: int = 200, **said: Any) -> Document:
        """POST to /_stub and return the answer, which must have this HTTP status."""
        reply = self.http.post(f"/_stub/{path}", json=said)
        assert reply.status_code == answers, reply.text
        answer: Document = reply.json()
        return answer

    @property
    def deliveries(self) -> Document:
        answer: Document = self.http.get("/_stub/deliveries").json()
        return answer

    def event_types(self) -> list[str]:
        """Return the types of all events made, in order of making."""
        return [str(each.type) for each in self.client.v1.events.list({"limit": 100}).data][::-1]

    def all_delivered(self) -> None:
        """Wait until no delivery is still to come."""
        until(lambda: self.deliveries["pending"] == 0, what="every event to be delivered")


@contextmanager
def stand_in(**options: Any) -> Iterator[StandIn]:
    """Start a stand-in and a receiver, and end both; `options` are those of `running`."""
    with ExitStack() as stack:
        receiver = Receiver()
        stack.enter_context(receiver.serving())
        defaults = {"events_url": receiver.url, "retry_waits_s": QUICK_WAITS_S}
        served = stack.enter_context(running(**defaults | options))
        transport = stack.enter_context(
            httpx.Client(base_url=served.base_url, trust_env=False, verify=NO_ISSUERS)
        )
        # Of its own, so that its connections end before the server does.
        connections = stripe.RequestsClient()
        stack.callback(connections.close)
        library = stripe.StripeClient(
            served.api_key,
            base_addresses={"api": served.base_url},
            max_network_retries=0,
            http_client=connections,
        )
        yield StandIn(running=served, receiver=receiver, client=library, http=transport)
