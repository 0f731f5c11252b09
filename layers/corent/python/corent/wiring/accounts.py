"""Authentication and keys: what every protected function needs."""

from functools import cache

from corent.accounts.keys import Scope
from corent.accounts.limiter import rate_limits
from corent.adapters.aws import DynamoDB
from corent.adapters.dynamo.keys import DynamoKeys
from corent.core.clock import SystemClock
from corent.usecases.authenticate import FAILURES_PER_MINUTE_MAX, Authenticate
from corent.usecases.manage_keys import ManageKeys
from corent.wiring.settings import Settings, read_settings

# The scope that the API never grants; the dashboard does.
ADMIN = Scope.ADMIN


class AccountSettings(Settings):
    """`rate_scale` is 1 but on a local stage under test."""

    stage: str
    keys_table: str
    rate_scale: int = 1


@cache
def settings() -> AccountSettings:
    return read_settings(AccountSettings)


@cache
def dynamodb() -> DynamoDB:
    return DynamoDB()


@cache
def keys() -> DynamoKeys:
    return DynamoKeys(dynamodb(), table=settings().keys_table)


def rate_scale() -> int:
    """What the limits are multiplied by."""
    return settings().rate_scale if settings().stage == "local" else 1


@cache
def authenticate() -> Authenticate:
    scale = rate_scale()
    return Authenticate(
        keys=keys(),
        limits=rate_limits(scale),
        failures_per_minute_max=FAILURES_PER_MINUTE_MAX * scale,
        clock=SystemClock(),
    )


@cache
def manage_keys() -> ManageKeys:
    return ManageKeys(keys=keys(), clock=SystemClock())
