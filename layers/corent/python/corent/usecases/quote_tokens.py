"""Quotes given and taken: for ten minutes an order of a wallet costs what it was told, whatever happens."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final

from corent.core.clock import Clock
from corent.core.errors import InvalidRequestError, QuoteExpiredError
from corent.core.quote_tokens import QuoteSubject, QuoteTerms, mint_quote_id, open_quote_id
from corent.core.tiers import Tier
from corent.jobs.job import Order

QUOTE_LASTS_MS: Final = 600_000
# What comes back with the job and changes nothing of it.
UNQUOTED: Final = frozenset({"metadata"})


@dataclass(frozen=True, slots=True)
class GivenQuote:
    """What a caller is given, and until when it may be used."""

    quote_id: str
    expires_at_ms: int


class QuoteTokens:
    """Makes and checks them; nothing is stored. `secret` is asked for only where there is a quote."""

    def __init__(self, *, secret: Callable[[], str], clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    def give(self, order: Order, *, tier: Tier, wallet_id: str, price_micros: int) -> GivenQuote:
        """A quote of that price. Raises TemporarilyUnavailableError."""
        terms = QuoteTerms(price_micros=price_micros, expires_at_ms=self._clock.now_ms() + QUOTE_LASTS_MS)
        quote_id = mint_quote_id(_subject(order, tier, wallet_id), terms, secret=self._secret())
        return GivenQuote(quote_id=quote_id, expires_at_ms=terms.expires_at_ms)

    def price_micros(self, quote_id: str, order: Order, *, tier: Tier, wallet_id: str) -> int:
        """What that order was quoted at.

        Raises InvalidRequestError for what is no quote of ours, or one of anything else, without telling
        which; QuoteExpiredError for one that is over; and TemporarilyUnavailableError.
        """
        terms = open_quote_id(quote_id, subject=_subject(order, tier, wallet_id), secret=self._secret())
        if terms is None:
            raise InvalidRequestError(
                "There is no such quote for this request.", code="invalid_quote_id", param="quote_id"
            )
        if self._clock.now_ms() >= terms.expires_at_ms:
            raise QuoteExpiredError("The quote has expired. Ask for a new one.", param="quote_id")
        return terms.price_micros


def _subject(order: Order, tier: Tier, wallet_id: str) -> QuoteSubject:
    return QuoteSubject(wallet_id=wallet_id, kind=tier.kind, tier=tier.name, order_sha256=_fingerprint(order))


def _fingerprint(order: Order) -> str:
    """SHA-256 over the order with its defaults filled in, so that leaving one out changes nothing."""
    quoted = {each.name: getattr(order, each.name) for each in fields(order) if each.name not in UNQUOTED}
    canonical = json.dumps(quoted, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
