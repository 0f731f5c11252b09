"""A wallet's balance and what must always be true of it."""

from dataclasses import dataclass
from enum import StrEnum

from corent.core.errors import InvariantViolationError


class WalletStatus(StrEnum):
    """Whether a wallet may spend. Running jobs settle whatever it says."""

    ACTIVE = "active"
    FROZEN = "frozen"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Balance:
    """The stored balance of one wallet. `credits_micros` and `debits_micros` only grow.

    `open_jobs` are single jobs, those of a batch not counted. `refilled_on` is the day (`YYYY-MM-DD`) a test
    wallet was last filled up. `low_micros` is below what its owner wants to be told, `is_low_told` whether he
    was; `topup_micros` is below what it is to be topped up, but not in the month `topup_capped` (`YYYYMM`).
    """

    wallet_id: str
    available_micros: int
    held_micros: int
    credits_micros: int
    debits_micros: int
    captured_micros: int
    open_jobs: int
    open_batches: int
    jobs_total: int
    version: int
    status: WalletStatus
    refilled_on: str | None = None
    low_micros: int | None = None
    is_low_told: bool = False
    topup_micros: int | None = None
    topup_capped: str | None = None

    def is_crossed(self, *, month: str) -> bool:
        """Whether it lies on another side of one of its thresholds than is known."""
        is_low = self.low_micros is not None and self.available_micros < self.low_micros
        tops_up = (
            self.topup_micros is not None
            and self.available_micros < self.topup_micros
            and self.status is WalletStatus.ACTIVE
            and self.topup_capped != month
        )
        return is_low != self.is_low_told or tops_up

    def check(self) -> None:
        """Raise InvariantViolationError when the numbers of this one item contradict each other."""
        if (
            self.available_micros + self.held_micros != self.credits_micros - self.debits_micros
            or self.held_micros < 0
            or self.open_jobs < 0
            or self.open_batches < 0
            or not 0 <= self.captured_micros <= self.debits_micros
            or self.jobs_total < self.open_jobs
        ):
            raise InvariantViolationError(f"balance of {self.wallet_id} contradicts itself: {self}")
