"""Receive an upstream's callback: prove that it is genuine, then have the job's upstream looked at.

Nothing of the body is believed. A callback only says "look now": what came of the work is asked of the
upstream itself, with our own key, by a function of its own, after the callback was answered. Whatever is
late, repeated, or for an attempt that nobody waits for any more is taken without effect; the upstream has
nothing to try again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from corent.core.callback_tokens import open_token
from corent.core.clock import Clock
from corent.jobs.job import TERMINAL, AttemptOutcome, Job
from corent.usecases.executions import LookSoon

BODY_MAX_BYTES: Final = 256 * 1024


class Received(StrEnum):
    """What came of a callback. The first two are answered alike: whoever sent them may forget them."""

    PASSED_ON = "passed_on"
    WITHOUT_EFFECT = "without_effect"
    FORGED = "forged"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a callback, and of which job it was where it was genuine."""

    received: Received
    job_id: str | None = None


class Jobs(Protocol):
    """Jobs by id."""

    def read(self, job_id: str) -> Job | None:
        """The job, read consistently."""
        ...


class Verify(Protocol):
    """What an upstream signs itself, beside the token in its address."""

    def __call__(self, provider: str, *, headers: Mapping[str, str], body: bytes, now_s: int) -> bool:
        """Whether the message is genuine. Header names may be in any case; may ask for published keys."""
        ...


class ReceiveCallback:
    """One callback of one upstream. May be repeated."""

    def __init__(self, *, jobs: Jobs, look_soon: LookSoon, verify: Verify, secret: str, clock: Clock) -> None:
        self._jobs = jobs
        self._look_soon = look_soon
        self._verify = verify
        self._secret = secret
        self._clock = clock

    def __call__(self, provider: str, token: str, *, headers: Mapping[str, str], body: bytes) -> Heard:
        """All four arguments are a stranger's. A forged callback costs no read of ours, and no call."""
        if len(body) > BODY_MAX_BYTES:
            return Heard(Received.TOO_LARGE)
        # The token first: it takes a microsecond and nobody else's help to judge.
        target = open_token(token, provider=provider, secret=self._secret)
        if target is None:
            return Heard(Received.FORGED)
        now_s = self._clock.now_ms() // 1000
        if not self._verify(provider, headers=headers, body=body, now_s=now_s):
            return Heard(Received.FORGED)
        job = self._jobs.read(target.job_id)
        if job is None or not _is_awaited(job, attempt=target.attempt):
            return Heard(Received.WITHOUT_EFFECT, target.job_id)
        self._look_soon(job.id)
        return Heard(Received.PASSED_ON, target.job_id)


def _is_awaited(job: Job, *, attempt: int) -> bool:
    """Whether that attempt is the job's last one, and an execution waits for it.

    Attempts are counted as their requests to the upstreams count them: from 1, none left out.
    """
    if job.state in TERMINAL or len(job.attempts) != attempt or job.wake_token is None:
        return False
    return job.attempts[-1].outcome is AttemptOutcome.WORKING
