"""Make, list and revoke API keys."""

from dataclasses import dataclass

from corent.accounts.keys import (
    GRANTABLE,
    PREFIX_LENGTH,
    ApiKey,
    KeyStatus,
    Mode,
    Scope,
    key_sha256,
    new_secret,
)
from corent.accounts.store import KeyStore
from corent.core.clock import Clock
from corent.core.errors import InvalidRequestError, NotFoundError
from corent.core.ids import is_id, new_ulid


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a new key shall be. Money in micro-dollars."""

    label: str
    mode: Mode
    scopes: tuple[Scope, ...]
    limit_micros: int | None
    expires_at_s: int | None


class ManageKeys:
    """Keys of one account."""

    def __init__(self, *, keys: KeyStore, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    def create(self, account_id: str, new: NewKey) -> tuple[ApiKey, str]:
        """The key and its secret, which is shown this once. Raises InvalidRequestError."""
        if not set(new.scopes) <= set(GRANTABLE):
            raise InvalidRequestError(
                "scopes may be generate, read and billing.", code="invalid_scopes", param="scopes"
            )
        return self.grant(account_id, new)

    def grant(self, account_id: str, new: NewKey) -> tuple[ApiKey, str]:
        """Like `create`, with any scope: for operators and the dashboard, never behind the API."""
        now_ms = self._clock.now_ms()
        if new.expires_at_s is not None and new.expires_at_s * 1000 <= now_ms:
            raise InvalidRequestError(
                "expires_at must lie in the future.", code="invalid_expires_at", param="expires_at"
            )
        secret = new_secret(new.mode)
        key = ApiKey(
            id=f"key_{new_ulid()}",
            account_id=account_id,
            mode=new.mode,
            scopes=new.scopes,
            label=new.label,
            prefix=secret[:PREFIX_LENGTH],
            last4=secret[-4:],
            status=KeyStatus.ACTIVE,
            created_at_ms=now_ms,
            expires_at_s=new.expires_at_s,
            limit_micros=new.limit_micros,
        )
        self._keys.add(key, key_sha256=key_sha256(secret))
        return key, secret

    def list(self, account_id: str) -> list[ApiKey]:
        """All keys of the account, newest first, revoked ones too."""
        return self._keys.list_by_account(account_id)

    def revoke(self, account_id: str, *, key_id: str) -> None:
        """Put a key out of force at once. May be repeated. Raises NotFoundError."""
        if not is_id(key_id, prefix="key") or not self._keys.revoke(account_id, key_id=key_id):
            raise NotFoundError("There is no such key.")
