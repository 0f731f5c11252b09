"""The real template on the local stack, started once for these tests; the command `corent` as a process."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import corent
from corent import Corent

ROOT = Path(__file__).resolve().parents[4]
HOME = ROOT / ".corent" / "client-stack"
DEV = ROOT / ".corent" / "venvs" / "dev" / "bin" / "python"
COMMAND_S = 120


@dataclass(frozen=True)
class Stack:
    """Where the stack is, and how its commands are run."""

    base_url: str
    environment: dict[str, str]

    def open_account(self, *, balance_cents: int) -> dict[str, str]:
        """Return a fresh account's `live_key` and `test_key`."""
        ended = subprocess.run(
            [DEV, "-m", "local.accounts", str(balance_cents)],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        account: dict[str, str] = json.loads(ended.stdout)
        return account

    def client(self, key: str, **options: Any) -> Corent:
        return Corent(api_key=key, base_url=self.base_url, **options)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    shutil.rmtree(HOME, ignore_errors=True)
    environment = os.environ | {
        "CORENT_HOME": str(HOME),
        "CORENT_PORT": str(_free_port()),
        "CORENT_AWS_PORT": str(_free_port()),
        "CORENT_RATE_SCALE": "100",
        # The README's receiver of webhooks listens here.
        "CORENT_ALLOW_LOOPBACK": "1",
    }
    environment.pop("PYTHONPATH", None)
    subprocess.run([DEV, "-m", "local.stack", "headless"], cwd=ROOT, env=environment, check=True)
    try:
        base_url = json.loads((HOME / "local.json").read_text())["base_url"]
        yield Stack(base_url, environment)
    finally:
        subprocess.run([DEV, "-m", "local.stack", "stop"], cwd=ROOT, env=environment, check=True)


@pytest.fixture(scope="session")
def key(stack: Stack) -> str:
    """A live key with 50 $; the tests that count money open accounts of their own."""
    return stack.open_account(balance_cents=5_000)["live_key"]


@pytest.fixture
def client(stack: Stack, key: str) -> Iterator[Corent]:
    with stack.client(key) as made:
        yield made


class Shell:
    """Commands in a folder of their own, with `corent` on the PATH and nobody logged in."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment

    def start(self, *command: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, cwd=self.folder, env=self.environment, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, stdin=options.pop("stdin", subprocess.DEVNULL), **options,
        )  # fmt: skip

    def run(self, *command: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever that is."""
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, input=given, capture_output=True, text=True,
            timeout=COMMAND_S, check=False,
        )  # fmt: skip

    def output(self, *command: str, given: str = "") -> str:
        """Return what a command that succeeds says."""
        ended = self.run(*command, given=given)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout


@pytest.fixture
def shell(stack: Stack, key: str, tmp_path: Path) -> Shell:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "corent").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m corent.cli "$@"\n')
    (programs / "corent").chmod(0o755)
    folder = tmp_path / "folder"
    folder.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CORENT_")}
    return Shell(
        folder,
        environment
        | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(Path(corent.__file__).resolve().parents[1]),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "CORENT_BASE_URL": stack.base_url,
            "CORENT_API_KEY": key,
        },
    )
