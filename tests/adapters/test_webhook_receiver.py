"""The receiver that docs/webhooks.md shows: it runs as it stands and takes what Corent sends, only that."""

import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from corent.adapters.safe_post import SafePost
from corent.core.sending import Answer
from corent.webhooks.signature import signed_headers

DOCS = Path(__file__).parents[2] / "docs" / "webhooks.md"
SECRET = "a secret of 狐 characters"
BODY = '{"id":"job_1","status":"completed","metadata":{"naïve":"狐","b":1.50,"a":[]}}'.encode()
PLAIN_HTTP = frozenset({"127.0.0.1"})


class Receiver:
    """The documented receiver as a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._port = self._line().removeprefix("listening on ")

    def take(
        self,
        *,
        event_id: str = "evt_1",
        body: bytes = BODY,
        sent: bytes | None = None,
        late_s: int = 0,
        secret: str | None = SECRET,
    ) -> int:
        headers = signed_headers(
            body, event_id=event_id, timestamp_s=int(time.time()) - late_s, secret=secret
        )
        url = f"http://127.0.0.1:{self._port}/hooks"
        answer: Answer = SafePost(http_hosts=PLAIN_HTTP)(url, body=sent or body, headers=headers)
        return answer.status

    def handled(self) -> list[str]:
        """What it says it handled, once it has ended."""
        self._process.terminate()
        output, _ = self._process.communicate(timeout=10)
        return output.splitlines()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    (source,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    script = tmp_path / "receiver.py"
    script.write_text(source, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-W", "error", str(script), "0"],
        env={**os.environ, "WEBHOOK_SECRET": SECRET},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Receiver(process)
        finally:
            process.kill()


def test_it_takes_a_message_as_corent_sends_it(receiver: Receiver) -> None:
    assert receiver.take() == 204
    assert receiver.handled() == ["handled job_1 completed"]


def test_it_handles_an_event_once_however_often_it_comes(receiver: Receiver) -> None:
    assert [receiver.take(), receiver.take(late_s=60), receiver.take(event_id="evt_2")] == [204] * 3
    assert receiver.handled() == ["handled job_1 completed"] * 2


@pytest.mark.parametrize("late_s", [302, -302])
def test_it_refuses_an_old_message_and_one_from_the_future(receiver: Receiver, late_s: int) -> None:
    assert receiver.take(late_s=late_s) == 400
    assert receiver.handled() == []


@pytest.mark.parametrize(
    "sent", [BODY + b" ", BODY.replace(b"1.50", b"1.5"), BODY.replace(b"job_1", b"job_2")]
)
def test_it_refuses_other_bytes_than_were_signed(receiver: Receiver, sent: bytes) -> None:
    assert receiver.take(sent=sent) == 400
    assert receiver.handled() == []


@pytest.mark.parametrize("secret", [None, SECRET + "x", hashlib.sha256(SECRET.encode()).hexdigest()])
def test_it_refuses_what_another_secret_or_none_signed(receiver: Receiver, secret: str | None) -> None:
    assert receiver.take(secret=secret) == 400
    assert receiver.handled() == []
