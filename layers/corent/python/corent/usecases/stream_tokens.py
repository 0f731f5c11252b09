"""Tokens for browsers: a minute in which a page may open one job's stream without an API key."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from corent.core.clock import Clock
from corent.core.errors import NotFoundError
from corent.core.ids import is_id
from corent.core.stream_tokens import mint_stream_token, open_stream_token
from corent.usecases.authenticate import Caller
from corent.usecases.stream_job import Jobs

TOKEN_LASTS_S: Final = 60


@dataclass(frozen=True, slots=True)
class StreamToken:
    """What a page is given, and until when it may be used to open the stream."""

    token: str = field(repr=False)
    expires_at_ms: int


class StreamTokens:
    """Makes and checks them; nothing is stored. `secret` is asked for when it is first needed."""

    def __init__(self, *, jobs: Jobs, secret: Callable[[], str], clock: Clock) -> None:
        self._jobs = jobs
        self._secret = secret
        self._clock = clock

    def mint(self, job_id: str, *, caller: Caller) -> StreamToken:
        """A token for the caller's job. Raises NotFoundError and TemporarilyUnavailableError."""
        job = self._jobs.read(job_id) if is_id(job_id, prefix="job") else None
        if job is None or job.wallet_id != caller.wallet_id:
            raise NotFoundError("There is no such job.")
        expires_at_s = self._clock.now_ms() // 1000 + TOKEN_LASTS_S
        token = mint_stream_token(
            job_id, wallet_id=job.wallet_id, expires_at_s=expires_at_s, secret=self._secret()
        )
        return StreamToken(token=token, expires_at_ms=expires_at_s * 1000)

    def wallet_of(self, token: str, *, job_id: str) -> str | None:
        """The wallet whose job that token opens, None for a bad one. Raises TemporarilyUnavailableError."""
        now_s = self._clock.now_ms() // 1000
        return open_stream_token(token, job_id=job_id, now_s=now_s, secret=self._secret())
