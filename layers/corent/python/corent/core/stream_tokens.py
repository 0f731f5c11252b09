"""Tokens that open one job's stream for a minute: for browsers, whose EventSource can send no header.

    <job id>.<expiry, seconds since the epoch>.<wallet id>.<43 characters: base64url of HMAC-SHA256>

A token is checked without a look-up and opens nothing but that stream. Changing the secret makes all void.
"""

import re
from typing import Final

from corent.core.ids import is_id
from corent.core.seals import is_sealed, seal

TOKEN_CHARACTERS_MAX: Final = 200
_TOKEN: Final = re.compile(
    r"(job_[0-9A-Z]{26})\.([1-9][0-9]{0,11})\.([a-z]+_[0-9A-Za-z]+(?:\.test)?)\.([A-Za-z0-9_-]{43})", re.ASCII
)


def mint_stream_token(job_id: str, *, wallet_id: str, expires_at_s: int, secret: str) -> str:
    """A token for that wallet's job. Raises ValueError for what no token can name, and for a weak secret."""
    claim = f"{job_id}.{expires_at_s}.{wallet_id}"
    token = f"{claim}.{seal(claim, secret=secret)}"
    if len(token) > TOKEN_CHARACTERS_MAX or _TOKEN.fullmatch(token) is None:
        raise ValueError("there can be no token for such a job or wallet")
    return token


def open_stream_token(token: str, *, job_id: str, now_s: int, secret: str) -> str | None:
    """The wallet whose job the token opens; None for one that is forged, over, or another job's.

    `token` and `job_id` may be anything a stranger sends.
    """
    parts = _TOKEN.fullmatch(token) if len(token) <= TOKEN_CHARACTERS_MAX else None
    if parts is None:
        return None
    claim = token[: parts.start(4) - 1]
    if not is_sealed(claim, by=parts[4], secret=secret):
        return None
    is_for_this_job = parts[1] == job_id and is_id(job_id, prefix="job")
    return parts[3] if is_for_this_job and now_s < int(parts[2]) else None
