"""The signed AWS client over TLS: its own name, verified; a certificate of another name is refused."""

import socket

import pytest
from botocore.exceptions import ConnectionClosedError

from corent.adapters import aws
from tests.outside import Authority, Connects
from tests.raw_server import RawServer, ok, sends

HOST = "dynamodb.eu-west-1.amazonaws.com"
KEY = {"pk": {"S": "A#acct_1"}, "sk": {"S": "BAL"}}


@pytest.fixture(autouse=True)
def on_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment a function has on AWS, where nothing points it elsewhere."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setattr(aws, "RETRY_BASE_S", 0.0)


def test_a_call_goes_signed_to_the_regions_own_address(authority: Authority, connects: Connects) -> None:
    names: list[str | None] = []

    def answer(connection: socket.socket) -> None:
        connection.recv(65_536)  # The body, which follows the headers by itself.
        connection.sendall(ok(b'{"Item":{}}', b"Connection: close"))

    with RawServer(answer, tls=authority.server(HOST, names=names)) as server:
        connects.port = server.port
        assert aws.DynamoDB().get_item(TableName="balances", Key=KEY) == {"Item": {}}
    request = server.requests[0].lower()
    assert names == [HOST]
    assert b"\r\nhost: " + HOST.encode() + b"\r\n" in request
    assert b"\r\nx-amz-security-token: token\r\n" in request
    assert b"/eu-west-1/dynamodb/aws4_request" in request


def test_a_certificate_of_another_name_is_never_spoken_to(authority: Authority, connects: Connects) -> None:
    context = authority.server("other.example", names=[])
    with RawServer(sends(ok(b"{}")), tls=context) as server:
        connects.port = server.port
        with pytest.raises(ConnectionClosedError):
            aws.DynamoDB().get_item(TableName="balances", Key=KEY)
    assert server.requests == []
