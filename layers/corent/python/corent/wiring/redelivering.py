"""Delivering a webhook once more."""

from functools import cache

from corent.core.clock import SystemClock
from corent.usecases.authenticate import Caller
from corent.usecases.read_deliveries import DeliveryView
from corent.usecases.redeliver_webhook import RedeliverWebhook
from corent.wiring.deliveries import read_deliveries
from corent.wiring.money import outboxes
from corent.wiring.webhooks import later


def redeliver_webhook(subject_id: str, *, caller: Caller) -> DeliveryView:
    """The webhook of the caller's job or batch, pending again. Raises NotFoundError."""
    outbox = _redeliver()(read_deliveries().subject(subject_id, caller=caller).id)
    return DeliveryView(status=outbox.status.value, log=outbox.log)


@cache
def _redeliver() -> RedeliverWebhook:
    return RedeliverWebhook(outboxes=outboxes(), later=later(), clock=SystemClock())
