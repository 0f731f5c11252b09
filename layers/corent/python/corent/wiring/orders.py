"""Orders: the one write that makes a job."""

from functools import cache

from corent.core.clock import SystemClock
from corent.usecases.place_order import PlaceOrder
from corent.wiring.callers_webhooks import CallersWebhooks
from corent.wiring.drafts import draft_job
from corent.wiring.money import jobs, wallets
from corent.wiring.quotes import quote_tokens
from corent.wiring.upstreams import fetch_input


@cache
def place_order() -> PlaceOrder:
    return PlaceOrder(
        draft=draft_job(),
        quotes=quote_tokens(),
        wallets=wallets(),
        jobs=jobs(),
        webhooks=CallersWebhooks(),
        fetch_input=fetch_input(),
        clock=SystemClock(),
    )
