"""Executions of the state machines that carry long jobs and batches: started once, resumed by task tokens."""

import json
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError, HTTPClientError

from corent.core.errors import TemporarilyUnavailableError

# The execution no longer waits under that token: it was resumed before, timed out, or has ended.
NOT_WAITING: Final = frozenset({"InvalidToken", "TaskDoesNotExist", "TaskTimedOut"})


class StatesClient(Protocol):
    """`boto3.client("stepfunctions")`, as far as it is used."""

    def start_execution(self, **parameters: Any) -> Any: ...

    def send_task_success(self, **parameters: Any) -> Any: ...


class Executions:
    """One execution a job or batch, named by its id. Every method may be repeated.

    `subject` is what the machine calls the id in its input.
    """

    def __init__(self, client: StatesClient, *, state_machine_arn: str, subject: str) -> None:
        self._client = client
        self._state_machine_arn = state_machine_arn
        self._subject = subject

    def start(self, subject_id: str) -> None:
        """Start its execution, unless it was started before."""
        try:
            self._client.start_execution(
                stateMachineArn=self._state_machine_arn,
                name=subject_id,
                # Byte-identical in every repeat: with another input the same name would be an error.
                input=_compact({self._subject: subject_id}),
            )
        except HTTPClientError as error:
            raise TemporarilyUnavailableError("The work could not be started just now.") from error
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise TemporarilyUnavailableError("The work could not be started just now.") from error

    def tell(self, token: str, *, next: str) -> None:
        """Resume the execution that waits under `token`, at what it calls `next`; nothing if none waits."""
        try:
            self._client.send_task_success(taskToken=token, output=_compact({"next": next}))
        except HTTPClientError as error:
            raise TemporarilyUnavailableError("The work could not be resumed just now.") from error
        except ClientError as error:
            if error.response["Error"]["Code"] not in NOT_WAITING:
                raise TemporarilyUnavailableError("The work could not be resumed just now.") from error


def _compact(document: dict[str, str]) -> str:
    return json.dumps(document, separators=(",", ":"))
