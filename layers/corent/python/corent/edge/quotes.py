"""The quote endpoint's request and answer, between the contract's words and ours."""

from corent.core.clock import rfc3339
from corent.core.money import cents_floor
from corent.edge import images, videos
from corent.edge.bodies.quotes import QuoteImageBody, QuoteReply, QuoteVideoBody
from corent.jobs.job import Order
from corent.usecases.quote_order import Quote


def order_of(body: QuoteImageBody | QuoteVideoBody) -> Order:
    """What would be made."""
    return images.order_of(body) if isinstance(body, QuoteImageBody) else videos.order_of(body)


def wait_s_of(body: QuoteImageBody | QuoteVideoBody) -> float:
    """How long its result would be waited for; not at all where its caller wants to be told."""
    return body.wait_s if isinstance(body, QuoteImageBody) and body.webhook_url is None else 0


def quote_reply(quote: Quote) -> QuoteReply:
    """The quote as it is shown; a price is whole cents."""
    return QuoteReply(
        quote_id=quote.given.quote_id,
        model=quote.tier,
        price_cents=cents_floor(quote.price_micros),
        expected_ms=quote.expected_ms,
        p95_ms=quote.slow_ms,
        expires_at=rfc3339(quote.given.expires_at_ms),
    )
