"""The real template on the local stack: started once for these tests, with ports and state of its own."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from local.place import StackError

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".corent" / "test-stack"
TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Account:
    """One account on the running stack."""

    account_id: str
    live_key: str
    test_key: str


@dataclass(frozen=True, slots=True)
class Stack:
    """The running stack: what local.json says, and ways to reach it."""

    base_url: str
    aws_endpoint_url: str
    region: str
    stack_name: str
    account: Account
    user_email: str
    user_password: str
    tables: dict[str, str]
    stripe_stub_url: str
    stripe_events_url: str
    stripe_webhook_secret: str
    environment: dict[str, str]

    def client(self, *, key: str | None = None) -> httpx.Client:
        """Return an HTTP client of the API that sends the key."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=TIMEOUT_S, trust_env=False)

    def aws(self, service: Any, *, config: Config | None = None) -> Any:
        """Return a boto3 client of the emulated service."""
        session = boto3.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name=self.region
        )
        return session.client(service, endpoint_url=self.aws_endpoint_url, config=config)

    @property
    def folder(self) -> Path:
        """Where this stack keeps its logs, its state and its processes' files."""
        return Path(self.environment["CORENT_HOME"]) / "stacks" / self.environment["CORENT_PORT"]

    def physical_id(self, logical_id: str) -> str:
        """Return what one of the template's resources is called here."""
        found = self.aws("cloudformation").describe_stack_resource(
            StackName=self.stack_name, LogicalResourceId=logical_id
        )
        name: str = found["StackResourceDetail"]["PhysicalResourceId"]
        return name

    def invoke(self, logical_id: str, event: dict[str, Any]) -> None:
        """Run one of the template's functions to its end. Fails when it raises."""
        answer = self.aws("lambda").invoke(
            FunctionName=self.physical_id(logical_id), Payload=json.dumps(event)
        )
        assert "FunctionError" not in answer, answer["Payload"].read()

    def open_account(self, *, balance_cents: int = 5_000) -> Account:
        """Return a fresh account, as `make account` makes it."""
        ended = subprocess.run(
            [sys.executable, "-m", "local.accounts", str(balance_cents)],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return Account(**json.loads(ended.stdout))


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_stack(home: Path) -> Iterator[Stack]:
    """Start a stack with nothing in it and end it, with everything it started. Raises StackError."""
    shutil.rmtree(home, ignore_errors=True)
    environment = os.environ | {
        "CORENT_HOME": str(home),
        "CORENT_PORT": str(free_port()),
        "CORENT_AWS_PORT": str(free_port()),
        "CORENT_RATE_SCALE": "100",
        # Servers beside the stack receive webhooks and hand out first frames.
        "CORENT_ALLOW_LOOPBACK": "1",
    }
    started = _stack_command("headless", environment=environment)
    if started.returncode != 0:
        raise StackError(f"The local stack did not start:\n{started.stdout}{started.stderr}")
    try:
        local = json.loads((home / "local.json").read_text())
        account = Account(**{name: local.pop(name) for name in ("account_id", "live_key", "test_key")})
        yield Stack(**local, account=account, environment=environment)
    finally:
        _stack_command("stop", environment=environment)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One stack for all tests."""
    with running_stack(HOME) as running:
        yield running


@pytest.fixture
def account(stack: Stack) -> Account:
    """A fresh account."""
    return stack.open_account()


def _stack_command(command: str, *, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local.stack", command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
