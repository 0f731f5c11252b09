"""Idempotency keys of callers: what a key was used for, and whether a request is the same one again."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final, Protocol

from corent.core.errors import IdempotencyKeyReusedError

KEPT_S: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class IdempotencyClaim:
    """A caller's Idempotency-Key, kept with what it bought. `fingerprint` is of the whole request."""

    key_sha256: str
    fingerprint: str
    expires_at_s: int


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """What an earlier claim of the same key left. It stays readable for a while after its time."""

    fingerprint: str
    purchase_id: str
    expires_at_s: int


@dataclass(frozen=True, slots=True)
class SameRequest:
    """An earlier request with the same Idempotency-Key and body made this job, batch or deposit."""

    purchase_id: str


class ClaimStore(Protocol):
    """Claims by wallet and key."""

    def read_idempotency(self, wallet_id: str, *, key_sha256: str) -> IdempotencyRecord | None:
        """What the key was used for last, read consistently."""
        ...

    def claim(self, wallet_id: str, claim: IdempotencyClaim, *, purchase_id: str, now_s: int) -> bool:
        """Keep the key for that purchase; False when another claim of it is in force."""
        ...


def fingerprint(method: str, path: str, body: Any) -> str:
    """SHA-256 over the method, the path and the parsed body in canonical form."""
    canonical = json.dumps([method, path, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def new_claim(key: str, *, fingerprint: str, now_ms: int) -> IdempotencyClaim:
    """The claim of a caller's key from now on."""
    return IdempotencyClaim(
        key_sha256=hashlib.sha256(key.encode()).hexdigest(),
        fingerprint=fingerprint,
        expires_at_s=now_ms // 1000 + KEPT_S,
    )


def same_request(
    record: IdempotencyRecord | None, claim: IdempotencyClaim, *, now_s: int
) -> SameRequest | None:
    """What an earlier request with that key and body made; None for a key that is free.

    Raises IdempotencyKeyReusedError for another request.
    """
    if record is None or record.expires_at_s < now_s:
        return None
    if record.fingerprint != claim.fingerprint:
        raise IdempotencyKeyReusedError(
            "This Idempotency-Key was used with another request in the last 24 hours.",
            param="Idempotency-Key",
        )
    return SameRequest(record.purchase_id)
