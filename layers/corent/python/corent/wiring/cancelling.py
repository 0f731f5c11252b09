"""Cancelling jobs."""

from functools import cache

from corent.usecases.cancel_job import CancelJob
from corent.wiring.looks import look_soon
from corent.wiring.money import read_jobs, settle_job


@cache
def cancel_job() -> CancelJob:
    return CancelJob(read=read_jobs(), settle=settle_job(), look_soon=look_soon())
