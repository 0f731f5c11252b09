"""The commands, in this process against a scripted server; as processes of their own where signals matter."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import corent
from corent.cli import main
from tests.documents import BALANCE, JOB, KEY, accepted, completed, failed, job
from tests.scripted import Connection, ScriptedServer, answer, event, events, page, refusal, say_nothing

Captured = pytest.CaptureFixture[str]
CONTENT = b"\x89PNG" + bytes(1_000)


@pytest.fixture(autouse=True)
def _logged_in(monkeypatch: pytest.MonkeyPatch, server: ScriptedServer) -> None:
    monkeypatch.setenv("CORENT_API_KEY", KEY)
    monkeypatch.setenv("CORENT_BASE_URL", server.url)


def ended(server: ScriptedServer, *names: str) -> Any:
    """A stream that ends with a completed job, whose files are the server's."""
    urls = [f"{server.url}/files/{name}" for name in names or ("a.png",)]
    return events(event(12, "processing", job("processing", 10)), event(102, "completed", completed(*urls)))


def test_an_image_is_ordered_without_waiting_then_followed_and_saved(
    server: ScriptedServer, tmp_path: Path, capsys: Captured
) -> None:
    server.then(answer(202, accepted()), ended(server), page(200, CONTENT, "image/png"))
    target = tmp_path / "fox.png"
    arguments = ["--preference", "fast", "--aspect-ratio", "16:9", "--style", "3d", "--n", "1", "--seed", "7"]
    arguments += ["--negative-prompt", "rain", "--format", "webp"]
    assert main(["image", "a fox", "-o", str(target), *arguments]) == 0
    assert server.received[0].json == {
        "prompt": "a fox", "wait_s": 0, "preference": "fast", "aspect_ratio": "16:9", "style": "3d", "n": 1,
        "seed": 7, "negative_prompt": "rain", "output_format": "webp",
    }  # fmt: skip
    assert target.read_bytes() == CONTENT
    said = capsys.readouterr()
    assert said.out == f"{target}\n"
    assert said.err == f"10 % processing\n100 % completed\n{JOB}: 2 ¢, corent-image-fast\n"


def test_several_images_are_numbered(server: ScriptedServer, tmp_path: Path) -> None:
    server.then(
        answer(202, accepted()), ended(server, "a.png", "b.png"), *[page(200, CONTENT, "image/png")] * 2
    )
    assert main(["image", "a fox", "--n", "2", "-o", str(tmp_path / "fox.png")]) == 0
    assert sorted(each.name for each in tmp_path.glob("*.png")) == ["fox-1.png", "fox-2.png"]


def test_in_a_folder_a_result_is_named_by_its_job(server: ScriptedServer, tmp_path: Path) -> None:
    server.then(answer(202, accepted()), ended(server), page(200, CONTENT, "image/png"))
    assert main(["image", "a fox", "-o", str(tmp_path)]) == 0
    assert (tmp_path / f"{JOB}.png").read_bytes() == CONTENT


def test_without_a_place_the_links_are_printed(server: ScriptedServer, capsys: Captured) -> None:
    server.then(answer(202, accepted()), ended(server))
    assert main(["image", "a fox"]) == 0
    assert capsys.readouterr().out == f"{server.url}/files/a.png\n"


def test_json_prints_the_answers_json_alone(server: ScriptedServer, capsys: Captured) -> None:
    server.then(answer(202, accepted()), ended(server))
    assert main(["image", "a fox", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == JOB


def test_a_video_that_is_not_watched_prints_its_id_and_how_to_go_on(
    server: ScriptedServer, capsys: Captured
) -> None:
    server.then(answer(202, accepted("video")))
    assert main(["video", "a fox", "--duration-s", "2", "--resolution", "720p"]) == 0
    assert server.received[0].json == {"prompt": "a fox", "duration_s": 2, "resolution": "720p"}
    said = capsys.readouterr()
    assert said.out == f"{JOB}\n"
    assert f"corent job {JOB} --watch" in said.err


def test_on_a_terminal_progress_is_a_bar(
    server: ScriptedServer, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.then(answer(202, accepted("video")), ended(server))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert main(["video", "a fox", "--watch"]) == 0
    assert "\r\x1b[K[###---------------------------]  10 % processing" in capsys.readouterr().err


def test_a_failed_job_is_one_line_and_status_1(server: ScriptedServer, capsys: Captured) -> None:
    server.then(answer(202, accepted()), events(event(102, "failed", failed())))
    assert main(["image", "a fox"]) == 1
    assert (
        capsys.readouterr().err.splitlines()[-1]
        == "corent: It is tier_unavailable. (tier_unavailable, req_1)"
    )


def test_a_refusal_is_one_line_with_the_request_id_and_status_1(
    server: ScriptedServer, capsys: Captured
) -> None:
    server.then(answer(402, refusal(402, "insufficient_funds", kind="insufficient_funds_error")))
    assert main(["image", "a fox"]) == 1
    assert capsys.readouterr().err == "corent: It is insufficient_funds. (insufficient_funds, req_1)\n"


def test_a_place_that_is_not_there_is_told_before_anything_is_bought(
    server: ScriptedServer, tmp_path: Path
) -> None:
    assert main(["image", "a fox", "-o", str(tmp_path / "no" / "fox.png")]) == 2
    assert server.received == []


def test_a_place_that_cannot_be_written_to_is_told_before_anything_is_bought(
    server: ScriptedServer, capsys: Captured
) -> None:
    # Nobody makes files there, root neither.
    assert main(["image", "a fox", "-o", "/proc/fox.png"]) == 3
    assert capsys.readouterr().err.startswith("corent: No such file or directory: /proc/.fox.png.")
    assert server.received == []


def test_a_message_cannot_steer_the_terminal(server: ScriptedServer, capsys: Captured) -> None:
    document = refusal(422, "invalid_prompt", kind="invalid_request_error")
    document["error"]["message"] = "\x1b]0;owned\x07"
    server.then(answer(422, document))
    assert main(["image", "a fox"]) == 1
    assert "\x1b" not in capsys.readouterr().err


def test_the_time_to_wait_over_is_status_4(server: ScriptedServer, capsys: Captured) -> None:
    server.then(answer(202, accepted()), events(event(12, "processing", job()), stay_s=30))
    assert main(["image", "a fox", "--timeout-s", "0.2"]) == 4
    assert JOB in capsys.readouterr().err


def test_a_job_is_shown_as_it_stands(server: ScriptedServer, capsys: Captured) -> None:
    server.then(answer(200, completed()), answer(200, failed()))
    assert main(["job", JOB]) == 0
    assert capsys.readouterr().out == f"{JOB}  image  completed  100 %\nhttps://files.test/a.png\n"
    assert main(["job", JOB]) == 0
    assert "tier_unavailable, req_1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "document", "said"),
    [
        (["balance"], BALANCE, "available 9.35 $\nheld      0.63 $\nbalance   9.98 $\n"),
        (
            ["usage", "--since", "2026-11-01"],
            {"total_spent_cents": 2, "total_jobs": 1, "recent_jobs": [], "next_cursor": None},
            "0.02 $ for 1 jobs\n",
        ),
        (
            ["quote", "a fox", "--video"],
            {"quote_id": "quote_1", "model": "corent-video-fast", "price_cents": 40, "expected_ms": 7_200,
             "p95_ms": 15_400, "expires_at": "2026-11-22T10:00:00.000Z"},
            "40 ¢  corent-video-fast\nabout 7.2 s, 95 of 100 in 15.4 s\n"
            "--quote-id quote_1  (until 2026-11-22T10:00:00.000Z)\n",
        ),
        (["status"], {"tiers": [], "updated_at": None, "stale": False, "incidents": []}, ""),
    ],
)  # fmt: skip
def test_what_the_api_tells_is_printed_for_people_and_as_json(
    server: ScriptedServer, capsys: Captured, arguments: list[str], document: dict[str, Any], said: str
) -> None:
    server.then(answer(200, document), answer(200, document))
    assert main(arguments) == 0
    assert capsys.readouterr().out == said
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == document


def test_explain_prints_candidates_and_attempts(server: ScriptedServer, capsys: Captured) -> None:
    parts = {"cost": 1.0, "latency": 0.9, "reliability": 0.97, "quality": 0.5}
    document = {
        "model": "corent-image-fast", "reasoning": "Optimized for speed.", "choice": "best",
        "candidates_considered": 2, "failover_occurred": False,
        "candidates": [{"name": "A", "score": 0.892, "health": "operational", **parts}],
        "excluded": [{"name": "B", "reason": "circuit_open"}],
        "attempts": [{"candidate": "A", "outcome": "completed", "duration_ms": 11}],
        "quote_cents": 2, "weights": parts,
    }  # fmt: skip
    server.then(answer(200, document))
    assert main(["explain", JOB]) == 0
    assert capsys.readouterr().out == (
        "corent-image-fast: Optimized for speed.\n"
        "A  score 0.892  cost 1.00  latency 0.90  reliability 0.97  quality 0.50  operational\n"
        "B  not considered: circuit_open\nattempt 1: A  completed  11 ms\n"
    )


def test_a_wrong_option_is_status_2() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["image", "a fox", "--preference", "cheapest"])
    assert caught.value.code == 2


# ---- processes of their own ---------------------------------------------------------------------------


def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    path = os.pathsep.join(
        [str(Path(corent.__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
    )
    return subprocess.Popen(
        [sys.executable, "-m", "corent.cli", *arguments],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def interrupted(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=20)
    return process.returncode, error


def test_ctrl_c_during_a_wait_prints_the_job_and_the_command_that_resumes_it(
    server: ScriptedServer, tmp_path: Path
) -> None:
    server.then(
        answer(202, accepted("video")), events(event(12, "processing", job("processing", 10)), stay_s=30)
    )
    process = start("video", "a fox", "--watch", "-o", str(tmp_path / "film.mp4"))
    assert process.stderr is not None
    # The first progress says that it waits.
    assert process.stderr.readline() == "10 % processing\n"
    status, error = interrupted(process)
    assert status == 130
    command = f"corent job {JOB} --watch -o {tmp_path / 'film.mp4'}"
    assert error == f"Interrupted. {JOB} goes on: `{command}` takes it up again.\n"


def test_the_command_that_resumes_a_wait_finishes_it(server: ScriptedServer, tmp_path: Path) -> None:
    server.then(ended(server), page(200, CONTENT, "video/mp4"))
    assert main(["job", JOB, "--watch", "-o", str(tmp_path / "film.mp4")]) == 0
    assert (tmp_path / "film.mp4").read_bytes() == CONTENT


def test_ctrl_c_before_the_answer_prints_the_key_that_buys_once(server: ScriptedServer) -> None:
    arrived = threading.Event()

    def hold(connection: Connection) -> None:
        arrived.set()
        say_nothing(connection)

    server.then(hold)
    process = start("image", "a fox")
    assert arrived.wait(20)
    status, error = interrupted(process)
    assert status == 130
    assert f"--idempotency-key {server.received[0].headers['idempotency-key']}" in error


def test_a_disk_that_takes_no_more_is_one_line_and_status_3(server: ScriptedServer, tmp_path: Path) -> None:
    server.then(answer(202, accepted()), ended(server), page(200, bytes(100_000), "image/png"))
    # The kernel refuses to let any file grow beyond this, as it would on a full disk.
    process = start(
        "image", "a fox", "-o", str(tmp_path / "fox.png"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000)),
    )  # fmt: skip
    _, error = process.communicate(timeout=20)
    assert process.returncode == 3
    assert error.splitlines()[-1] == "corent: File too large"
    assert list(tmp_path.glob("*.png")) + list(tmp_path.glob(".*.part")) == []


def test_a_reader_that_goes_away_is_no_traceback(server: ScriptedServer) -> None:
    server.then(answer(200, BALANCE))
    process = start("balance")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(timeout=20) == 1
    process.stderr.close()
