"""Receive an upstream's callback: prove that it is genuine, then let the job's execution look.

Nothing of the body is believed. A callback only says "look now": what came of the work is asked of the
upstream itself, with our own key, by the execution that is woken. Whatever is late, repeated, or for an
attempt that nobody waits for any more is taken without effect; the upstream has nothing to try again.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Protocol

from corent.core.callback_tokens import open_token
from corent.core.clock import Clock
from corent.jobs.job import TERMINAL, AttemptOutcome, Job

BODY_MAX_BYTES: Final = 256 * 1024


class Received(StrEnum):
    """What came of a callback. The first two are answered alike: whoever sent them may forget them."""

    WOKEN = "woken"
    WITHOUT_EFFECT = "without_effect"
    FORGED = "forged"
    TOO_LARGE = "too_large"


class Jobs(Protocol):
    """Jobs by id."""

    def read(self, job_id: str) -> Job | None:
        """The job, read consistently."""
        ...


class Wake(Protocol):
    """Resumes an execution that waits."""

    def __call__(self, token: str, /) -> None:
        """Resume it; nothing when nobody waits under that token any more. May be repeated."""
        ...


class Verify(Protocol):
    """What an upstream signs itself, beside the token in its address."""

    def __call__(self, provider: str, *, headers: Mapping[str, str], body: bytes, now_s: int) -> bool:
        """Whether the message is genuine. Header names may be in any case; may ask for published keys."""
        ...


class ReceiveCallback:
    """One callback of one upstream. May be repeated."""

    def __init__(self, *, jobs: Jobs, wake: Wake, verify: Verify, secret: str, clock: Clock) -> None:
        self._jobs = jobs
        self._wake = wake
        self._verify = verify
        self._secret = secret
        self._clock = clock

    def __call__(self, provider: str, token: str, *, headers: Mapping[str, str], body: bytes) -> Received:
        """All four arguments are a stranger's. A forged callback costs no read of ours, and no call."""
        if len(body) > BODY_MAX_BYTES:
            return Received.TOO_LARGE
        # The token first: it takes a microsecond and nobody else's help to judge.
        target = open_token(token, provider=provider, secret=self._secret)
        if target is None:
            return Received.FORGED
        now_s = self._clock.now_ms() // 1000
        if not self._verify(provider, headers=headers, body=body, now_s=now_s):
            return Received.FORGED
        job = self._jobs.read(target.job_id)
        wake_token = _wake_token(job, attempt=target.attempt) if job else None
        if wake_token is None:
            return Received.WITHOUT_EFFECT
        self._wake(wake_token)
        return Received.WOKEN


def _wake_token(job: Job, *, attempt: int) -> str | None:
    """What the execution waits under, if that attempt is the job's last one and still being waited for.

    Attempts are counted as their requests to the upstreams count them: from 1, none left out.
    """
    if job.state in TERMINAL or len(job.attempts) != attempt:
        return None
    return job.wake_token if job.attempts[-1].outcome is AttemptOutcome.WORKING else None
