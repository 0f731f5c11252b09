"""The operator's Stripe account, for the few functions whose layer has Stripe's library."""

from functools import cache
from typing import Literal

from corent.adapters.aws import SecretsManager
from corent.adapters.secrets import ProviderSecrets
from corent.adapters.stripe_account import SECRET_NAME, StripeAccount
from corent.adapters.stripe_processor import StripeProcessor
from corent.core.clock import SystemClock
from corent.wiring.settings import Settings, read_settings


class StripeSettings(Settings):
    """`stripe_mode` says whether real money is meant; `public_base_url` is where payers go back to."""

    stage: str
    stripe_mode: Literal["live", "test"]
    public_base_url: str


@cache
def settings() -> StripeSettings:
    return read_settings(StripeSettings)


def expects_live() -> bool:
    """Whether this stage takes real money and nothing else."""
    return settings().stripe_mode == "live"


@cache
def account() -> StripeAccount:
    secrets = ProviderSecrets(SecretsManager, names=(SECRET_NAME,), clock=SystemClock())
    return StripeAccount(secrets=secrets, is_local=settings().stage == "local")


@cache
def processor() -> StripeProcessor:
    return StripeProcessor(
        account=account(), return_url=f"{settings().public_base_url}/dashboard/billing/returned"
    )
