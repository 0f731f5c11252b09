"""Health: folding results in, reading the status out."""

from functools import cache
from typing import Any

from corent.adapters.aws import DynamoDB
from corent.adapters.dynamo.health import DynamoHealth
from corent.adapters.dynamo.job_items import job_of as stored_job_of
from corent.core.clock import SystemClock
from corent.jobs.job import Job
from corent.providers.catalog import offers, tiers
from corent.usecases.fold_health import FoldHealth, JobChange, ended_attempts
from corent.usecases.read_status import ReadStatus
from corent.wiring.settings import Settings, read_settings


class HealthSettings(Settings):
    health_table: str


@cache
def store() -> DynamoHealth:
    table = read_settings(HealthSettings).health_table
    return DynamoHealth(DynamoDB(), table=table, clock=SystemClock())


def job_of(image: dict[str, Any]) -> Job:
    """The job of a stream record. Raises for one that cannot be folded: later, it would stop the rest."""
    job = stored_job_of(image)
    ended_attempts(JobChange(before=None, after=job))
    return job


@cache
def fold_health() -> FoldHealth:
    catalog = {(offer.tier, offer.id): offer for offer in offers()}
    return FoldHealth(health=store(), offers=catalog, clock=SystemClock())


@cache
def read_status() -> ReadStatus:
    served = {offer.tier for offer in offers()}
    return ReadStatus(
        health=store(), tiers=tuple(tier for tier in tiers() if tier.name in served), clock=SystemClock()
    )
