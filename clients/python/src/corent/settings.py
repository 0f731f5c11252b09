"""What a client is told at its making, checked."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from corent import __version__
from corent.answers import Job
from corent.effects import Settings, Timing
from corent.errors import JobCancelledError, JobFailedError

# A placeholder: where a deployment stands is its operator's choice, and CORENT_BASE_URL says it.
DEFAULT_BASE_URL = "https://api.corent.dev"
WAIT_TIMEOUT_S = 1_200.0


class Unset:
    """No argument, where None says something."""


UNSET = Unset()


def settings(
    *, api_key: str | Unset | None, base_url: str | None, timeout_s: float, max_retries: int, timing: Timing
) -> Settings:
    """Return the settings of a client. Raises ValueError for a key or an address that cannot be one."""
    address = (base_url or os.environ.get("CORENT_BASE_URL") or DEFAULT_BASE_URL).strip().rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("base_url must be an http(s) address without query and fragment.")
    given = os.environ.get("CORENT_API_KEY") if isinstance(api_key, Unset) else api_key
    key = (given or "").strip() or None
    # Said without the key: it may be right but for a stray character.
    if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
        raise ValueError("The API key has characters that no key has.")
    if timeout_s <= 0 or max_retries < 0:
        raise ValueError("timeout_s must be above 0, and max_retries not below.")
    return Settings(
        base_url=address,
        user_agent=f"corent-python/{__version__}",
        api_key=key,
        timeout_s=timeout_s,
        max_retries=max_retries,
        timing=timing,
    )


def is_loopback(address: str) -> bool:
    """Tell whether the address is this machine's own, which no proxy can reach."""
    return urlsplit(address).hostname in {"localhost", "127.0.0.1", "::1"}


def judged(job: Job) -> Job:
    """Return a completed job, or raise what became of it."""
    if job.status == "completed":
        return job
    raise (JobCancelledError if job.status == "cancelled" else JobFailedError)(job)
