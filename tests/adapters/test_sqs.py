"""Coming back later: what is put into the queue, and how long it is held back."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from moto import mock_aws

from corent.adapters.sqs import SqsLater
from corent.core.errors import TemporarilyUnavailableError


class Recording:
    """An SQS that notes what it is sent, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self._error = error

    def send_message(self, **parameters: Any) -> None:
        if self._error:
            raise self._error
        self.sent.append(parameters)


@pytest.mark.parametrize(
    ("delay_s", "seconds"),
    [(0.0, 0), (-3.0, 0), (0.001, 1), (8.4, 9), (600.0, 600), (899.5, 900), (900.0, 900), (3_600.0, 900)],
)
def test_a_delay_is_rounded_up_and_at_most_what_sqs_takes(delay_s: float, seconds: int) -> None:
    client = Recording()
    SqsLater(client, queue_url="q")("job_1", delay_s=delay_s)
    assert [sent["DelaySeconds"] for sent in client.sent] == [seconds]


def test_the_message_is_the_id_and_nothing_else() -> None:
    with mock_aws():
        client: Any = boto3.client(
            "sqs", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        url = client.create_queue(QueueName="webhooks")["QueueUrl"]
        SqsLater(client, queue_url=url)("job_1")
        (message,) = client.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == {"id": "job_1"}


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "RequestThrottled", "Message": ""}}, "SendMessage"),
        ConnectionClosedError(endpoint_url="https://sqs.example"),
    ],
)
def test_a_queue_that_does_not_answer_is_said_so(error: Exception) -> None:
    with pytest.raises(TemporarilyUnavailableError):
        SqsLater(Recording(error), queue_url="q")("job_1")
