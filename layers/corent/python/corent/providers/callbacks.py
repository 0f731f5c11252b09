"""What upstreams sign on their callbacks, beside the token in the address, which alone proves all the others.

fal        Ed25519 by one of its published keys, over four lines. Its documentation names the headers; the
           lines and the keys' address are as four independent open verifiers have them, read 2026-11-22.
replicate  Standard Webhooks with the account's own secret, as webhook.py of its Python client checks it, read
           2026-11-22; only where the operator stored that secret as `webhook_secret` beside the key.
"""

from collections.abc import Callable, Mapping
from typing import Final

from corent.core.fetching import Fetch, FetchFailedError, FetchLimits, FetchRefusedError
from corent.providers._callback_signatures import (
    ed25519_message,
    is_recent,
    is_signed_by_any,
    is_standard_webhook,
    read_jwks,
    standard_webhooks_key,
)

FAL_KEYS_URL: Final = "https://rest.fal.ai/.well-known/jwks.json"
REPLICATE_SECRET_NAME: Final = "corent/providers/replicate"  # noqa: S105 - its name, not the secret
KEYS_KEPT_S: Final = 86_400
ASKED_AGAIN_AFTER_S: Final = 60
# A callback has to be answered in less than three seconds.
KEYS_LIMITS: Final = FetchLimits(bytes_max=64 * 1024, timeout_s=2.0, redirects_max=0)

type Secrets = Callable[[], dict[str, dict[str, str]]]
type Check = Callable[[Mapping[str, str], bytes, int], bool]


class PublishedKeys:
    """One upstream's public keys, kept a day, and asked for at most once a minute."""

    def __init__(self, fetch: Fetch, *, url: str) -> None:
        self._fetch = fetch
        self._url = url
        self._keys: tuple[bytes, ...] = ()
        self._read_at_s: int | None = None
        self._asked_at_s: int | None = None

    def kept(self, *, now_s: int) -> tuple[bytes, ...]:
        """The keys read before; none once they are too old to be trusted."""
        if self._read_at_s is None or now_s - self._read_at_s > KEYS_KEPT_S:
            return ()
        return self._keys

    def asked(self, *, now_s: int) -> tuple[bytes, ...]:
        """The keys as they are published now; none when that cannot be known or was asked just before."""
        if self._asked_at_s is not None and now_s - self._asked_at_s < ASKED_AGAIN_AFTER_S:
            return ()
        self._asked_at_s = now_s
        try:
            keys = read_jwks(self._fetch(self._url, limits=KEYS_LIMITS))
        except (FetchFailedError, FetchRefusedError):
            return ()
        if keys:
            self._keys, self._read_at_s = keys, now_s
        return keys


class VerifyCallback:
    """Verify, for every upstream. Refuses when unsure."""

    def __init__(self, *, fetch: Fetch, secrets: Secrets, fal_keys_url: str = FAL_KEYS_URL) -> None:
        self._fal_keys = PublishedKeys(fetch, url=fal_keys_url)
        self._secrets = secrets
        self._checks: dict[str, Check] = {"fal": self._is_fals, "replicate": self._is_replicates}

    def __call__(self, provider: str, *, headers: Mapping[str, str], body: bytes, now_s: int) -> bool:
        check = self._checks.get(provider)
        if check is None:
            return True
        return check({name.lower(): value for name, value in headers.items()}, body, now_s)

    def _is_fals(self, headers: Mapping[str, str], body: bytes, now_s: int) -> bool:
        request_id, user_id, timestamp, signed = (
            headers.get(f"x-fal-webhook-{name}", "")
            for name in ("request-id", "user-id", "timestamp", "signature")
        )
        if not is_recent(timestamp, now_s=now_s):
            return False
        message = ed25519_message((request_id, user_id, timestamp), body=body)
        if is_signed_by_any(self._fal_keys.kept(now_s=now_s), message=message, signature_hex=signed):
            return True
        fresh = self._fal_keys.asked(now_s=now_s)
        return is_signed_by_any(fresh, message=message, signature_hex=signed)

    def _is_replicates(self, headers: Mapping[str, str], body: bytes, now_s: int) -> bool:
        stored = self._secrets().get(REPLICATE_SECRET_NAME, {}).get("webhook_secret")
        if stored is None:
            return True
        key = standard_webhooks_key(stored)
        return key is not None and is_standard_webhook(headers, body=body, key=key, now_s=now_s)
