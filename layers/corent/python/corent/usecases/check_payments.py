"""The payments check: find what no event told of, and bring it into the books."""

from dataclasses import dataclass, field
from typing import Final

from corent.core.clock import Clock
from corent.core.errors import CorentError
from corent.payments.processor import CardProcessor
from corent.usecases.sync_payment import SyncPayment

CAUSE: Final = "payments check"
# What is younger may still be on its way as an event.
GRACE_S: Final = 120
# A run stops by itself well before its function's time-out; the next one goes on.
CHECK_S: Final = 240.0


@dataclass
class PaymentsReport:
    """What one run saw. `found` has the keys of entries that were missing, by payment; each is a lost event.

    `failed` are payments that could not be brought into the books, with the class of what stood in the way.
    """

    checked: int = 0
    found: dict[str, list[str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    short_micros: int = 0
    complete: bool = True


class CheckPayments:
    """Asks the processor what changed. May be repeated and may die halfway: each payment is its own write."""

    def __init__(self, *, processor: CardProcessor, sync: SyncPayment, clock: Clock) -> None:
        self._processor = processor
        self._sync = sync
        self._clock = clock

    def __call__(self, *, span_s: int, grace_s: int = GRACE_S) -> PaymentsReport:
        """Look at the payments that changed in the last `span_s`, but for the last `grace_s`.

        A payment that does not fit the books keeps no other from being looked at.
        """
        report = PaymentsReport()
        until_s = self._clock.monotonic_s() + CHECK_S
        now_s = self._clock.now_ms() // 1000
        for payment_id in self._processor.changed_payments(since_s=now_s - span_s, until_s=now_s - grace_s):
            if self._clock.monotonic_s() >= until_s:
                report.complete = False
                break
            report.checked += 1
            try:
                synced = self._sync(payment_id, cause=CAUSE)
            except CorentError as error:
                report.failed[payment_id] = type(error).__name__
                continue
            changed = [*synced.posted, *(f"freeze#{dispute_id}" for dispute_id in synced.frozen_for)]
            if changed:
                report.found[payment_id] = changed
            report.short_micros += synced.short_micros
        return report
