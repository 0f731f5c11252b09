"""One attempt to sign in, as OpenID Connect's code flow with PKCE wants it.

Sources: OpenID Connect Core 1.0 (2014-11-08, with errata 2) and RFC 7636, read 2026-11-28.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attempt:
    """What must come back unchanged, and what proves that it comes back to whoever began.

    `return_to` is a path of ours.
    """

    state: str
    nonce: str
    verifier: str
    return_to: str

    @property
    def challenge(self) -> str:
        """PKCE's `S256` challenge."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the identity provider says has signed in."""

    email: str
    is_verified: bool
    nonce: str


def new_attempt(return_to: str) -> Attempt:
    """An attempt with 256 random bits in each of its three secrets."""
    return Attempt(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(32),
        return_to=return_to,
    )
