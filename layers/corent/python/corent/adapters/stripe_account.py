"""The operator's Stripe account: its keys, from one secret, and a client with them.

The secret `corent/stripe` is JSON: `api_key`, `webhook_secret`, and `base_url` where a stand-in takes
Stripe's place (plain http to loopback only, on the local stage only). Without it no money can come in.
"""

from typing import Final
from urllib.parse import urlsplit

import requests
import stripe

from corent.adapters.secrets import ProviderSecrets
from corent.core.errors import TemporarilyUnavailableError

SECRET_NAME: Final = "corent/stripe"  # noqa: S105 - the secret's name
TIMEOUT_S: Final = 8.0
# Stripe's library sends a repeat under the same idempotency key.
RETRIES_MAX: Final = 1


class StripeAccount:
    """Reads the secret again once a minute, so that an operator's new keys need no deployment."""

    def __init__(self, *, secrets: ProviderSecrets, is_local: bool) -> None:
        self._secrets = secrets
        self._is_local = is_local
        self._client: tuple[dict[str, str], stripe.StripeClient] | None = None

    def client(self) -> stripe.StripeClient:
        """A client of Stripe's API. Raises TemporarilyUnavailableError where no account is set up."""
        fields = self._fields()
        if self._client is None or self._client[0] != fields:
            self._client = (fields, self._connect(fields))
        return self._client[1]

    def webhook_secret(self) -> str:
        """What events are signed with. Raises TemporarilyUnavailableError where no account is set up."""
        return self._fields()["webhook_secret"]

    def _fields(self) -> dict[str, str]:
        fields = self._secrets().get(SECRET_NAME, {})
        if not fields.get("api_key") or not fields.get("webhook_secret"):
            raise TemporarilyUnavailableError("Payments are not available just now.")
        return fields

    def _connect(self, fields: dict[str, str]) -> stripe.StripeClient:
        session = requests.Session()
        # Neither a proxy nor a password from the environment (docs/threats.md, SSRF-08).
        session.trust_env = False
        address = fields.get("base_url")
        if address is not None and not (self._is_local and _is_loopback(address)):
            raise TemporarilyUnavailableError("Payments are not available just now.")
        return stripe.StripeClient(
            fields["api_key"],
            base_addresses={"api": address} if address is not None else {},
            max_network_retries=RETRIES_MAX,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_S, session=session),
        )


def _is_loopback(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "http" and parts.hostname == "127.0.0.1"
