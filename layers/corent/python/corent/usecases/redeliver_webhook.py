"""Deliver a webhook once more because its caller asked: the same event, a new round of tries."""

from corent.core.clock import Clock
from corent.core.errors import NotFoundError, TemporarilyUnavailableError
from corent.usecases.deliver_webhook import Later
from corent.webhooks.outbox import DeliveryStatus, Outbox
from corent.webhooks.store import OutboxStore


class RedeliverWebhook:
    """For a job or batch that the caller is known to own. May be repeated."""

    def __init__(self, *, outboxes: OutboxStore, later: Later, clock: Clock) -> None:
        self._outboxes = outboxes
        self._later = later
        self._clock = clock

    def __call__(self, subject_id: str) -> Outbox:
        """The delivery, pending. One that is pending already stays as it is: it will come by itself.

        Raises NotFoundError when there never was a webhook to deliver, or not yet.
        """
        outbox = self._outboxes.read(subject_id)
        if outbox is None:
            raise NotFoundError("No webhook was sent for this object.")
        if outbox.status is DeliveryStatus.PENDING:
            return outbox
        reopened = outbox.reopened(now_ms=self._clock.now_ms())
        if not self._outboxes.replace(outbox, reopened):
            raise TemporarilyUnavailableError("The webhook is being redelivered already.", retry_after_s=1)
        self._later(subject_id)
        return reopened
