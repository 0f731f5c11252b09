"""Having a job looked at: Lambda is asked to run the function later, and answers at once."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from corent.adapters import aws
from corent.adapters.looks import LambdaLooks
from corent.core.errors import TemporarilyUnavailableError
from tests.raw_server import RawServer
from tests.webhook_world import JOB

ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Recording:
    """Lambda that notes what it is asked, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self._error = error

    def invoke(self, **parameters: Any) -> None:
        self.asked.append(parameters)
        if self._error:
            raise self._error


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setattr(aws, "RETRY_BASE_S", 0.0)


def test_the_function_is_given_the_jobs_id_alone_and_not_waited_for() -> None:
    client = Recording()
    LambdaLooks(client, function="check")(JOB)
    payload = f'{{"job_id": "{JOB}"}}'.encode()
    assert client.asked == [{"FunctionName": "check", "InvocationType": "Event", "Payload": payload}]


@pytest.mark.parametrize(
    "error",
    [
        ConnectionClosedError(endpoint_url="https://lambda.example"),
        ClientError({"Error": {"Code": "TooManyRequestsException", "Message": ""}}, "Invoke"),
    ],
)
def test_a_lambda_that_does_not_answer_is_said_so(error: Exception) -> None:
    with pytest.raises(TemporarilyUnavailableError):
        LambdaLooks(Recording(error), function="check")(JOB)


def test_the_signed_client_asks_for_an_invocation_that_nobody_waits_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with RawServer(lambda peer: peer.sendall(ACCEPTED), bodies=True) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
        LambdaLooks(aws.Lambda(), function="stack-Check-1")(JOB)
    (request,) = server.requests
    assert request.startswith(b"POST /2015-03-31/functions/stack-Check-1/invocations HTTP/1.1")
    assert b"x-amz-invocation-type: event\r\n" in request.lower()
    assert b"/us-east-1/lambda/aws4_request" in request
    assert request.endswith(f'{{"job_id": "{JOB}"}}'.encode())


def test_the_signed_clients_refusals_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(lambda peer: peer.sendall(MISSING), bodies=True) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
        with pytest.raises(ClientError, match="404"):
            aws.Lambda().invoke(FunctionName="none", InvocationType="Event", Payload=b"{}")
