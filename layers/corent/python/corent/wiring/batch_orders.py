"""Batches: bought here, carried by their state machine."""

from functools import cache

from corent.core.clock import SystemClock
from corent.usecases.buy_batch import BuyBatch
from corent.wiring.batches import batches
from corent.wiring.callers_webhooks import CallersWebhooks
from corent.wiring.drafts import draft_job
from corent.wiring.executions import batch_executions
from corent.wiring.money import wallets
from corent.wiring.upstreams import fetch_input


@cache
def buy_batch() -> BuyBatch:
    return BuyBatch(
        draft=draft_job(),
        wallets=wallets(),
        batches=batches(),
        webhooks=CallersWebhooks(),
        check_url=fetch_input().check,
        start=batch_executions().start,
        clock=SystemClock(),
    )
