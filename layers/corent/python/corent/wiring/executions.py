"""The executions that carry long jobs: started, woken, and told what is next."""

from functools import cache

from corent.adapters.aws import StepFunctions
from corent.adapters.executions import Executions
from corent.wiring.settings import Settings, read_settings


class ExecutionSettings(Settings):
    state_machine_arn: str


@cache
def executions() -> Executions:
    return Executions(StepFunctions(), state_machine_arn=read_settings(ExecutionSettings).state_machine_arn)
