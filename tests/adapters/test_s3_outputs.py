"""Results are put and read back over S3's own protocol."""

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from corent.adapters import aws
from corent.adapters.s3_outputs import S3Outputs
from corent.core.errors import TemporarilyUnavailableError

NAME = "files/ab-0.png"


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Outputs]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setattr(aws, "RETRY_BASE_S", 0.0)
    boto3.client("s3", endpoint_url=f"http://{host}:{port}").create_bucket(Bucket="results-of-a-test")
    yield S3Outputs(aws.S3(), bucket="results-of-a-test")
    server.stop()


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 5, bytes(range(256)) * 8_000], ids=len)
def test_what_was_put_is_read_back(outputs: S3Outputs, content: bytes) -> None:
    outputs.put(NAME, content, media_type="image/png")
    assert outputs.get(NAME) == content


def test_a_result_that_is_not_there_is_temporarily_unavailable(outputs: S3Outputs) -> None:
    with pytest.raises(TemporarilyUnavailableError):
        outputs.get("files/never-put-0.png")
