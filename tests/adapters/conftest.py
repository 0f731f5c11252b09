"""Fixtures of the adapters' tests."""

import socket
from pathlib import Path

import pytest

from tests.outside import Authority, Connects


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> Connects:
    spy = Connects(socket.create_connection)
    monkeypatch.setattr(socket, "create_connection", spy)
    return spy


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.trusted))
    return made
