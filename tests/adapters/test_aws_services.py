"""The signed AWS client's further services, spoken to over HTTP as they are on AWS."""

import json
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from corent.adapters import aws
from corent.adapters.executions import Executions
from corent.adapters.kms import SecretSeal
from corent.adapters.sqs import SqsLater
from tests.webhook_world import JOB

MACHINE = {
    "StartAt": "Wait",
    "States": {"Wait": {"Type": "Wait", "Seconds": 900, "Next": "End"}, "End": {"Type": "Succeed"}},
}


@pytest.fixture
def endpoint_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setattr(aws, "RETRY_BASE_S", 0.0)
    yield url
    server.stop()


def test_kms_encrypts_and_decrypts_bytes(endpoint_url: str) -> None:
    key_id = boto3.client("kms", endpoint_url=endpoint_url).create_key()["KeyMetadata"]["KeyId"]
    client = aws.KMS()
    answer = client.encrypt(KeyId=key_id, Plaintext=b"\x00\xffsecret", EncryptionContext={"job": "1"})
    opened = client.decrypt(CiphertextBlob=answer["CiphertextBlob"], EncryptionContext={"job": "1"})
    assert opened["Plaintext"] == b"\x00\xffsecret"
    with pytest.raises(ClientError, match="InvalidCiphertext"):
        client.decrypt(CiphertextBlob=answer["CiphertextBlob"], EncryptionContext={"job": "2"})


def test_a_seal_made_with_this_client_opens_with_boto3s(endpoint_url: str) -> None:
    theirs = boto3.client("kms", endpoint_url=endpoint_url)
    key_id = theirs.create_key()["KeyMetadata"]["KeyId"]
    sealed = SecretSeal(aws.KMS(), key_id=key_id).seal("s" * 256, wallet_id="acct_1", job_id=JOB)
    assert SecretSeal(theirs, key_id=key_id).open(sealed, wallet_id="acct_1", job_id=JOB) == "s" * 256


def test_sqs_takes_a_message(endpoint_url: str) -> None:
    theirs = boto3.client("sqs", endpoint_url=endpoint_url)
    url = theirs.create_queue(QueueName="webhooks")["QueueUrl"]
    SqsLater(aws.SQS(), queue_url=url)(JOB)
    (message,) = theirs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == {"id": JOB}


def test_sqs_names_its_errors(endpoint_url: str) -> None:
    with pytest.raises(ClientError) as caught:
        aws.SQS().send_message(QueueUrl=f"{endpoint_url}/123456789012/missing", MessageBody="{}")
    assert "NonExistentQueue" in str(caught.value) or "QueueDoesNotExist" in str(caught.value)


def test_step_functions_start_one_execution_a_job(endpoint_url: str) -> None:
    theirs = boto3.client("stepfunctions", endpoint_url=endpoint_url)
    arn = theirs.create_state_machine(
        name="generation", definition=json.dumps(MACHINE), roleArn="arn:aws:iam::123456789012:role/r"
    )["stateMachineArn"]
    executions = Executions(aws.StepFunctions(), state_machine_arn=arn, subject="job_id")
    executions.start(JOB)
    executions.start(JOB)
    (execution,) = theirs.list_executions(stateMachineArn=arn)["executions"]
    assert execution["name"] == JOB
