"""The secret that callback addresses are made and checked with."""

from functools import cache

from corent.adapters.aws import SecretsManager
from corent.adapters.secrets import TokenSecret
from corent.wiring.settings import Settings, read_settings


class CallbackSecretSettings(Settings):
    """`callback_secret` is the secret's name."""

    callback_secret: str


@cache
def callback_secret() -> TokenSecret:
    return TokenSecret(SecretsManager(), name=read_settings(CallbackSecretSettings).callback_secret)
