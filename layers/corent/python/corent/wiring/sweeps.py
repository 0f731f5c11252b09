"""The sweeps, and what a broken execution leaves behind."""

from functools import cache

from corent.core.clock import SystemClock
from corent.usecases.end_execution import EndExecution
from corent.usecases.sweep_jobs import SweepJobs
from corent.usecases.tend_batch import TendBatch
from corent.wiring.batches import batches, settle_batch
from corent.wiring.executions import batch_executions, executions
from corent.wiring.money import jobs, settle_job


@cache
def sweep_jobs() -> SweepJobs:
    return SweepJobs(
        jobs=jobs(),
        settle=settle_job(),
        tend_batch=tend_batch(),
        start=executions().start,
        clock=SystemClock(),
    )


@cache
def tend_batch() -> TendBatch:
    return TendBatch(
        batches=batches(),
        jobs=jobs(),
        settle_job=settle_job(),
        settle_batch=settle_batch(),
        start_job=executions().start,
        start_batch=batch_executions().start,
        clock=SystemClock(),
    )


@cache
def end_execution() -> EndExecution:
    return EndExecution(jobs=jobs(), settle=settle_job(), tend_batch=tend_batch())
