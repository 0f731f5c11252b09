"""The sandbox's one API key, read from its secret and kept for a minute."""

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import BaseModel

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

KEPT_MS = 60_000
_SCHEME = "bearer "


class _Secret(BaseModel):
    api_key: str


class ApiKey:
    """Judges Authorization headers. A rotated secret is in force within KEPT_MS."""

    def __init__(
        self, client: "SecretsManagerClient", *, secret_name: str, now_ms: Callable[[], int]
    ) -> None:
        self._client = client
        self._secret_name = secret_name
        self._now_ms = now_ms
        self._key = b""
        self._read_at_ms = -KEPT_MS

    def admits(self, authorization: str) -> bool:
        """Return whether the header carries the key."""
        if authorization[: len(_SCHEME)].lower() != _SCHEME:
            return False
        given = authorization[len(_SCHEME) :].strip().encode("utf-8", "replace")
        return hmac.compare_digest(given, self._current())

    def _current(self) -> bytes:
        now_ms = self._now_ms()
        if now_ms - self._read_at_ms >= KEPT_MS:
            stored = self._client.get_secret_value(SecretId=self._secret_name)["SecretString"]
            self._key = _Secret.model_validate_json(stored).api_key.encode()
            self._read_at_ms = now_ms
        return self._key
