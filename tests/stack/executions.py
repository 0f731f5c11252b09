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


def execution_arn(stack: Stack, subject_id: str) -> str:
    """The execution that carries a job or batch: it has its name."""
    machine = "BatchMachine" if subject_id.startswith("batch_") else "GenerationMachine"
    return f"{stack.physical_id(machine).replace(':stateMachine:', ':execution:')}:{subject_id}"


def stop_execution(stack: Stack, subject_id: str) -> None:
    """Abort it, as an operator may."""
    stack.aws("stepfunctions").stop_execution(executionArn=execution_arn(stack, subject_id))


def read_execution(stack: Stack, subject_id: str) -> Execution:
    """The execution of a job or batch as it stands now."""
    states = stack.aws("stepfunctions")
    arn = execution_arn(stack, subject_id)
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
