"""The alert endpoints' input and answers."""

from corent.core.money import cents_floor
from corent.edge.bodies.alerts import AlertBody, AlertReply
from corent.notices.notice import Alert
from corent.usecases.callers_webhooks import WebhookRequest


def webhook_of(body: AlertBody) -> WebhookRequest:
    """Where to tell."""
    return WebhookRequest(url=body.webhook_url, secret=body.webhook_secret)


def alert_reply(alert: Alert | None) -> AlertReply:
    """The alert as it is shown: its secret never is."""
    if alert is None:
        return AlertReply(low_balance_cents=None, webhook_url=None, signed=False, last_event_id=None)
    return AlertReply(
        low_balance_cents=cents_floor(alert.low_micros),
        webhook_url=alert.url,
        signed=alert.sealed_secret is not None,
        last_event_id=alert.last_event_id,
    )
