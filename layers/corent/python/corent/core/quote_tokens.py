"""Quotes as tokens: a price for one order of one wallet, checked without a look-up and kept nowhere.

    quote_<expiry, milliseconds since the epoch>.<price, micro-dollars>.<43 characters: the seal>

The seal also covers what a quote is for. That is not in the token: it is known again from the request that
brings it. Changing the secret makes all quotes void.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

from corent.core.seals import is_sealed, seal
from corent.core.tiers import Kind

TOKEN_CHARACTERS_MAX: Final = 100
_TOKEN: Final = re.compile(r"quote_([1-9][0-9]{0,15})\.([1-9][0-9]{0,14})\.([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class QuoteSubject:
    """What is quoted, and to whom. `order_sha256` is over every field of the order that matters."""

    wallet_id: str
    kind: Kind
    tier: str
    order_sha256: str


@dataclass(frozen=True, slots=True)
class QuoteTerms:
    """What it costs, and from when on it does not any more."""

    price_micros: int
    expires_at_ms: int


def mint_quote_id(subject: QuoteSubject, terms: QuoteTerms, *, secret: str) -> str:
    """The quote's id. Raises ValueError for terms that no token can name, and for a weak secret."""
    token = f"quote_{terms.expires_at_ms}.{terms.price_micros}.{seal(_claim(subject, terms), secret=secret)}"
    if _TOKEN.fullmatch(token) is None:
        raise ValueError("there can be no quote with such a price or expiry")
    return token


def open_quote_id(quote_id: str, *, subject: QuoteSubject, secret: str) -> QuoteTerms | None:
    """The terms of a quote for just that; None for one that is forged, or for anything else.

    `quote_id` may be anything a stranger sends. Whether it is over is for the caller to see.
    """
    parts = _TOKEN.fullmatch(quote_id) if len(quote_id) <= TOKEN_CHARACTERS_MAX else None
    if parts is None:
        return None
    terms = QuoteTerms(expires_at_ms=int(parts[1]), price_micros=int(parts[2]))
    return terms if is_sealed(_claim(subject, terms), by=parts[3], secret=secret) else None


def _claim(subject: QuoteSubject, terms: QuoteTerms) -> str:
    return json.dumps(
        [
            *(subject.wallet_id, subject.kind, subject.tier, subject.order_sha256),
            *(terms.price_micros, terms.expires_at_ms),
        ]
    )
