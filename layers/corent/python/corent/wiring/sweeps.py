"""The sweeps."""

from functools import cache

from corent.core.clock import SystemClock
from corent.usecases.expire_jobs import ExpireJobs
from corent.wiring.money import jobs, settle_image


@cache
def expire_jobs() -> ExpireJobs:
    return ExpireJobs(jobs=jobs(), settle=settle_image(), clock=SystemClock())
