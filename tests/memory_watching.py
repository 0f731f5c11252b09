"""Alerts, notices and top-ups in memory, beside the books whose balances they watch."""

from dataclasses import dataclass, field, replace

from corent.notices.notice import Alert, Notice
from corent.payments.topup import SavedCard, TopUp
from tests.fakes import MemoryBooks


@dataclass
class MemoryNotices:
    """NoticeStore over dictionaries; what is owed goes to the books' outbox."""

    books: MemoryBooks
    alerts: dict[str, Alert] = field(default_factory=dict)
    notices: dict[str, Notice] = field(default_factory=dict)

    def read_alert(self, wallet_id: str) -> Alert | None:
        return self.alerts.get(wallet_id)

    def set_alert(self, alert: Alert) -> None:
        self.alerts[alert.wallet_id] = alert
        self._watch(alert.wallet_id, low_micros=alert.low_micros, is_low_told=False)

    def remove_alert(self, wallet_id: str) -> None:
        self.alerts.pop(wallet_id, None)
        self._watch(wallet_id, low_micros=None, is_low_told=False)

    def tell_low(self, notice: Notice, *, low_micros: int) -> bool:
        balance = self.books.balances[notice.wallet_id]
        if balance.low_micros != low_micros or balance.available_micros >= low_micros or balance.is_low_told:
            return False
        self._watch(notice.wallet_id, is_low_told=True)
        self.owe(notice)
        return True

    def forget_low(self, wallet_id: str, *, low_micros: int) -> None:
        balance = self.books.balances[wallet_id]
        if balance.low_micros == low_micros and balance.available_micros >= low_micros:
            self._watch(wallet_id, is_low_told=False)

    def read_notice(self, notice_id: str) -> Notice | None:
        return self.notices.get(notice_id)

    def owe(self, notice: Notice) -> None:
        self.notices[notice.id] = notice
        self.books.owed.append(notice.id)
        self.alerts[notice.wallet_id] = replace(self.alerts[notice.wallet_id], last_event_id=notice.id)

    def _watch(self, wallet_id: str, **changes: object) -> None:
        self.books.balances[wallet_id] = replace(self.books.balances[wallet_id], **changes)  # type: ignore[arg-type]


@dataclass
class MemoryTopUps:
    """TopUpStore over dictionaries. `notices` is where a notice is owed."""

    books: MemoryBooks
    notices: MemoryNotices | None = None
    topups: dict[str, TopUp] = field(default_factory=dict)
    cards: dict[str, SavedCard] = field(default_factory=dict)

    def read(self, wallet_id: str) -> TopUp | None:
        return self.topups.get(wallet_id)

    def read_card(self, wallet_id: str) -> SavedCard | None:
        return self.cards.get(wallet_id)

    def keep_card(self, wallet_id: str, card: SavedCard) -> None:
        kept = self.cards.get(wallet_id)
        if kept is None or kept.saved_at_s <= card.saved_at_s:
            self.cards[wallet_id] = card

    def replace(self, before: TopUp | None, after: TopUp, *, notice: Notice | None = None) -> bool:
        stored = self.topups.get(after.wallet_id)
        if (stored.revision if stored else None) != (before.revision if before else None):
            return False
        revision = 0 if before is None else before.revision + 1
        self.topups[after.wallet_id] = replace(after, revision=revision)
        self._watch(after.wallet_id, topup_micros=after.watch_below_micros, topup_capped=None)
        if notice is not None and self.notices is not None:
            self.notices.owe(notice)
        return True

    def note_capped(self, wallet_id: str, *, month: str) -> None:
        self._watch(wallet_id, topup_capped=month)

    def _watch(self, wallet_id: str, **changes: object) -> None:
        self.books.balances[wallet_id] = replace(self.books.balances[wallet_id], **changes)  # type: ignore[arg-type]
