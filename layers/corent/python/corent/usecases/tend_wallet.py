"""Look after a wallet whose balance may have crossed a threshold: tell its owner, top it up.

Messages that wake this are only hints; what is stored decides. May be repeated, may die anywhere, may run
twice at once: a crossing is told once and charged once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from corent.core.clock import Clock
from corent.core.ids import new_ulid
from corent.core.money import MICROS_PER_CENT, cents_floor
from corent.ledger.balances import Balance, WalletStatus
from corent.ledger.payment_store import OrderState, PaymentOrder
from corent.ledger.payments import PaymentLedger
from corent.notices.notice import Alert, Notice, NoticeType
from corent.notices.store import NoticeStore
from corent.payments.processor import CardProcessor, ChargeState
from corent.payments.topup import OffReason, TopUp
from corent.usecases.make_deposit import CURRENCY
from corent.usecases.manage_topup import TopUpStore
from corent.usecases.sync_payment import SyncPayment
from corent.usecases.watch_balances import month_of

CAUSE: Final = "auto top-up"


class Tended(StrEnum):
    """What came of looking after a top-up."""

    NOTHING = "nothing"
    OVERTAKEN = "overtaken"
    CAPPED = "capped"
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TendReport:
    """What one look did."""

    wallet_id: str
    told: str | None
    topup: Tended


class TendWallet:
    """Alert first, then top-up: its owner learns of a low balance also where a charge then fails."""

    def __init__(
        self,
        *,
        ledger: PaymentLedger,
        notices: NoticeStore,
        topups: TopUpStore,
        processor: CardProcessor,
        sync: SyncPayment,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._notices = notices
        self._topups = topups
        self._processor = processor
        self._sync = sync
        self._clock = clock

    def __call__(self, wallet_id: str) -> TendReport:
        """Raises TemporarilyUnavailableError where a store or the processor did not answer: wake it again."""
        alert = self._notices.read_alert(wallet_id)
        told = self._tell(alert) if alert is not None else None
        topup = self._topups.read(wallet_id)
        tended = self._tend(topup, alert=alert) if topup is not None else Tended.NOTHING
        return TendReport(wallet_id, told=told, topup=tended)

    def _tell(self, alert: Alert) -> str | None:
        """Owe one notice a crossing; the id of the one that is owed now."""
        balance = self._ledger.balance(alert.wallet_id)
        is_low = balance.available_micros < alert.low_micros
        if is_low and not balance.is_low_told:
            data = {
                "available_cents": cents_floor(balance.available_micros),
                "threshold_cents": cents_floor(alert.low_micros),
            }
            notice = self._notice(alert, NoticeType.BALANCE_LOW, data)
            return notice.id if self._notices.tell_low(notice, low_micros=alert.low_micros) else None
        if balance.is_low_told and not is_low:
            self._notices.forget_low(alert.wallet_id, low_micros=alert.low_micros)
        return None

    def _tend(self, topup: TopUp, *, alert: Alert | None) -> Tended:
        if topup.order_id is None:
            month = month_of(self._clock.now_ms())
            if not topup.is_on or not self._is_below(topup):
                return Tended.NOTHING
            if not topup.has_room(month):
                self._topups.note_capped(topup.wallet_id, month=month)
                return Tended.CAPPED
            begun = topup.begun(month)
            if not self._topups.replace(topup, begun):
                return Tended.OVERTAKEN
            read = self._topups.read(topup.wallet_id)
            if read is None or read.order_id != begun.order_id:
                return Tended.OVERTAKEN
            topup = read
        return self._carry(topup, alert=alert)

    def _is_below(self, topup: TopUp) -> bool:
        balance: Balance = self._ledger.balance(topup.wallet_id)
        return balance.status is WalletStatus.ACTIVE and balance.available_micros < topup.threshold_micros

    def _carry(self, topup: TopUp, *, alert: Alert | None) -> Tended:
        """Bring the charge under way to its end, from wherever it was left."""
        order_id = topup.order_id or ""
        order = PaymentOrder(order_id, topup.wallet_id, topup.order_micros, CURRENCY)
        self._ledger.open_order(order)
        if not self._is_credited(order_id):
            card = self._topups.read_card(topup.wallet_id)
            charge = None
            if card is not None:
                charge = self._processor.charge(
                    card,
                    account_id=topup.wallet_id,
                    order_id=order_id,
                    amount_cents=topup.order_micros // MICROS_PER_CENT,
                    currency=CURRENCY,
                )
            if charge is None or charge.state is ChargeState.FAILED:
                needs_owner = charge is not None and charge.needs_owner
                reason = OffReason.AUTHENTICATION_REQUIRED if needs_owner else OffReason.CARD_DECLINED
                return self._fail(topup, reason, alert=alert)
            if charge.payment_id is not None:
                self._sync(charge.payment_id, cause=CAUSE)
            if not self._is_credited(order_id):
                return Tended.PENDING
        return Tended.PAID if self._topups.replace(topup, topup.paid()) else Tended.OVERTAKEN

    def _is_credited(self, order_id: str) -> bool:
        order = self._ledger.order(order_id)
        return order is not None and order.state is OrderState.CREDITED

    def _fail(self, topup: TopUp, reason: OffReason, *, alert: Alert | None) -> Tended:
        """Turn it off, and say so in the same write."""
        failed = topup.failed(reason, now_ms=self._clock.now_ms())
        notice = None
        if alert is not None:
            data = {"amount_cents": cents_floor(topup.order_micros), "reason": reason.value}
            notice = self._notice(alert, NoticeType.AUTO_TOPUP_DISABLED, data)
        return Tended.FAILED if self._topups.replace(topup, failed, notice=notice) else Tended.OVERTAKEN

    def _notice(self, alert: Alert, type_: NoticeType, data: Mapping[str, int | str]) -> Notice:
        return Notice(
            id=f"evt_{new_ulid()}",
            wallet_id=alert.wallet_id,
            type=type_,
            at_ms=self._clock.now_ms(),
            data=dict(data),
            url=alert.url,
            sealed_secret=alert.sealed_secret,
        )
