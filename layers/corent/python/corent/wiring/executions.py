"""The executions that carry long jobs and batches: started, woken, and told what is next."""

from functools import cache

from corent.adapters.aws import StepFunctions
from corent.adapters.executions import Executions
from corent.wiring.settings import Settings, read_settings


class JobExecutionSettings(Settings):
    state_machine_arn: str


class BatchExecutionSettings(Settings):
    batch_machine_arn: str


@cache
def executions() -> Executions:
    arn = read_settings(JobExecutionSettings).state_machine_arn
    return Executions(_states(), state_machine_arn=arn, subject="job_id")


@cache
def batch_executions() -> Executions:
    arn = read_settings(BatchExecutionSettings).batch_machine_arn
    return Executions(_states(), state_machine_arn=arn, subject="batch_id")


@cache
def _states() -> StepFunctions:
    return StepFunctions()
