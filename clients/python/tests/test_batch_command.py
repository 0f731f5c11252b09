"""`corent batch`: each line is checked first, results are saved as they complete, nothing is bought twice."""

import json
from pathlib import Path

import pytest

from corent import Corent
from corent.cli import main
from tests.documents import BATCH, KEY, accepted_batch, batch, completed, failed, job
from tests.scripted import ScriptedServer, answer, hang_up, page, refusal

Captured = pytest.CaptureFixture[str]
PNG = page(200, b"\x89PNG", "image/png")
GONE = page(404, b"", "text/plain")


@pytest.fixture(autouse=True)
def _logged_in(monkeypatch: pytest.MonkeyPatch, server: ScriptedServer) -> None:
    monkeypatch.setenv("CORENT_API_KEY", KEY)
    monkeypatch.setenv("CORENT_BASE_URL", server.url)
    # Pauses take no time here.
    defaults = {**(Corent.__init__.__kwdefaults__ or {}), "sleep": lambda _s: None}
    monkeypatch.setattr(Corent.__init__, "__kwdefaults__", defaults)


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.jsonl"
    path.write_text('"a red fox"\n\n{"prompt": "a blue heron", "n": 1}\n')
    return path


def test_each_bad_line_is_named_and_nothing_is_ordered(
    server: ScriptedServer, tmp_path: Path, capsys: Captured
) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text('"fine"\na fox\n[1]\n{"prompt": "x", "n": 9}\n{"promt": "x"}\n')
    assert main(["batch", str(path)]) == 2
    assert capsys.readouterr().err == (
        "corent: nothing was ordered: line 2: no JSON; a prompt stands in quotes;"
        " line 3: neither an object nor a text; line 4: n: must be at most 4;"
        " line 5: promt: no such field; line 5: prompt: is missing.\n"
    )
    assert server.received == []


def test_a_file_that_is_not_there_is_a_file_error(tmp_path: Path, capsys: Captured) -> None:
    assert main(["batch", str(tmp_path / "no.jsonl")]) == 3
    assert capsys.readouterr().err == f"corent: No such file or directory: {tmp_path / 'no.jsonl'}\n"


def test_results_are_saved_as_they_complete_under_their_lines_number(
    server: ScriptedServer, prompts: Path, capsys: Captured
) -> None:
    done = completed(f"{server.url}/files/a.png")
    server.then(answer(202, accepted_batch(2)), answer(200, batch(job(), done)), PNG)
    server.then(answer(200, batch(failed(), done)))
    assert main(["batch", str(prompts)]) == 1
    folder = prompts.with_name("prompts-results")
    assert (folder / "0003.png").read_bytes() == b"\x89PNG"
    assert server.received[0].json == {
        "requests": [{"prompt": "a red fox"}, {"prompt": "a blue heron", "n": 1}]
    }
    results = json.loads((folder / "results.json").read_text())["results"]
    assert [(each["line"], each["status"], each["files"]) for each in results] == [
        (1, "failed", []),
        (3, "completed", ["0003.png"]),
    ]
    said = capsys.readouterr()
    assert said.out == f"{folder / '0003.png'}\n"
    assert "line 1: It is tier_unavailable. (tier_unavailable, req_1)\n1 of 2 completed, 2 ¢\n" in said.err


def test_a_run_that_broke_off_is_taken_up_and_buys_nothing_twice(
    server: ScriptedServer, prompts: Path
) -> None:
    both = batch(completed(f"{server.url}/a.png"), completed(f"{server.url}/b.png"))
    server.then(answer(202, accepted_batch(2)), answer(200, both), PNG, GONE)
    assert main(["batch", str(prompts)]) == 1
    server.then(answer(200, both), PNG)
    assert main(["batch", str(prompts)]) == 0
    targets = [sent.target for sent in server.received]
    assert targets.count("/v1/images/batch") == 1
    assert targets.count("/a.png") == 1
    assert targets.count(f"/v1/batches/{BATCH}") == 2


def test_an_order_whose_answer_was_lost_is_sent_again_with_its_key(
    server: ScriptedServer, prompts: Path
) -> None:
    server.then(*[hang_up] * 5)
    assert main(["batch", str(prompts)]) == 1
    server.then(answer(202, accepted_batch(2)), answer(200, batch(job("cancelled"), job("cancelled"))))
    assert main(["batch", str(prompts)]) == 1
    keys = {sent.headers["idempotency-key"] for sent in server.received if sent.method == "POST"}
    assert len(keys) == 1


def test_a_refused_order_may_be_given_anew(server: ScriptedServer, prompts: Path) -> None:
    server.then(answer(402, refusal(402, "insufficient_funds", kind="insufficient_funds_error")))
    assert main(["batch", str(prompts)]) == 1
    server.then(answer(202, accepted_batch(2)), answer(200, batch(job("cancelled"), job("cancelled"))))
    assert main(["batch", str(prompts)]) == 1
    keys = [sent.headers["idempotency-key"] for sent in server.received if sent.method == "POST"]
    assert len(set(keys)) == 2


def test_an_order_lost_for_a_day_is_left_to_the_caller(
    server: ScriptedServer, prompts: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    server.then(*[hang_up] * 5)
    assert main(["batch", str(prompts)]) == 1
    sent = len(server.received)
    monkeypatch.setattr("corent.cli.batches.KEY_LASTS_S", -1)
    assert main(["batch", str(prompts)]) == 2
    assert "corent usage" in capsys.readouterr().err
    assert len(server.received) == sent


def test_a_folder_with_another_files_results_is_left_alone(server: ScriptedServer, prompts: Path) -> None:
    server.then(answer(202, accepted_batch(2)), answer(200, batch(job("cancelled"), job("cancelled"))))
    assert main(["batch", str(prompts)]) == 1
    prompts.write_text('"another"\n')
    assert main(["batch", str(prompts)]) == 2
    assert len(server.received) == 2


def test_more_than_a_hundred_orders_are_several_batches(server: ScriptedServer, tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text('"a fox"\n' * 101)
    server.then(answer(202, accepted_batch(100)), answer(200, batch(*[job("cancelled")] * 100)))
    server.then(answer(202, accepted_batch(1)), answer(200, batch(job("cancelled"))))
    assert main(["batch", str(path), "--video", "--max-cost-cents", "500", "-o", str(tmp_path / "out")]) == 1
    orders = [sent for sent in server.received if sent.method == "POST"]
    assert [(sent.target, len(sent.json["requests"])) for sent in orders] == [
        ("/v1/videos/batch", 100),
        ("/v1/videos/batch", 1),
    ]
    assert orders[0].json["max_cost_cents"] == 500
