"""The running API keeps its published document: schemathesis finds nothing."""

import subprocess
import sys
from pathlib import Path

from tests.stack.conftest import Account, Stack

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES_PER_OPERATION = 25


def test_schemathesis_finds_no_difference_between_document_and_answers(
    stack: Stack, account: Account
) -> None:
    ended = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "--config-file",
            str(Path(__file__).with_name("schemathesis.toml")),
            "run",
            str(ROOT / "layers" / "pages" / "python" / "corent_pages" / "openapi.json"),
            "--url",
            stack.base_url,
            "--header",
            f"Authorization: Bearer {account.live_key}",
            "--max-examples",
            str(EXAMPLES_PER_OPERATION),
            "--seed",
            "1",
            "--no-color",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-6000:]
    assert "No issues found" in ended.stdout or "passed" in ended.stdout
