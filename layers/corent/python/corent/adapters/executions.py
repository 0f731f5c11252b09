"""Executions of the state machine that carries long jobs: started once a job, resumed by task tokens."""

import json
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError, HTTPClientError

from corent.core.errors import TemporarilyUnavailableError

# The execution no longer waits under that token: it was resumed before, timed out, or has ended.
NOT_WAITING: Final = frozenset({"InvalidToken", "TaskDoesNotExist", "TaskTimedOut"})
LOOK: Final = "look"


class StatesClient(Protocol):
    """`boto3.client("stepfunctions")`, as far as it is used."""

    def start_execution(self, **parameters: Any) -> Any: ...

    def send_task_success(self, **parameters: Any) -> Any: ...


class Executions:
    """One execution a job, named by the job's id. Every method may be repeated."""

    def __init__(self, client: StatesClient, *, state_machine_arn: str) -> None:
        self._client = client
        self._state_machine_arn = state_machine_arn

    def start(self, job_id: str) -> None:
        """Start the job's execution, unless it was started before."""
        try:
            self._client.start_execution(
                stateMachineArn=self._state_machine_arn,
                name=job_id,
                # Byte-identical in every repeat: with another input the same name would be an error.
                input=_compact({"job_id": job_id}),
            )
        except HTTPClientError as error:
            raise TemporarilyUnavailableError("The job could not be started just now.") from error
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise TemporarilyUnavailableError("The job could not be started just now.") from error

    def wake(self, token: str) -> None:
        """Let the execution that waits under `token` look at its upstream now; nothing if none waits."""
        self.tell(token, next=LOOK)

    def tell(self, token: str, *, next: str) -> None:
        """Resume the execution that waits under `token`, at what it calls `next`; nothing if none waits."""
        try:
            self._client.send_task_success(taskToken=token, output=_compact({"next": next}))
        except HTTPClientError as error:
            raise TemporarilyUnavailableError("The job could not be resumed just now.") from error
        except ClientError as error:
            if error.response["Error"]["Code"] not in NOT_WAITING:
                raise TemporarilyUnavailableError("The job could not be resumed just now.") from error


def _compact(document: dict[str, str]) -> str:
    return json.dumps(document, separators=(",", ":"))
