"""What an operator may do to the books by hand: goodwill, adjustments, and letting a frozen account spend."""

from dataclasses import dataclass

from corent.core.money import MICROS_PER_CENT
from corent.ledger.entries import Adjustment, Counterpart
from corent.ledger.payments import PaymentLedger, Posting


@dataclass(frozen=True, slots=True)
class Correction:
    """Who corrects, and by which ticket: both are kept with the entry."""

    operator: str
    ticket: str

    @property
    def cause(self) -> str:
        return f"{self.operator} {self.ticket}"


class CorrectLedger:
    """An operator's acts; no route leads here. Each may be repeated."""

    def __init__(self, *, ledger: PaymentLedger) -> None:
        self._ledger = ledger

    def goodwill(self, by: Correction, *, account_id: str, job_id: str, amount_cents: int) -> Posting:
        """Give money for a job that was charged (see `PaymentLedger.goodwill`)."""
        return self._ledger.goodwill(
            job_id, wallet_id=account_id, amount_micros=amount_cents * MICROS_PER_CENT, cause=by.cause
        )

    def adjust(
        self, by: Correction, *, account_id: str, amount_cents: int, counterpart: str, into_wallet: bool
    ) -> Posting:
        """Move money between a wallet and an account of the books (see `PaymentLedger.adjust`)."""
        return self._ledger.adjust(
            by.ticket,
            wallet_id=account_id,
            amount_micros=amount_cents * MICROS_PER_CENT,
            adjustment=Adjustment(Counterpart(counterpart), into_wallet=into_wallet),
            cause=by.cause,
        )

    def unfreeze(self, by: Correction, *, account_id: str) -> None:
        """Let an account spend again whose numbers add up (see `PaymentLedger.unfreeze`)."""
        self._ledger.unfreeze(account_id, cause=by.cause)
