"""The `Idempotency-Key` header."""

from typing import Final

from corent.core.errors import InvalidRequestError
from corent.edge.http import Exchange

KEY_LENGTH_MAX: Final = 255


def idempotency_key(exchange: Exchange) -> str | None:
    """The `Idempotency-Key` header: 1 to 255 printable ASCII characters."""
    key = exchange.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= KEY_LENGTH_MAX and key.isascii() and key.isprintable()):
        raise InvalidRequestError(
            f"Idempotency-Key must be 1 to {KEY_LENGTH_MAX} printable characters.",
            code="invalid_idempotency_key",
            param="Idempotency-Key",
        )
    return key
