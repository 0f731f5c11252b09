"""The sweeps, and what a broken execution leaves behind."""

from functools import cache

from corent.core.clock import SystemClock
from corent.usecases.end_execution import EndExecution
from corent.usecases.sweep_jobs import SweepJobs
from corent.wiring.batches import carry_batch
from corent.wiring.executions import executions
from corent.wiring.money import jobs, settle_job


@cache
def sweep_jobs() -> SweepJobs:
    return SweepJobs(
        jobs=jobs(),
        settle=settle_job(),
        batches=carry_batch(),
        start=executions().start,
        clock=SystemClock(),
    )


@cache
def end_execution() -> EndExecution:
    return EndExecution(jobs=jobs(), settle=settle_job(), batches=carry_batch())
