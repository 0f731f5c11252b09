"""The key store port."""

from dataclasses import dataclass
from typing import Protocol

from corent.accounts.keys import ApiKey
from corent.accounts.limiter import RateClass, RateLimit, RateState


@dataclass(frozen=True, slots=True)
class Admission:
    """A key that was looked up and counted in one write. `rate` says whether it may go on."""

    key: ApiKey
    rate: RateState


class KeyStore(Protocol):
    """Keys by their hash, and the counters that belong to them."""

    def admit(
        self, key_sha256: str, *, rate_class: RateClass, limit: RateLimit, now_ms: int
    ) -> Admission | None:
        """Look the key up and count this request against its limit; None for a key that is not in force."""
        ...

    def count_failure(self, address: str, *, minute: int) -> int:
        """Count a failed authentication from that address; how many there were in that minute."""
        ...

    def add(self, key: ApiKey, *, key_sha256: str) -> None:
        """Store a new key. Not to be repeated."""
        ...

    def list_by_account(self, account_id: str) -> list[ApiKey]:
        """The account's keys without those of sessions, newest first. Eventually consistent."""
        ...

    def revoke(self, account_id: str, *, key_id: str) -> bool:
        """Put the key out of force at once. False when the account has no such key. May be repeated."""
        ...

    def remove(self, key_sha256: str) -> None:
        """Forget a key, which puts it out of force at once. May be repeated."""
        ...
