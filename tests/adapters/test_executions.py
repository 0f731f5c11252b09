"""Executions of long jobs: one a job, resumed by token, with late and repeated calls doing no harm."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from moto import mock_aws

from corent.adapters.executions import Executions
from corent.core.errors import TemporarilyUnavailableError
from tests.webhook_world import JOB

LOST = ConnectionClosedError(endpoint_url="https://states.example")
MACHINE = {"StartAt": "Look", "States": {"Look": {"Type": "Succeed"}}}


class Recording:
    """Step Functions that note what they are asked, or fail."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self._error = error

    def start_execution(self, **parameters: Any) -> None:
        self.asked.append(parameters)
        if self._error:
            raise self._error

    send_task_success = start_execution


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "SendTaskSuccess")


def executions(client: Any, *, arn: str = "arn:machine") -> Executions:
    return Executions(client, state_machine_arn=arn, subject="job_id")


def test_starting_twice_makes_one_execution_named_by_the_job() -> None:
    with mock_aws():
        client = boto3.client(
            "stepfunctions",
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        arn = client.create_state_machine(
            name="generation", definition=json.dumps(MACHINE), roleArn="arn:aws:iam::123456789012:role/r"
        )["stateMachineArn"]
        executions(client, arn=arn).start(JOB)
        executions(client, arn=arn).start(JOB)
        (execution,) = client.list_executions(stateMachineArn=arn)["executions"]
        described = client.describe_execution(executionArn=execution["executionArn"])
    assert execution["name"] == JOB
    assert described["input"] == f'{{"job_id":"{JOB}"}}'


def test_every_start_of_a_job_is_the_same_to_the_byte() -> None:
    client = Recording()
    executions(client).start(JOB)
    executions(client).start(JOB)
    assert (
        client.asked
        == [{"stateMachineArn": "arn:machine", "name": JOB, "input": f'{{"job_id":"{JOB}"}}'}] * 2
    )


def test_a_batchs_execution_is_told_its_batch() -> None:
    client = Recording()
    Executions(client, state_machine_arn="arn:batches", subject="batch_id").start("batch_1")
    assert client.asked == [
        {"stateMachineArn": "arn:batches", "name": "batch_1", "input": '{"batch_id":"batch_1"}'}
    ]


def test_an_execution_that_exists_already_is_success() -> None:
    executions(Recording(refusal("ExecutionAlreadyExists"))).start(JOB)


def test_telling_says_what_comes_next() -> None:
    client = Recording()
    executions(client).tell("token", next="stop")
    assert client.asked == [{"taskToken": "token", "output": '{"next":"stop"}'}]


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_a_token_nobody_waits_under_is_no_error(code: str) -> None:
    executions(Recording(refusal(code))).tell("token", next="stop")


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_what_excuses_a_token_does_not_excuse_a_start(code: str) -> None:
    with pytest.raises(TemporarilyUnavailableError):
        executions(Recording(refusal(code))).start(JOB)


@pytest.mark.parametrize("error", [LOST, refusal("ThrottlingException"), refusal("500")])
def test_a_service_that_does_not_answer_is_said_so(error: Exception) -> None:
    made = executions(Recording(error))
    calls: list[Callable[[], None]] = [
        lambda: made.start(JOB),
        lambda: made.tell("t", next="stop"),
    ]
    for call in calls:
        with pytest.raises(TemporarilyUnavailableError):
            call()


def test_the_token_is_in_no_error() -> None:
    with pytest.raises(TemporarilyUnavailableError) as caught:
        executions(Recording(LOST)).tell("canary", next="stop")
    assert "canary" not in str(caught.value)
