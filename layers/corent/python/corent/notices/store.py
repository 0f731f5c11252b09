"""The ports of notices."""

from typing import Protocol

from corent.notices.notice import Alert, Notice


class NoticeStore(Protocol):
    """Alerts by wallet, notices by id. Reads are consistent."""

    def read_alert(self, wallet_id: str) -> Alert | None: ...

    def set_alert(self, alert: Alert) -> None:
        """Keep the alert, and watch the balance for it from now on. May be repeated."""
        ...

    def remove_alert(self, wallet_id: str) -> None:
        """Watch no more. May be repeated."""
        ...

    def tell_low(self, notice: Notice, *, low_micros: int) -> bool:
        """Owe the notice and mark the balance as told of, in one write.

        False when the balance is not below, is told of already, or the alert is another by now.
        """
        ...

    def forget_low(self, wallet_id: str, *, low_micros: int) -> None:
        """Unmark a balance that has risen to `low_micros` or above. May be repeated."""
        ...

    def read_notice(self, notice_id: str) -> Notice | None: ...
