"""Fixtures of the adapters' tests."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from corent.adapters.tls import tls_context
from tests.outside import Authority, Connects
from tests.tables import create_tables


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """boto3's DynamoDB client with the template's tables in memory."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        made = boto3.client("dynamodb", region_name="us-east-1")
        create_tables(made)
        yield made


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> Connects:
    spy = Connects(socket.create_connection)
    monkeypatch.setattr(socket, "create_connection", spy)
    return spy


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """A certificate authority that this process trusts."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.trusted))
    tls_context.cache_clear()
    yield made
    tls_context.cache_clear()
