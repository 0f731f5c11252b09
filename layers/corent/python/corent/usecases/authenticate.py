"""Turn an API key into a caller, or refuse it without saying why."""

from dataclasses import dataclass
from typing import Final

from corent.accounts.keys import ApiKey, Scope, is_well_formed, key_sha256, wallet_id
from corent.accounts.limiter import LimitedError, RateClass, RateLimit, RateState
from corent.accounts.store import KeyStore
from corent.core.clock import Clock
from corent.core.errors import InvalidApiKeyError, MissingScopeError, RateLimitedError

FAILURES_PER_MINUTE_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking. `wallet_id` is the ledger account their key spends from."""

    key: ApiKey
    key_sha256: str
    wallet_id: str
    rate: RateState


class Authenticate:
    """Check a key, its scope and its rate, in one write."""

    def __init__(
        self,
        *,
        keys: KeyStore,
        limits: dict[RateClass, RateLimit],
        clock: Clock,
        failures_per_minute_max: int = FAILURES_PER_MINUTE_MAX,
    ) -> None:
        self._keys = keys
        self._limits = limits
        self._failures_per_minute_max = failures_per_minute_max
        self._clock = clock

    def __call__(
        self,
        authorization: str | None,
        *,
        address: str,
        scopes: tuple[Scope, ...],
        rate_class: RateClass,
    ) -> Caller:
        """The caller behind an `Authorization` header, allowed when the key has any of `scopes`.

        Raises InvalidApiKeyError, MissingScopeError or RateLimitedError (also for an address that failed
        too often; a valid key from there still works).
        """
        secret = _bearer(authorization)
        now_ms = self._clock.now_ms()
        if secret is None or not is_well_formed(secret):
            raise self._failure(address, now_ms=now_ms)
        hashed = key_sha256(secret)
        admission = self._keys.admit(
            hashed, rate_class=rate_class, limit=self._limits[rate_class], now_ms=now_ms
        )
        if admission is None:
            raise self._failure(address, now_ms=now_ms)
        key = admission.key
        caller = Caller(
            key=key,
            key_sha256=hashed,
            wallet_id=wallet_id(key.account_id, mode=key.mode),
            rate=admission.rate,
        )
        if admission.rate.retry_after_s is not None:
            raise LimitedError(
                "Too many requests for this API key. Slow down.",
                rate=admission.rate,
                wallet_id=caller.wallet_id,
                key_sha256=hashed,
            )
        if not set(scopes) & set(key.scopes):
            raise MissingScopeError(f"This API key lacks the scope {' or '.join(scopes)}.")
        return caller

    def _failure(self, address: str, *, now_ms: int) -> InvalidApiKeyError | RateLimitedError:
        failures = self._keys.count_failure(address, minute=now_ms // 60_000)
        if failures > self._failures_per_minute_max:
            return RateLimitedError(
                "Too many failed authentications from this address.",
                retry_after_s=60 - now_ms // 1000 % 60,
            )
        return InvalidApiKeyError()


def _bearer(authorization: str | None) -> str | None:
    scheme, _, secret = (authorization or "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None
