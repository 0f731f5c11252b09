"""Health: folding results in, reading the status out."""

from functools import cache

from corent.adapters.aws import DynamoDB
from corent.adapters.dynamo.health import DynamoHealth
from corent.adapters.dynamo.jobs import job_of
from corent.core.clock import SystemClock
from corent.providers.catalog import offers, tiers
from corent.usecases.fold_health import FoldHealth
from corent.usecases.read_status import ReadStatus
from corent.wiring.settings import Settings, read_settings

__all__ = ["fold_health", "job_of", "read_status"]


class HealthSettings(Settings):
    health_table: str


@cache
def store() -> DynamoHealth:
    return DynamoHealth(DynamoDB(), table=read_settings(HealthSettings).health_table)


@cache
def fold_health() -> FoldHealth:
    return FoldHealth(health=store(), clock=SystemClock())


@cache
def read_status() -> ReadStatus:
    served = {offer.tier for offer in offers()}
    return ReadStatus(
        health=store(), tiers=tuple(tier for tier in tiers() if tier.name in served), clock=SystemClock()
    )
