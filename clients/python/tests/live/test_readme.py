"""Every sample of the README is run as it stands there."""

import asyncio
import json
import re
import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from corent import Corent
from tests.live.conftest import Shell, Stack, _free_port

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
SAMPLES = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PYTHON = [code for language, code in SAMPLES if language == "python"]
RECEIVER = next(code for code in PYTHON if "verify_webhook" in code)
SHELL = [code for language, code in SAMPLES if language == "sh"]
SECRET = "a secret of your own"


def test_no_sample_is_of_a_language_that_is_not_run() -> None:
    assert {language for language, _ in SAMPLES} == {"python", "sh", "json"}
    assert (len(PYTHON), len(SHELL)) == (9, 3)


@pytest.mark.parametrize(
    "code", [code for code in PYTHON if code is not RECEIVER], ids=range(len(PYTHON) - 1)
)
def test_a_python_sample_runs(shell: Shell, code: str) -> None:
    shell.output(sys.executable, "-W", "error", "-c", code)


@pytest.mark.parametrize("code", SHELL, ids=range(len(SHELL)))
def test_a_shell_sample_runs(shell: Shell, code: str) -> None:
    shell.output("bash", "-eu", "-o", "pipefail", "-c", code)


def test_the_receiver_takes_a_genuine_webhook_and_refuses_a_forged_one(
    stack: Stack, client: Corent, shell: Shell
) -> None:
    port = _free_port()
    shell.environment["WEBHOOK_SECRET"] = SECRET
    receiver = shell.start(sys.executable, "-c", RECEIVER, str(port))
    assert receiver.stdout is not None
    try:
        assert receiver.stdout.readline() == f"listening on {port}\n"
        url = f"http://127.0.0.1:{port}/"
        forged = client.images.generate("a fox", webhook_url=url, webhook_secret="another secret of yours")
        genuine = client.images.generate("a heron", webhook_url=url, webhook_secret=SECRET)
        assert receiver.stdout.readline() == f"handled {genuine.id} completed\n"
        client.jobs.wait(forged.id)
        assert client.jobs.webhook_log(genuine.id).status == "delivered"
        assert client.jobs.redeliver(genuine.id).attempts[0].outcome == "delivered"
    finally:
        receiver.terminate()
        receiver.communicate(timeout=10)


def test_an_agents_configuration_starts_the_server(shell: Shell) -> None:
    shell.output("corent", "login", given=shell.environment["CORENT_API_KEY"])
    del shell.environment["CORENT_API_KEY"], shell.environment["CORENT_BASE_URL"]
    (sample,) = (json.loads(code) for language, code in SAMPLES if language == "json")
    configured = sample["mcpServers"]["corent"]
    programs = shell.environment["PATH"].partition(":")[0]

    async def balance() -> dict[str, int] | None:
        parameters = StdioServerParameters(
            command=f"{programs}/{configured['command']}", args=configured["args"], env=shell.environment
        )
        async with Client(parameters) as client:
            return (await client.call_tool("get_balance", {})).structured_content

    found = asyncio.run(balance())
    assert found is not None
    assert found["available_cents"] > 0
