"""Upstreams' callbacks: verified, and passed on to whoever looks."""

from functools import cache

from corent.adapters.aws import SecretsManager
from corent.adapters.safe_fetch import SafeFetch
from corent.adapters.secrets import ProviderSecrets
from corent.core.clock import SystemClock
from corent.providers.callbacks import REPLICATE_SECRET_NAME, VerifyCallback
from corent.usecases.receive_callback import ReceiveCallback
from corent.wiring.callback_secret import callback_secret
from corent.wiring.looks import look_soon
from corent.wiring.money import jobs


@cache
def receive() -> ReceiveCallback:
    signing = ProviderSecrets(SecretsManager, names=(REPLICATE_SECRET_NAME,), clock=SystemClock())
    return ReceiveCallback(
        jobs=jobs(),
        look_soon=look_soon(),
        verify=VerifyCallback(fetch=SafeFetch(), secrets=signing),
        secret=callback_secret()(),
        clock=SystemClock(),
    )
