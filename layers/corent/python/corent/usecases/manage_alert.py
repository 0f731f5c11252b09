"""What an account's owner says of alerts: where to be told, and below which balance."""

from corent.core.money import MICROS_PER_CENT
from corent.notices.notice import Alert
from corent.notices.store import NoticeStore
from corent.usecases.authenticate import Caller
from corent.usecases.callers_webhooks import WebhookRequest, Webhooks, accept_webhook
from corent.usecases.watch_balances import Wake


class ManageAlert:
    """Reads and changes one wallet's alert. Test keys have their own, for the test wallet."""

    def __init__(self, *, notices: NoticeStore, webhooks: Webhooks, wake: Wake) -> None:
        self._notices = notices
        self._webhooks = webhooks
        self._wake = wake

    def get(self, caller: Caller) -> Alert | None:
        """The alert; None when there is none."""
        return self._notices.read_alert(caller.wallet_id)

    def set(self, caller: Caller, *, low_cents: int, webhook: WebhookRequest) -> Alert:
        """Keep this one instead. May be repeated. Raises InvalidRequestError for an unusable address."""
        # Sealed for the wallet: every notice of it is signed with the same secret.
        accepted = accept_webhook(
            webhook, webhooks=self._webhooks, wallet_id=caller.wallet_id, subject_id=caller.wallet_id
        )
        earlier = self._notices.read_alert(caller.wallet_id)
        alert = Alert(
            wallet_id=caller.wallet_id,
            low_micros=low_cents * MICROS_PER_CENT,
            url=accepted.url,
            sealed_secret=accepted.sealed_secret,
            last_event_id=earlier.last_event_id if earlier is not None else None,
        )
        self._notices.set_alert(alert)
        # The balance may be below it already.
        self._wake(caller.wallet_id)
        return alert

    def remove(self, caller: Caller) -> None:
        """Tell nothing more. May be repeated."""
        self._notices.remove_alert(caller.wallet_id)
