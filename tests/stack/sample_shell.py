"""Where samples run: a folder of their own, a key in the environment, and programs as a reader has them."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.samples import ROOT, WRITTEN_URL, Block
from tests.stack.conftest import Account, Stack
from tests.stack.test_deposits import script
from tests.waiting import until

VENVS = ROOT / ".corent" / "venvs"
# Python with what a reader has installed for a sample: our client, or somebody else's.
PYTHONS = {
    "corent": VENVS / "clients" / "bin" / "python",
    "openai": VENVS / "clients" / "bin" / "python",
    "langchain": VENVS / "langchain" / "bin" / "python",
    "dev": VENVS / "dev" / "bin" / "python",
    "sam": VENVS / "sam" / "bin" / "python",
}
SAMPLE_S = 120
# How the API begins an error.
ERROR = '{"error": {"type": "'
SECRET = "a secret of your own"


class SampleShell:
    """Runs blocks of one kind of key in one folder."""

    def __init__(self, folder: Path, stack: Stack, account: Account) -> None:
        self.folder = folder
        self._stack = stack
        self._account = account
        self._programs = folder / "programs"
        self._programs.mkdir()
        real_curl = subprocess.run(
            ["bash", "-c", "command -v curl"], capture_output=True, text=True, check=True
        ).stdout.strip()
        # A refusal fails the sample, as it would catch a reader's eye; and no proxy of this machine's.
        self.program("curl", f"#!/bin/sh\nexec {real_curl} --fail-with-body --noproxy '*' \"$@\"\n")
        self.program("corent", f'#!/bin/sh\nexec "{PYTHONS["corent"]}" -m corent.cli "$@"\n')

    def program(self, name: str, text: str) -> None:
        """Put a program on the samples' PATH."""
        path = self._programs / name
        path.write_text(text)
        path.chmod(0o755)

    def code(self, block: Block) -> str:
        """The block as a reader of this stack's pages sees it, with what it continues."""
        return (block.before + block.code).replace(WRITTEN_URL, self._stack.base_url)

    def environment(self, block: Block) -> dict[str, str]:
        """The variables of a reader who has done what the handbook says."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CORENT_", "AWS_"))}
        is_live = "live" in block.marks
        return {
            **kept,
            "PATH": f"{self._programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "clients" / "python" / "src"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            "CORENT_BASE_URL": self._stack.base_url,
            "CORENT_API_KEY": self._account.live_key if is_live else self._account.test_key,
            "WEBHOOK_SECRET": SECRET,
        }

    def command(self, block: Block) -> list[str]:
        """How a reader runs the block, up to its own arguments."""
        if block.language == "python":
            path = self.folder / f"sample_{block.number}.py"
            path.write_text(self.code(block))
            return [str(PYTHONS[block.named.get("with", "corent")]), "-W", "error", str(path)]
        if block.language == "javascript":
            path = self.folder / f"sample_{block.number}.mjs"
            path.write_text(self.code(block))
            return ["node", str(path)]
        assert block.language in ("bash", "sh"), block.language
        return ["bash", "-eu", "-o", "pipefail", "-c", self.code(block)]

    def run(self, block: Block, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the block to its end."""
        return subprocess.run(
            self.command(block),
            cwd=self.folder,
            env=self.environment(block) | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SAMPLE_S,
            check=False,
        )

    @contextmanager
    def serving(self, block: Block, port: int) -> Iterator[subprocess.Popen[str]]:
        """Run the block, a server, until the end of the caller's block."""
        process = subprocess.Popen(
            [*self.command(block), str(port)],
            cwd=self.folder,
            env=self.environment(block),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=10)


def save_card(stack: Stack, account: Account) -> None:
    """Pay a deposit whose card may be charged again."""
    with stack.client(key=account.live_key) as client:
        before = client.get("/v1/account/balance").json()["balance_cents"]
        made = client.post("/v1/account/deposit", json={"amount_cents": 500, "save_card": True}).json()
        script(stack, f"sessions/{made['session_id']}/pay", action="pay")
        until(
            lambda: client.get("/v1/account/balance").json()["balance_cents"] > before,
            what="the deposit to be credited",
        )


def need_node() -> None:
    """Fail, saying what is missing, where there is no Node that runs the samples."""
    try:
        version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    except OSError:
        pytest.fail("The samples in JavaScript need node (18 or later) on the PATH.")
    assert int(version.removeprefix("v").partition(".")[0]) >= 18, f"node is {version.strip()}; 18 is needed"


def error_codes(said: str) -> list[str]:
    """The code of every error in what commands printed."""
    codes: list[str] = []
    decoder = json.JSONDecoder()
    at = said.find(ERROR)
    while at >= 0:
        document, length = decoder.raw_decode(said[at:])
        codes.append(document["error"]["code"])
        at = said.find(ERROR, at + length)
    return codes
