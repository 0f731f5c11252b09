"""Tokens in the addresses that upstreams call back: whose attempt it is, proven without a look-up.

    <job id>.<attempt>.<43 characters: base64url of HMAC-SHA256 over "provider\\njob id\\nattempt">

A token says only where to look: it expires with the attempt it names, which is checked where jobs are read.
Changing the secret makes outstanding tokens void; their jobs are found done by polling.
"""

import re
from dataclasses import dataclass
from typing import Final

from corent.core.ids import is_id
from corent.core.seals import is_sealed, seal

_PROVIDER: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.ASCII)
_TOKEN: Final = re.compile(r"(job_[0-9A-Z]{26})\.([1-9][0-9]?)\.([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class CallbackTarget:
    """The attempt a genuine token names; attempts count from 1 inside the job."""

    job_id: str
    attempt: int


def mint_token(job_id: str, *, attempt: int, provider: str, secret: str) -> str:
    """The token of one attempt: 76 URL-safe characters at most, always the same for the same attempt.

    Raises ValueError for a secret too short to protect anything, and for what no token can name.
    """
    claim = _claim(job_id, attempt=attempt, provider=provider)
    token = f"{job_id}.{attempt}.{seal(claim, secret=secret)}"
    if _PROVIDER.fullmatch(provider) is None or _TOKEN.fullmatch(token) is None:
        raise ValueError("there can be no token for such a provider, job or attempt")
    return token


def open_token(token: str, *, provider: str, secret: str) -> CallbackTarget | None:
    """What the token names; None for one that was not minted for this provider with this secret.

    `token` and `provider` may be anything a stranger sends.
    """
    parts = _TOKEN.fullmatch(token)
    if parts is None or _PROVIDER.fullmatch(provider) is None:
        return None
    job_id, attempt = parts[1], int(parts[2])
    if not is_sealed(_claim(job_id, attempt=attempt, provider=provider), by=parts[3], secret=secret):
        return None
    return CallbackTarget(job_id=job_id, attempt=attempt) if is_id(job_id, prefix="job") else None


def _claim(job_id: str, *, attempt: int, provider: str) -> str:
    return f"{provider}\n{job_id}\n{attempt}"
