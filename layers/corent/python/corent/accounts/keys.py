"""API keys: `co_live_` or `co_test_`, 32 base62 characters of randomness, 6 of CRC32.

Only the SHA-256 of a key is stored. The checksum lets a mistyped key be refused without a look-up.
"""

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass
from enum import StrEnum

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(r"co_(live|test)_([0-9A-Za-z]{32})([0-9A-Za-z]{6})")
PREFIX_LENGTH = len("co_live_")


class Mode(StrEnum):
    """Which wallet a key spends from, and which upstreams serve it."""

    LIVE = "live"
    TEST = "test"


class Scope(StrEnum):
    """What a key may do. `admin` (make and revoke keys) is never granted through the API."""

    GENERATE = "generate"
    READ = "read"
    BILLING = "billing"
    ADMIN = "admin"


GRANTABLE = (Scope.GENERATE, Scope.READ, Scope.BILLING)


class KeyStatus(StrEnum):
    """A revoked key never works again."""

    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A stored key, without its secret. Money in micro-dollars, times since the epoch."""

    id: str
    account_id: str
    mode: Mode
    scopes: tuple[Scope, ...]
    label: str
    prefix: str
    last4: str
    status: KeyStatus
    created_at_ms: int
    expires_at_s: int | None
    limit_micros: int | None

    @property
    def is_of_session(self) -> bool:
        """Whether it belongs to a session of the dashboard: nobody ever sees it, and lists leave it out."""
        return not self.id.startswith("key_")


def new_secret(mode: Mode) -> str:
    """A new key: 190 random bits from the system's source."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(32))
    return f"co_{mode.value}_{body}{_checksum(f'co_{mode.value}_{body}')}"


def derived_secret(mode: Mode, *, seed: str) -> str:
    """The key that a session's secret stands for: whoever has the one can make the other, nobody else can.

    So a session needs no key at rest. `seed` must have more random bits than a key; the same one gives the
    same key.
    """
    value = int.from_bytes(hmac.digest(seed.encode(), f"api key {mode.value}".encode(), "sha256"))
    body = ""
    for _ in range(32):
        value, rest = divmod(value, 62)
        body += _ALPHABET[rest]
    return f"co_{mode.value}_{body}{_checksum(f'co_{mode.value}_{body}')}"


def is_well_formed(secret: str) -> bool:
    """Whether the text has the shape and checksum of a key; most mistyped keys do not."""
    match = _SHAPE.fullmatch(secret)
    return match is not None and _checksum(secret[:-6]) == match[3]


def key_sha256(secret: str) -> str:
    """What is stored instead of the key."""
    return hashlib.sha256(secret.encode()).hexdigest()


def wallet_id(account_id: str, *, mode: Mode) -> str:
    """The ledger account a key spends from: test keys have one of their own."""
    return account_id if mode is Mode.LIVE else f"{account_id}.test"


def _checksum(text: str) -> str:
    value = zlib.crc32(text.encode())
    digits = ""
    for _ in range(6):
        value, rest = divmod(value, 62)
        digits = _ALPHABET[rest] + digits
    return digits
