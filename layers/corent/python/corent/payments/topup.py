"""Automatic top-ups: what a customer allowed, and where the charge of one crossing stands. Pure.

    off ── set ──► on ── balance below the threshold ──► charging ── paid ──► on
     ▲                                                      │
     └──────────────────── the charge failed ◄──────────────┘

A crossing is counted once and makes one order; its id is the charge's idempotency key. While a charge is
under way there is no other.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class OffReason(StrEnum):
    """Why it is off."""

    BY_OWNER = "by_owner"
    CARD_DECLINED = "card_declined"
    AUTHENTICATION_REQUIRED = "authentication_required"


@dataclass(frozen=True, slots=True)
class SavedCard:
    """A payment method that its owner allowed to be charged again, as the card processor names it.

    `saved_at_s` is when the payment was begun that saved it: the newest one counts.
    """

    customer_id: str
    method_id: str
    saved_at_s: int


@dataclass(frozen=True, slots=True)
class TopUp:
    """One wallet's automatic top-up. Money in micro-dollars.

    `crossings` counts the charges ever begun, `order_id` and `order_micros` are the one under way. `month`
    (`YYYYMM`) is the last one in which a charge was begun, `month_micros` how much. `revision` grows with
    each change.
    """

    wallet_id: str
    threshold_micros: int
    amount_micros: int
    monthly_cap_micros: int
    is_on: bool = True
    off_reason: OffReason | None = None
    off_at_ms: int | None = None
    crossings: int = 0
    order_id: str | None = None
    order_micros: int = 0
    month: str = ""
    month_micros: int = 0
    revision: int = 0

    @property
    def watch_below_micros(self) -> int | None:
        """Below which balance there is something to do; None while there is not."""
        return self.threshold_micros if self.is_on and self.order_id is None else None

    def spent_micros(self, month: str) -> int:
        """What was charged or is under way in that month."""
        return self.month_micros if month == self.month else 0

    def has_room(self, month: str) -> bool:
        """Whether one more charge stays within the month's cap."""
        return self.spent_micros(month) + self.amount_micros <= self.monthly_cap_micros

    def changed(self, new: "TopUp") -> "TopUp":
        """On, by the new one's rules; a charge under way goes on."""
        return replace(
            self,
            threshold_micros=new.threshold_micros,
            amount_micros=new.amount_micros,
            monthly_cap_micros=new.monthly_cap_micros,
            is_on=True,
            off_reason=None,
            off_at_ms=None,
        )

    def begun(self, month: str) -> "TopUp":
        """The charge of one more crossing is under way."""
        crossing = self.crossings + 1
        return replace(
            self,
            crossings=crossing,
            order_id=f"topup_{self.wallet_id.removeprefix('acct_')}_{crossing}",
            order_micros=self.amount_micros,
            month=month,
            month_micros=self.spent_micros(month) + self.amount_micros,
        )

    def paid(self) -> "TopUp":
        """The charge under way is credited."""
        return replace(self, order_id=None)

    def failed(self, reason: OffReason, *, now_ms: int) -> "TopUp":
        """The charge under way failed: nothing is charged until its owner turns it on again."""
        return replace(
            self.turned_off(reason, now_ms=now_ms),
            order_id=None,
            month_micros=self.month_micros - self.order_micros,
        )

    def turned_off(self, reason: OffReason, *, now_ms: int) -> "TopUp":
        """Off; a charge under way goes on to its end."""
        return replace(self, is_on=False, off_reason=reason, off_at_ms=now_ms)
