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
    """The webhook of the caller's job, batch or notice, pending again. Raises NotFoundError."""
    read_deliveries().check(subject_id, caller=caller)
    outbox = _redeliver()(subject_id)
    return DeliveryView(status=outbox.status.value, log=outbox.log)


@cache
def _redeliver() -> RedeliverWebhook:
    return RedeliverWebhook(outboxes=outboxes(), later=later(), clock=SystemClock())
