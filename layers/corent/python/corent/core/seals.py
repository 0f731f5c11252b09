"""What makes a token ours: a MAC over what it says, as 43 URL-safe characters of HMAC-SHA256."""

import base64
import hashlib
import hmac
from typing import Final

SECRET_CHARACTERS_MIN: Final = 32


def seal(claim: str, *, secret: str) -> str:
    """The seal of a claim. Raises ValueError for a secret too short to protect anything."""
    if len(secret) < SECRET_CHARACTERS_MIN:
        raise ValueError(f"the secret must have at least {SECRET_CHARACTERS_MIN} characters")
    digest = hmac.digest(secret.encode(), claim.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_sealed(claim: str, *, by: str, secret: str) -> bool:
    """Whether `by`, which must be ASCII, is the seal of that claim; takes as long for any that is not."""
    return hmac.compare_digest(by, seal(claim, secret=secret))
