"""Secrets from Secrets Manager: provider credentials, read again once a minute, and our own."""

import json
from collections.abc import Callable
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError, HTTPClientError

from corent.core.clock import Clock
from corent.core.errors import TemporarilyUnavailableError

CREDENTIALS_KEPT_S: Final = 55.0
# One call a name: the batch call's permission cannot be narrowed to these secrets.
ABSENT: Final = frozenset({"ResourceNotFoundException", "InvalidRequestException"})


class SecretsClient(Protocol):
    """`boto3.client("secretsmanager")`, as far as it is used."""

    def get_secret_value(self, **parameters: Any) -> Any: ...


class ProviderSecrets:
    """The JSON secrets of those names that exist. A missing one means that provider is not on offer."""

    def __init__(self, client: Callable[[], SecretsClient], *, names: tuple[str, ...], clock: Clock) -> None:
        self._client = client
        self._names = names
        self._clock = clock
        self._secrets: dict[str, dict[str, str]] = {}
        self._until_s = float("-inf")

    def __call__(self) -> dict[str, dict[str, str]]:
        """Secret name to its JSON object; at most CREDENTIALS_KEPT_S old."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._until_s:
            try:
                self._secrets = self._read()
            except (ClientError, HTTPClientError) as error:
                if not self._secrets:
                    raise TemporarilyUnavailableError("Generation is not available just now.") from error
            self._until_s = now_s + CREDENTIALS_KEPT_S
        return self._secrets

    def _read(self) -> dict[str, dict[str, str]]:
        found = {}
        for name in self._names:
            try:
                answer = self._client().get_secret_value(SecretId=name)
            except ClientError as error:
                # Never made, or marked for deletion.
                if error.response["Error"]["Code"] not in ABSENT:
                    raise
            else:
                found[name] = _fields(answer["SecretString"])
        return found


def _fields(text: str) -> dict[str, str]:
    """The secret's fields; none for one that an operator got wrong: it is there, and of no use."""
    try:
        fields = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
        return {}
    return fields


class TokenSecret:
    """What tokens of ours are made and checked with; read once an environment."""

    def __init__(self, client: SecretsClient, *, name: str) -> None:
        self._client = client
        self._name = name
        self._secret: str | None = None

    def __call__(self) -> str:
        """The secret. Raises TemporarilyUnavailableError."""
        if self._secret is None:
            try:
                self._secret = self._client.get_secret_value(SecretId=self._name)["SecretString"]
            except (ClientError, HTTPClientError) as error:
                raise TemporarilyUnavailableError("The service is overloaded just now.") from error
        return self._secret


class SharedSecret:
    """A secret that one function makes tokens with and another one checks them with.

    At most CREDENTIALS_KEPT_S old, so that both work with the same one soon after it was changed; by the last
    known one where it cannot be read.
    """

    def __init__(self, client: SecretsClient, *, name: str, clock: Clock) -> None:
        self._client = client
        self._name = name
        self._clock = clock
        self._secret: str | None = None
        self._until_s = float("-inf")

    def __call__(self) -> str:
        """The secret. Raises TemporarilyUnavailableError."""
        now_s = self._clock.monotonic_s()
        if self._secret is None or now_s >= self._until_s:
            try:
                self._secret = self._client.get_secret_value(SecretId=self._name)["SecretString"]
            except (ClientError, HTTPClientError) as error:
                if self._secret is None:
                    raise TemporarilyUnavailableError("The service is overloaded just now.") from error
            self._until_s = now_s + CREDENTIALS_KEPT_S
        return self._secret
