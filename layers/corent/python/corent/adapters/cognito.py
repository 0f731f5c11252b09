"""A Cognito user pool as OpenID Connect provider: where to send the browser, and who came back.

The client is public and proves itself by PKCE: there is no secret to keep. The checks of the id token are
PyJWT's: signature by the pool's published keys, `iss`, `aud`, `exp`, `iat`.

Sources: AWS, Cognito developer guide, "Login endpoint", "Authorize endpoint", "Token endpoint", "Logout
endpoint", "Verifying JSON web tokens"; read 2026-11-28. The emulator's pool answers at the same paths.
"""

import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import jwt

from corent.accounts.sign_in import Attempt, Identity
from corent.core.errors import SignInRefusedError, TemporarilyUnavailableError

KEYS_KEPT_S: Final = 24 * 3600
# An unknown key id is looked up anew, but strangers cannot make us ask for each of their tokens.
KEYS_ASKED_AGAIN_S: Final = 60
LEEWAY_S: Final = 60
TIMEOUT_S: Final = 5.0
_REQUIRED: Final = ("aud", "exp", "iat", "iss", "sub", "nonce", "email")


@dataclass(frozen=True, slots=True)
class Pool:
    """`pages_url` is where people sign in, `sign_up_url` the page for new ones, `keys_url` the JWKS."""

    issuer: str
    client_id: str
    pages_url: str
    sign_up_url: str
    keys_url: str
    return_url: str
    signed_out_url: str


class CognitoPool:
    """IdentityProvider on one pool."""

    def __init__(self, pool: Pool, *, client: httpx.Client) -> None:
        self._pool = pool
        self._client = client
        self._keys: dict[str, jwt.PyJWK] = {}
        self._keys_read_at_s = 0.0

    def address(self, attempt: Attempt, *, new_person: bool) -> str:
        query = {
            "response_type": "code",
            "client_id": self._pool.client_id,
            "redirect_uri": self._pool.return_url,
            "scope": "openid email",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        page = self._pool.sign_up_url if new_person else f"{self._pool.pages_url}/oauth2/authorize"
        return f"{page}?{urlencode(query)}"

    def sign_out_address(self) -> str:
        """Where the pool's own session ends; it sends the browser back to us."""
        query = {"client_id": self._pool.client_id, "logout_uri": self._pool.signed_out_url}
        return f"{self._pool.pages_url}/logout?{urlencode(query)}"

    def passkeys_address(self) -> str:
        """Where somebody who is signed in at the pool adds a passkey."""
        query = {"client_id": self._pool.client_id, "redirect_uri": self._pool.return_url}
        return f"{self._pool.pages_url}/passkeys/add?{urlencode(query)}"

    def identify(self, code: str, *, verifier: str) -> Identity:
        form = {
            "grant_type": "authorization_code",
            "client_id": self._pool.client_id,
            "code": code,
            "redirect_uri": self._pool.return_url,
            "code_verifier": verifier,
        }
        answer = self._ask("POST", f"{self._pool.pages_url}/oauth2/token", data=form)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise SignInRefusedError("The sign-in was not confirmed.")
        claims = self._verified(token)
        return Identity(
            email=str(claims["email"]),
            is_verified=claims.get("email_verified") in (True, "true"),
            nonce=str(claims["nonce"]),
        )

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            key = self._key(str(jwt.get_unverified_header(token).get("kid")))
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=["RS256"],
                audience=self._pool.client_id,
                issuer=self._pool.issuer,
                leeway=LEEWAY_S,
                options={"require": list(_REQUIRED)},
            )
        except jwt.PyJWTError as error:
            raise SignInRefusedError("The sign-in was not confirmed.") from error
        # An access token has the same signature; only an id token says who somebody is.
        if claims.get("token_use") != "id":
            raise SignInRefusedError("The sign-in was not confirmed.")
        return claims

    def _key(self, key_id: str) -> jwt.PyJWK:
        age_s = time.monotonic() - self._keys_read_at_s
        is_unknown = key_id not in self._keys
        if not self._keys or age_s > KEYS_KEPT_S or (is_unknown and age_s > KEYS_ASKED_AGAIN_S):
            published = jwt.PyJWKSet.from_dict(self._ask("GET", self._pool.keys_url))
            self._keys = {str(key.key_id): key for key in published.keys}
            self._keys_read_at_s = time.monotonic()
        if key_id not in self._keys:
            raise SignInRefusedError("The sign-in was not confirmed.")
        return self._keys[key_id]

    def _ask(self, method: str, url: str, **sent: Any) -> dict[str, Any]:
        try:
            answer = self._client.request(method, url, timeout=TIMEOUT_S, **sent)
            document: object = answer.json() if answer.status_code < 500 else None
        except (httpx.TransportError, ValueError) as error:
            raise TemporarilyUnavailableError("Signing in does not work just now.") from error
        if document is None:
            raise TemporarilyUnavailableError("Signing in does not work just now.")
        if answer.status_code != 200 or not isinstance(document, dict):
            raise SignInRefusedError("The sign-in was not confirmed.")
        return document
