"""Quote an order: its price, kept for a while, and how long it would take. Nothing is held or made."""

from dataclasses import dataclass

from corent.core.clock import Clock
from corent.jobs.job import Order
from corent.usecases.authenticate import Caller
from corent.usecases.draft_job import DraftJob
from corent.usecases.purchase import check_budget
from corent.usecases.quote_tokens import GivenQuote, QuoteTokens


@dataclass(frozen=True, slots=True)
class Quote:
    """What the order costs until the given quote expires, and what its first candidate needs, as of now.

    `expected_ms` is about the median of its times, `slow_ms` about their 95th percentile.
    """

    given: GivenQuote
    tier: str
    price_micros: int
    expected_ms: int
    slow_ms: int


class QuoteOrder:
    """Says what an order would cost and take."""

    def __init__(self, *, draft: DraftJob, tokens: QuoteTokens, clock: Clock) -> None:
        self._draft = draft
        self._tokens = tokens
        self._clock = clock

    def __call__(
        self, order: Order, *, caller: Caller, ulid: str, wait_s: float, max_cost_cents: int | None
    ) -> Quote:
        """The quote; `wait_s` is how long the caller would wait for the result, 0 for not at all.

        Raises MaxCostExceededError, TierUnavailableError when no offer can take the order, and
        TemporarilyUnavailableError.
        """
        price_micros = self._draft.price_micros(order)
        check_budget(price_micros, max_cost_cents=max_cost_cents)
        outlook = self._draft.outlook(
            order,
            caller=caller,
            ulid=ulid,
            now_ms=self._clock.now_ms(),
            wait_ms=round(wait_s * 1000) if wait_s else None,
        )
        tier = self._draft.tier(order)
        given = self._tokens.give(order, tier=tier, wallet_id=caller.wallet_id, price_micros=price_micros)
        return Quote(
            given=given,
            tier=tier.name,
            price_micros=price_micros,
            expected_ms=outlook.expected_ms,
            slow_ms=outlook.slow_ms,
        )
