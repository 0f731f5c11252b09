"""Signatures on upstreams' callbacks: all of it takes a stranger's input, and none of it ever raises.

Two schemes: Standard Webhooks (HMAC-SHA256 over "id.timestamp.body"), and Ed25519 over lines of text.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

TOLERANCE_S: Final = 300
SIGNATURES_MAX: Final = 16
KEYS_MAX: Final = 16
_SECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_HEX_SIGNATURE: Final = re.compile(r"[0-9a-fA-F]{128}", re.ASCII)
_ED25519_KEY_BYTES: Final = 32


def is_recent(timestamp: str, *, now_s: int) -> bool:
    """Whether a header's seconds lie within TOLERANCE_S of now, in either direction."""
    return _SECONDS.fullmatch(timestamp) is not None and abs(now_s - int(timestamp)) <= TOLERANCE_S


def standard_webhooks_key(secret: str) -> bytes | None:
    """The key of a `whsec_<base64>` secret; None for one that an operator got wrong."""
    encoded = secret.removeprefix("whsec_").rstrip("=")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True) or None
    except ValueError:
        return None


def is_standard_webhook(headers: Mapping[str, str], *, body: bytes, key: bytes, now_s: int) -> bool:
    """Whether one of the `v1` signatures in `webhook-signature` is the key's. Header names in lower case."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not is_recent(timestamp, now_s=now_s):
        return False
    signed = f"{message_id}.{timestamp}.".encode("utf-8", "replace") + body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    given = headers.get("webhook-signature", "").split(" ")[:SIGNATURES_MAX]
    return any(
        hmac.compare_digest(each.removeprefix("v1,").encode("utf-8", "replace"), expected)
        for each in given
        if each.startswith("v1,")
    )


def ed25519_message(lines: Iterable[str], *, body: bytes) -> bytes:
    """The given lines and the hex SHA-256 of the body, one a line."""
    return "\n".join([*lines, hashlib.sha256(body).hexdigest()]).encode("utf-8", "replace")


def read_jwks(document: bytes) -> tuple[bytes, ...]:
    """The Ed25519 public keys of a JWKS; what is not one is left out."""
    try:
        parsed = json.loads(document)
    except (ValueError, RecursionError):
        return ()
    listed = parsed.get("keys") if isinstance(parsed, dict) else None
    rows = listed[:KEYS_MAX] if isinstance(listed, list) else []
    return tuple(key for row in rows if (key := _public_key(row)) is not None)


def is_signed_by_any(keys: Iterable[bytes], *, message: bytes, signature_hex: str) -> bool:
    """Whether one of the Ed25519 keys made the signature over the message."""
    # Loaded here: most callbacks carry no such signature, and the library costs a cold start.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if _HEX_SIGNATURE.fullmatch(signature_hex) is None:
        return False
    for key in keys:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(bytes.fromhex(signature_hex), message)
        except (InvalidSignature, ValueError):
            continue
        return True
    return False


def _public_key(row: object) -> bytes | None:
    if not isinstance(row, dict) or row.get("kty") != "OKP" or row.get("crv") != "Ed25519":
        return None
    encoded = row.get("x")
    if not isinstance(encoded, str):
        return None
    try:
        key = base64.urlsafe_b64decode(encoded + "==")
    except ValueError:
        return None
    return key if len(key) == _ED25519_KEY_BYTES else None
