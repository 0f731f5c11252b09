"""The functions around payments in this process, and the Stripe stand-in that they ask."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from corent.usecases.open_account import OpenedAccount
from tests.dynamo_books import books_in
from tests.functions.conftest import CONTEXT, Answer, Cloud, load
from tests.invariants import violations
from tests.stripe_stand_in import Received, StandIn, stand_in

PATH: Final = "/v1/account/deposit"


@dataclass
class Payments:
    """The functions around payments, and the processor that they ask."""

    cloud: Cloud
    stripe: StandIn
    account: OpenedAccount

    def deposit(self, cents: Any = 1_000, *, key: str | None = None, **headers: str) -> Answer:
        return self.cloud.call(
            "account_deposit",
            "POST",
            PATH,
            key=key or self.account.live_key,
            body={"amount_cents": cents},
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    def paid(self, cents: int = 1_000) -> str:
        """Deposit and pay; the session's id. Nobody has told the functions yet."""
        session_id: str = self.deposit(cents).json["session_id"]
        self.stripe.script(f"sessions/{session_id}/pay", action="pay")
        self.stripe.all_delivered()
        return session_id

    def tell(self, received: Received, **changes: Any) -> Answer:
        """Hand on what the processor sent, as API Gateway does."""
        body = changes.pop("body", received.body)
        headers = changes.pop("headers", {"Stripe-Signature": received.headers["stripe-signature"]})
        return self.cloud.call(
            "stripe_events", "POST", "/v1/stripe/events", raw=body.decode(), headers=headers, **changes
        )

    def tell_all(self) -> None:
        """Hand on everything that was sent, and let the queue's function look at it."""
        self.stripe.all_delivered()
        for received in self.stripe.receiver.received:
            assert self.tell(received).status == 200
        self.stripe.receiver.received.clear()
        self.work()

    def work(self) -> dict[str, Any]:
        """Let the queue's function look at what waits."""
        records = [{"messageId": str(n), "body": body} for n, body in enumerate(self.cloud.messages)]
        self.cloud.messages.clear()
        answer: dict[str, Any] = load("on_payment_event").handler({"Records": records}, CONTEXT)
        return answer

    @property
    def balance_cents(self) -> int:
        answer = self.cloud.call("account_balance", "GET", "/v1/account/balance", key=self.account.live_key)
        cents: int = answer.json["balance_cents"]
        return cents

    @property
    def entries(self) -> list[dict[str, Any]]:
        answer = self.cloud.call("account_ledger", "GET", "/v1/account/ledger", key=self.account.live_key)
        entries: list[dict[str, Any]] = answer.json["entries"]
        return entries

    @property
    def received(self) -> Received:
        """The event that a session is complete."""
        self.stripe.all_delivered()
        return next(
            each
            for each in self.stripe.receiver.received
            if each.event["type"] == "checkout.session.completed"
        )

    def sound(self) -> bool:
        return violations(**books_in(self.cloud.client("dynamodb"))) == []


@contextmanager
def paying(cloud: Cloud) -> Iterator[Payments]:
    """A processor, its account in the secret, and an account of ours without money."""
    from corent.wiring.operator import open_account

    with stand_in() as running:
        secret = {
            "api_key": running.running.api_key,
            "webhook_secret": running.running.webhook_secret,
            "base_url": running.running.base_url,
        }
        cloud.client("secretsmanager").create_secret(Name="corent/stripe", SecretString=json.dumps(secret))
        yield Payments(cloud, running, open_account(balance_cents=0))
