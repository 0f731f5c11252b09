"""What comes with an order beside its content: who pays, and how a repeat is recognised."""

from dataclasses import dataclass
from typing import Final

from corent.core.errors import MaxCostExceededError
from corent.core.idempotency import IdempotencyClaim, new_claim
from corent.core.money import cents_floor
from corent.ledger.store import KeyLimit
from corent.usecases.authenticate import Caller
from corent.usecases.callers_webhooks import WebhookRequest

# How long a hold may be tried before the caller is told to come back.
HOLD_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Purchase:
    """What came with the order: who pays, how long they wait, and how a repeat is recognised.

    `quote_id` is what they were quoted, as they say.
    """

    caller: Caller
    ulid: str
    wait_s: float
    max_cost_cents: int | None
    idempotency_key: str | None
    fingerprint: str
    webhook: WebhookRequest | None = None
    quote_id: str | None = None

    def claim(self, *, now_ms: int) -> IdempotencyClaim | None:
        """What keeps a second request with the same key from buying again; None without a key."""
        if self.idempotency_key is None:
            return None
        return new_claim(self.idempotency_key, fingerprint=self.fingerprint, now_ms=now_ms)


def check_budget(price_micros: int, *, max_cost_cents: int | None) -> None:
    """Raise MaxCostExceededError for a price above what the caller allowed."""
    if max_cost_cents is not None and cents_floor(price_micros) > max_cost_cents:
        raise MaxCostExceededError(
            "The price is above max_cost_cents.",
            param="max_cost_cents",
            details={"required_cents": cents_floor(price_micros)},
        )


def key_limit_of(caller: Caller, *, month: str | None) -> KeyLimit | None:
    """The spending limit of the key that buys, where it has one."""
    if month is None or caller.key.limit_micros is None:
        return None
    return KeyLimit(key_sha256=caller.key_sha256, month=month, limit_micros=caller.key.limit_micros)
