"""One owed webhook: the end of a job or a batch, told until the receiver has it or the tries are used up.

    pending ── tried ──► delivered                 `tries` only grows, so (status, tries, due) names a state:
       ▲  └── retried, then given up ──► undelivered   a write that expects it cannot overtake another one
       └────────── redelivery ──────────────┘

While a try is under way `due_ms` is the end of its lease: whoever dies leaves a webhook that is due again.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

# A whole try takes 10 s at most; then the next worker may have it.
LEASE_MS: Final = 30_000
# How long after it was due a pending webhook is taken for forgotten.
OWED_GRACE_S: Final = 60
# How long a reminder of a forgotten one has until the next reminder.
REMINDED_S: Final = 300
# Tries of one round, those whose worker died included: something that kills every worker must end too.
ROUND_TRIES_MAX: Final = 10
LOG_KEPT_MAX: Final = 20
# What a caller is shown of the time a try took: enough to find a slow receiver, too little to map a network.
DURATION_BUCKETS_MS: Final = (100, 250, 500, 1_000, 2_500, 5_000, 10_000)


class DeliveryStatus(StrEnum):
    """How the delivery stands, as the job's document shows it."""

    PENDING = "pending"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


class Outcome(StrEnum):
    """What became of one try, as far as a caller may know it."""

    DELIVERED = "delivered"
    REJECTED = "rejected"  # The receiver answered, with anything but a success.
    UNANSWERED = "unanswered"  # No answer, or an address that may not be called: the same to the caller.


@dataclass(frozen=True, slots=True)
class Try:
    """A try in the log. `status_class` is like `2xx`, None without an answer; `duration_ms` is a bucket."""

    at_ms: int
    outcome: Outcome
    status_class: str | None
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Outbox:
    """An owed webhook as stored. `subject_id` is the job or batch; times count from the epoch.

    `tries` counts every try there ever was, `tries_before` those of earlier rounds, `failures` this round's
    failed ones. A pending one is taken for forgotten from `owed_by_s` on.
    """

    subject_id: str
    wallet_id: str
    status: DeliveryStatus
    due_ms: int
    owed_by_s: int | None
    tries: int = 0
    tries_before: int = 0
    failures: int = 0
    log: tuple[Try, ...] = ()

    @property
    def event_id(self) -> str:
        """The id of the message: the same for every try and every redelivery."""
        return f"evt_{self.subject_id.partition('_')[2]}"

    @property
    def is_exhausted(self) -> bool:
        """Whether too many tries of this round died for another one to make sense."""
        return self.tries - self.tries_before >= ROUND_TRIES_MAX

    def claimed(self, *, now_ms: int) -> "Outbox":
        """A try begins."""
        return replace(self._due_at(now_ms + LEASE_MS), tries=self.tries + 1)

    def postponed(self, *, until_ms: int) -> "Outbox":
        """Not now, without a try."""
        return self._due_at(until_ms)

    def reminded(self, *, now_ms: int) -> "Outbox":
        """The sweep has sent for it."""
        return replace(self, owed_by_s=now_ms // 1000 + REMINDED_S)

    def delivered(self, entry: Try) -> "Outbox":
        """The receiver has it."""
        return replace(self, status=DeliveryStatus.DELIVERED, owed_by_s=None, log=self._log_with(entry))

    def failed(self, entry: Try, *, next_ms: int) -> "Outbox":
        """The try failed; the next one is due then."""
        return replace(self._due_at(next_ms), failures=self.failures + 1, log=self._log_with(entry))

    def given_up(self, entry: Try | None = None) -> "Outbox":
        """The last try failed, or there could be none."""
        log = self._log_with(entry) if entry else self.log
        return replace(self, status=DeliveryStatus.UNDELIVERED, owed_by_s=None, log=log)

    def reopened(self, *, now_ms: int) -> "Outbox":
        """A new round for the same message."""
        return replace(
            self._due_at(now_ms),
            status=DeliveryStatus.PENDING,
            tries_before=self.tries,
            failures=0,
        )

    def _due_at(self, due_ms: int) -> "Outbox":
        return replace(self, due_ms=due_ms, owed_by_s=_owed_by_s(due_ms))

    def _log_with(self, entry: Try) -> tuple[Try, ...]:
        return (*self.log, entry)[-LOG_KEPT_MAX:]


def new_outbox(subject_id: str, *, wallet_id: str, now_ms: int) -> Outbox:
    """What is owed from the moment a job or batch ends: due at once."""
    return Outbox(
        subject_id=subject_id,
        wallet_id=wallet_id,
        status=DeliveryStatus.PENDING,
        due_ms=now_ms,
        owed_by_s=_owed_by_s(now_ms),
    )


def delivery_status(delivery: Outbox | None, *, is_wanted: bool) -> str:
    """`none` where nobody asked to be told, `pending` until there is something to tell."""
    if delivery is not None:
        return delivery.status.value
    return DeliveryStatus.PENDING.value if is_wanted else "none"


def bucket_ms(duration_ms: int) -> int:
    """The smallest bucket that holds the duration; the largest holds all the rest."""
    return next((each for each in DURATION_BUCKETS_MS if duration_ms <= each), DURATION_BUCKETS_MS[-1])


def _owed_by_s(due_ms: int) -> int:
    return due_ms // 1000 + OWED_GRACE_S
