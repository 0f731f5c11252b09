"""Sessions of the dashboard: a random token in the browser, its hash in the table.

From the token come, by HMAC, two API keys (live and test) that live as long as the session, and the token of
its forms. None of the three is stored, so that a reader of the table can act for nobody.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final, Protocol

from corent.accounts.keys import Mode, derived_secret
from corent.core.ids import is_id

IDLE_MS: Final = 30 * 60_000
ABSOLUTE_MS: Final = 12 * 60 * 60_000
_TOKEN: Final = re.compile(r"([0-9A-Z]{26})\.[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in. `id` is the hash of the token, `key_ids` those of its keys: no secrets."""

    id: str
    account_id: str
    email: str
    created_at_ms: int
    seen_at_ms: int
    browser: str
    key_ids: tuple[str, ...]


class SessionStore(Protocol):
    """Sessions of accounts, and what is kept for a browser that has none yet."""

    def add(self, session: Session) -> None:
        """Store a new session."""
        ...

    def touch(self, account_id: str, *, session_id: str, now_ms: int) -> Session | None:
        """Note that it was used; the session, or None when there is none or its time is over."""
        ...

    def list_by_account(self, account_id: str) -> list[Session]:
        """The account's sessions, those whose time is over too. Strongly consistent."""
        ...

    def remove(self, account_id: str, *, session_id: str) -> None:
        """End it at once. May be repeated."""
        ...

    def keep(self, name: str, kept: str, *, until_s: int) -> None:
        """Keep a text under a name for a while; it takes the place of another one."""
        ...

    def claim(self, name: str, *, until_s: int) -> bool:
        """Whether nothing was kept or claimed under that name before."""
        ...

    def take(self, name: str, *, now_s: int) -> str | None:
        """Hand out the text kept under that name, to one of those who ask; None when its time is over."""
        ...


def new_token(account_id: str) -> str:
    """A token of 256 random bits; it says whose account it opens, so that looking it up takes one call."""
    return f"{account_id.removeprefix('acct_')}.{secrets.token_urlsafe(32)}"


def account_id_of(token: str) -> str | None:
    """The account a well-formed token claims to open."""
    match = _TOKEN.fullmatch(token)
    account_id = f"acct_{match[1]}" if match else ""
    return account_id if is_id(account_id, prefix="acct") else None


def token_sha256(token: str) -> str:
    """What is stored instead of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def session_key(token: str, *, mode: Mode) -> str:
    """The session's API key of that mode."""
    return derived_secret(mode, seed=token)


def form_token(token: str) -> str:
    """What every form of this session carries, and no other site can know."""
    return hmac.new(token.encode(), b"form", hashlib.sha256).hexdigest()


def is_form_token(token: str, given: str) -> bool:
    """Whether a form is this session's own."""
    return hmac.compare_digest(form_token(token).encode(), given.encode())
