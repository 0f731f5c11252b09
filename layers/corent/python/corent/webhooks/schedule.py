"""When a webhook is tried again: one try and three retries, further and further apart."""

from enum import StrEnum
from typing import Final

# How long after the first, second and third failed try the next one comes.
BACK_OFF_S: Final = (10.0, 60.0, 600.0)
TRIES_MAX: Final = len(BACK_OFF_S) + 1
JITTER: Final = 0.2
RETRY_AFTER_MAX_S: Final = 3600.0
GONE: Final = 410


class Verdict(StrEnum):
    """What one try means for the next."""

    DELIVERED = "delivered"
    FAILED = "failed"  # It may be tried again.
    GONE = "gone"  # The receiver wants no more of it.


def judge(status: int | None) -> Verdict:
    """What the receiver's status means; None when there was no answer."""
    if status is not None and 200 <= status < 300:
        return Verdict.DELIVERED
    return Verdict.GONE if status == GONE else Verdict.FAILED


def wait_s(*, failures: int, retry_after_s: float | None, random: float) -> float | None:
    """Seconds from the last of that many failed tries to the next one; None when there is none.

    `random` of 0 to 1 spreads the waits by JITTER. The receiver may ask for a longer wait, up to
    RETRY_AFTER_MAX_S, never for a shorter one.
    """
    if failures >= TRIES_MAX:
        return None
    usual_s = BACK_OFF_S[failures - 1] * (1 + JITTER * (2 * random - 1))
    return max(usual_s, min(retry_after_s or 0.0, RETRY_AFTER_MAX_S))
