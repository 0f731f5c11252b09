"""The command line as processes against the real stack."""

import json
import signal
import stat
from pathlib import Path

from tests.live.conftest import Shell


def test_a_login_is_enough_for_everything_after_it(shell: Shell) -> None:
    key = shell.environment.pop("CORENT_API_KEY")
    address = shell.environment.pop("CORENT_BASE_URL")
    assert shell.run("corent", "balance").returncode == 2
    wrong = shell.run("corent", "login", "--base-url", address, given="co_live_wrong\n")
    assert (wrong.returncode, "invalid_api_key" in wrong.stderr) == (1, True)
    shell.output("corent", "login", "--base-url", address, given=f"{key}\n")
    stored = Path(shell.environment["XDG_CONFIG_HOME"], "corent", "credentials.json")
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert json.loads(shell.output("corent", "balance", "--json"))["available_cents"] > 0
    shell.output("corent", "logout")
    assert shell.run("corent", "balance").returncode == 2


def test_an_image_is_made_saved_and_explained(shell: Shell) -> None:
    said = shell.output(
        "corent", "image", "a fox", "-o", "fox.webp", "--format", "webp", "--preference", "fast"
    )
    saved = Path(said.strip())
    assert saved.name == "fox.webp"
    assert saved.read_bytes()[8:12] == b"WEBP"
    usage = json.loads(shell.output("corent", "usage", "--json", "--limit", "1"))
    assert "attempt 1: A  completed" in shell.output("corent", "explain", usage["recent_jobs"][0]["id"])


def test_a_video_interrupted_by_ctrl_c_is_taken_up_by_the_printed_command(shell: Shell) -> None:
    process = shell.start(
        "corent", "video", "[slow:4] a fox", "--duration-s", "1", "-o", "fox.mp4", "--watch"
    )
    assert process.stderr is not None
    assert "%" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130
    command = error.splitlines()[-1].split("`")[1]
    assert command.startswith("corent job job_")
    shell.output(*command.split())
    assert (shell.folder / "fox.mp4").read_bytes()[4:8] == b"ftyp"


def test_a_failed_job_and_a_refused_order_are_a_line_and_status_1(shell: Shell) -> None:
    for prompt, code in (
        ("[refuse] a fox", "content_policy_violation"),
        ("[fail] a fox", "tier_unavailable"),
    ):
        ended = shell.run("corent", "image", prompt)
        assert ended.returncode == 1
        assert f"({code}, req_" in ended.stderr.splitlines()[-1]
    dear = shell.run("corent", "image", "a fox", "--max-cost-cents", "1")
    assert (dear.returncode, "max_cost_exceeded" in dear.stderr) == (1, True)


def test_a_batch_interrupted_by_ctrl_c_is_taken_up_and_bought_once(shell: Shell) -> None:
    lines = ['"a red fox"', '{"prompt": "[slow:6] a heron", "preference": "fast"}', '"[fail] a lake"']
    (shell.folder / "prompts.jsonl").write_text("\n".join(lines))
    before = json.loads(shell.output("corent", "balance", "--json"))["balance_cents"]
    process = shell.start("corent", "batch", "prompts.jsonl", "-o", "out")
    assert process.stderr is not None
    assert "batch_" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert (process.returncode, "The same command takes it up again" in error) == (130, True)
    ended = shell.run("corent", "batch", "prompts.jsonl", "-o", "out")
    assert (ended.returncode, ended.stderr.splitlines()[-1]) == (1, "2 of 3 completed, 6 ¢")
    assert sorted(each.name for each in (shell.folder / "out").glob("*.png")) == ["0001.png", "0002.png"]
    assert json.loads(shell.output("corent", "balance", "--json"))["balance_cents"] == before - 6


def test_quote_and_status_are_told(shell: Shell) -> None:
    assert json.loads(shell.output("corent", "quote", "a fox", "--video", "--json"))["price_cents"] == 63
    assert "corent-video-cinematic" in shell.output("corent", "status")
