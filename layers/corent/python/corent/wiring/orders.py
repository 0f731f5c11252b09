"""Orders: the one write that makes a job."""

from functools import cache

from corent.core.clock import SystemClock
from corent.providers.catalog import tiers
from corent.usecases.draft_job import DraftJob
from corent.usecases.place_order import PlaceOrder
from corent.wiring.callers_webhooks import CallersWebhooks
from corent.wiring.money import jobs, wallets
from corent.wiring.upstreams import fetch_input, on_sale


@cache
def draft_job() -> DraftJob:
    return DraftJob(tiers=tiers(), offers=on_sale())


@cache
def place_order() -> PlaceOrder:
    return PlaceOrder(
        draft=draft_job(),
        wallets=wallets(),
        jobs=jobs(),
        webhooks=CallersWebhooks(),
        fetch_input=fetch_input(),
        clock=SystemClock(),
    )
