"""Executions of the running stack, by their history."""

from dataclasses import dataclass
from typing import Any

from tests.stack.conftest import Stack

HISTORY_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution as its history tells it; `errors` are those of its tasks, in order."""

    status: str
    input: str
    entered: tuple[str, ...]
    retries: int
    errors: tuple[str, ...]

    @property
    def transitions(self) -> int:
        """As Step Functions bills: every state entered, and every retry."""
        return len(self.entered) + self.retries


def execution_arn(stack: Stack, job_id: str) -> str:
    """The execution that carries a job: it has the job's name."""
    machine_arn = stack.physical_id("GenerationMachine")
    return f"{machine_arn.replace(':stateMachine:', ':execution:')}:{job_id}"


def read_execution(stack: Stack, job_id: str) -> Execution:
    """The job's execution as it stands now."""
    states = stack.aws("stepfunctions")
    arn = execution_arn(stack, job_id)
    described = states.describe_execution(executionArn=arn)
    events = _events(states, arn)
    entered = []
    retries = tasks = 0
    for event in events:
        if event["type"].endswith("StateEntered"):
            entered.append(event["stateEnteredEventDetails"]["name"])
            tasks = 0
        elif event["type"] == "TaskScheduled":
            tasks += 1
            retries += tasks > 1
    return Execution(
        status=described["status"],
        input=described["input"],
        entered=tuple(entered),
        retries=retries,
        errors=tuple(e["taskFailedEventDetails"]["error"] for e in events if e["type"] == "TaskFailed"),
    )


def _events(states: Any, arn: str) -> list[dict[str, Any]]:
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=arn, PaginationConfig={"PageSize": HISTORY_PAGE}
    )
    return [event for page in pages for event in page["events"]]
