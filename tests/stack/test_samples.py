"""Every sample of the handbook and of the README is run, or judged by what it says that it is."""

import base64
import csv
import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from moto.server import ThreadedMotoServer
from playwright.sync_api import Browser, expect

from corent_pages.contract import contract
from tests.answers import problems_of
from tests.browser.driver import browser
from tests.samples import ROOT, Block, blocks_of, handbook_blocks
from tests.stack.conftest import Account, Stack, free_port
from tests.stack.dashboard import at_desk
from tests.stack.sample_shell import PYTHONS, SECRET, SampleShell, error_codes, need_node, save_card
from tests.waiting import until

HANDBOOK = handbook_blocks()
README = blocks_of(ROOT / "README.md")
RECEIVERS = [block for block in HANDBOOK if "receiver" in block.marks]
IN_A_PAGE = [block for block in HANDBOOK if "browser" in block.marks]
ELSEWHERE = {id(block) for block in (*RECEIVERS, *IN_A_PAGE)}
PROGRAMS = [
    block
    for block in HANDBOOK
    if block.language in ("bash", "python", "javascript") and id(block) not in ELSEWHERE
]
DATA = [block for block in HANDBOOK if block.language in ("json", "csv")]
BODY = b'{"id":"job_01M81Y9DXCQAE5FE239C74RJYB","status":"completed"}'
TERMINAL_MS = 60_000


def named(blocks: list[Block]) -> Any:
    return pytest.mark.parametrize("block", blocks, ids=[block.id for block in blocks])


@pytest.fixture(scope="module")
def reader(stack: Stack) -> Account:
    """Whoever reads the handbook from its beginning to its end, with one account."""
    return stack.open_account()


@pytest.fixture(scope="module")
def card(stack: Stack, reader: Account) -> None:
    """The reader has paid once, and let the card be kept."""
    save_card(stack, reader)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def shell(tmp_path: Path, stack: Stack, reader: Account) -> SampleShell:
    return SampleShell(tmp_path, stack, reader)


def test_every_block_is_run_or_judged_by_one_of_these_tests() -> None:
    taken = [*PROGRAMS, *DATA, *RECEIVERS, *IN_A_PAGE]
    assert sorted(block.id for block in taken) == sorted(block.id for block in HANDBOOK)
    assert {block.language for block in README} == {"sh"}
    assert len(README) == 7
    chapters = {block.source for block in HANDBOOK}
    assert len(chapters) == 16, chapters


@named(PROGRAMS)
def test_a_program_does_what_its_chapter_says(
    request: pytest.FixtureRequest, shell: SampleShell, block: Block
) -> None:
    if block.language == "javascript":
        need_node()
    if "paid" in block.marks:
        request.getfixturevalue("card")
    ended = shell.run(block)
    wanted = block.named.get("error")
    if wanted is None:
        assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
        assert ended.stdout.strip() or list(shell.folder.glob("*.*")), "it did nothing that can be seen"
        assert error_codes(ended.stdout) == []
    else:
        assert error_codes(ended.stdout) == [wanted], f"{ended.stdout}\n{ended.stderr}"


@named(DATA)
def test_a_block_of_data_is_what_it_says(block: Block) -> None:
    if block.language == "csv":
        rows = list(csv.reader(block.code.splitlines()))
        assert len(rows) > 1
        assert {len(row) for row in rows} == {len(rows[0])}
        return
    document = json.loads(block.code)
    if "answer" in block.named:
        assert problems_of(document, block.named["answer"], contract()) == []


def test_an_agents_configuration_starts_the_server_of_tools(shell: SampleShell) -> None:
    (block,) = [block for block in HANDBOOK if "mcp" in block.marks]
    configured = json.loads(block.code)["mcpServers"]["corent"]
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    code = f"printf '%s\\n' '{json.dumps(hello)}' | {configured['command']} {' '.join(configured['args'])}"
    ended = shell.run(Block("agents", 0, "bash", frozenset(), {}, code))
    assert json.loads(ended.stdout)["result"]["serverInfo"]["name"] == "corent", ended.stderr


# ---- receivers of webhooks -------------------------------------------------------------------------


def signed(body: bytes, *, event_id: str, at_s: float, secret: str = SECRET) -> dict[str, str]:
    """The headers of a message as the handbook describes them."""
    timestamp = str(int(at_s))
    text = f"{event_id}.{timestamp}.".encode() + body
    digest = hmac.digest(secret.encode(), text, hashlib.sha256)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


@named(RECEIVERS)
def test_a_receiver_takes_genuine_messages_once_and_refuses_all_others(
    stack: Stack, reader: Account, shell: SampleShell, block: Block
) -> None:
    need_node()
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    order = {"prompt": "a fox", "preference": "fast", "webhook_url": url, "webhook_secret": SECRET}
    with shell.serving(block, port) as server, stack.client(key=reader.test_key) as client:
        assert server.stdout is not None
        assert server.stdout.readline() == f"listening on {port}\n"
        job_id = client.post("/v1/images/generate", json=order).json()["id"]
        assert server.stdout.readline() == f"handled {job_id} completed\n"
        until(
            lambda: client.get(f"/v1/jobs/{job_id}").json()["webhook"]["status"] == "delivered",
            what="the receiver's answer to be noted",
        )
        # The very same event once more: taken, and not handled again.
        assert client.post(f"/v1/jobs/{job_id}/webhook/redeliver").status_code == 202
        until(
            lambda: len(client.get(f"/v1/jobs/{job_id}/webhook").json()["attempts"]) == 2,
            what="the second delivery",
        )

        def answer(headers: dict[str, str], body: bytes = BODY) -> int:
            return httpx.post(url, content=body, headers=headers, trust_env=False).status_code

        now_s = time.time()
        document = client.get(f"/v1/jobs/{job_id}").json()
        document.pop("webhook")
        body = json.dumps(document).encode()
        genuine = signed(body, event_id="evt_01M89ZWMGCYAQJVN5TVDVY06B4", at_s=now_s)
        assert answer(genuine, body.replace(b"completed", b"cancelled")) == 400
        assert answer({**genuine, "webhook-id": "evt_01M89ZWMGCYAQJVN5TVDVY06B5"}, body) == 400
        assert answer(signed(body, event_id="evt_1", at_s=now_s, secret="another secret of one"), body) == 400
        assert answer(signed(body, event_id="evt_1", at_s=now_s - 310), body) == 400
        assert answer(signed(body, event_id="evt_1", at_s=now_s + 310), body) == 400
        assert answer({}, body) == 400
        assert answer(genuine, body) == 204
        # The redelivered message was not handled: this line follows the first one.
        assert server.stdout.readline() == f"handled {job_id} completed\n"


# ---- in a page -------------------------------------------------------------------------------------


@named(IN_A_PAGE)
def test_a_page_watches_a_job_to_its_end(
    chromium: Browser, stack: Stack, reader: Account, shell: SampleShell, block: Block
) -> None:
    with stack.client(key=reader.test_key) as client, at_desk(chromium, stack) as desk:
        order = {"prompt": "a fox runs", "preference": "cheap", "duration_s": 1}
        job_id = client.post("/v1/videos/generate", json=order).json()["id"]
        desk.go("/docs")
        token = client.post(f"/v1/jobs/{job_id}/stream-token").json()["token"]
        desk.page.evaluate(
            f"([jobId, token]) => {{ {shell.code(block)} window.stream = stream; }}", [job_id, token]
        )
        expect(desk.page).to_have_title("completed, 100 %", timeout=TERMINAL_MS)
        assert desk.page.evaluate("window.stream.readyState") == 2, "the stream is still open"
        assert (desk.problems, desk.seen.hosts) == ([], {"127.0.0.1"})


# ---- the README ------------------------------------------------------------------------------------


def test_the_readmes_first_commands_are_targets(shell: SampleShell) -> None:
    commands = [line.partition("#")[0].strip() for line in README[0].code.splitlines()]
    assert commands == ["make run", "make test"]
    # All the words of these targets, without carrying them out: this stack would be in their way.
    code = "\n".join(f'make -C "{ROOT}" --dry-run {line.removeprefix("make ")}' for line in commands)
    ended = shell.run(Block("README", 1, "bash", frozenset(), {}, code))
    assert ended.returncode == 0, ended.stderr
    assert "local.stack run" in ended.stdout
    assert "pytest" in ended.stdout


def readme_block(words: str) -> Block:
    (block,) = [block for block in README if words in block.code]
    return block


@pytest.fixture
def here(shell: SampleShell, stack: Stack) -> SampleShell:
    """A folder in which a stack runs, as `make run` leaves one."""
    home = shell.folder / ".corent"
    home.mkdir()
    (home / "local.json").write_text((Path(stack.environment["CORENT_HOME"]) / "local.json").read_text())
    return shell


def test_the_readmes_calls_work_on_a_running_stack(here: SampleShell) -> None:
    ended = here.run(readme_block("An image, waiting for it"))
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    assert error_codes(ended.stdout) == []


def test_the_readmes_top_up_works_once_the_deposit_is_paid(here: SampleShell, stack: Stack) -> None:
    save_card(stack, stack.account)
    ended = here.run(readme_block("auto-topup"))
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    with stack.client(key=stack.account.live_key) as client:
        assert client.get("/v1/account/auto-topup").json()["enabled"] is True
        assert client.get("/v1/account/alerts").json()["low_balance_cents"] == 500
        # What goes below it would be told to somebody else's address.
        assert client.delete("/v1/account/alerts").status_code == 200
        assert client.delete("/v1/account/auto-topup").status_code == 200


def test_the_readmes_client_works_on_a_running_stack(here: SampleShell) -> None:
    block = readme_block("pip install")
    # The package is there already: what a reader installs is the code that is tested here.
    here.program("pip", f'#!/bin/sh\n[ "$1" = install ] && [ -f "{ROOT}/${{2%%\\[*}}/pyproject.toml" ]\n')
    ended = here.run(block)
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    assert (here.folder / "fox.png").stat().st_size > 1_000


def test_the_readmes_secret_of_a_provider_is_one_that_the_service_takes(shell: SampleShell) -> None:
    """In a service of its own: on this stack a provider would be on offer from then on."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        shell.program(
            "aws", f'#!/bin/sh\nexec {PYTHONS["dev"]} {ROOT / "tests" / "stack" / "aws_command.py"} "$@"\n'
        )
        block = readme_block("create-secret")
        code = re.sub(r"http://127\.0\.0\.1:\d+", f"http://{host}:{port}", block.code)
        ended = shell.run(Block("README", block.number, "bash", frozenset(), {}, code))
    finally:
        server.stop()
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["Name"] == "corent/providers/openai"


def test_the_readmes_deployment_is_one_that_sam_understands(shell: SampleShell) -> None:
    shell.program("sam", f'#!/bin/sh\nexec {PYTHONS["sam"].with_name("sam")} "$@" --help\n')
    ended = shell.run(readme_block("sam build"), SAM_CLI_TELEMETRY="0")
    assert ended.returncode == 0, ended.stderr
    assert "Usage" in ended.stdout


def test_the_readmes_command_opens_an_account(shell: SampleShell, stack: Stack) -> None:
    block = readme_block("open_account")
    values = {
        "AWS_REGION": stack.region,
        "CORENT_KEYS_TABLE": stack.tables["keys"],
        "CORENT_JOBS_TABLE": stack.tables["jobs"],
        "CORENT_BALANCES_TABLE": stack.tables["balances"],
        "CORENT_PUBLIC_BASE_URL": stack.base_url,
    }
    code = block.code
    for name, value in values.items():
        code, count = re.subn(rf"{name}=(https://)?…", f"{name}={value}", code)
        assert count == 1, name
    assert "…" not in code
    aws = {
        "AWS_ENDPOINT_URL": stack.aws_endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    in_checkout = Block("README", block.number, "bash", frozenset(), {}, f'cd "{ROOT}"\n{code}')
    ended = shell.run(in_checkout, **aws)
    assert ended.returncode == 0, ended.stderr
    (key,) = re.findall(r"co_live_\w+", ended.stdout)
    with stack.client(key=key) as client:
        assert client.get("/v1/account/balance").json()["balance_cents"] == 5_000


# ---- for agents ------------------------------------------------------------------------------------


def test_every_address_of_llms_txt_is_there(stack: Stack) -> None:
    with stack.client() as client:
        text = client.get("/llms.txt").text
        links = re.findall(r"\]\((http[^)]+)\)", text)
        assert len(links) > 16
        statuses = {link: client.get(link).status_code for link in links}
    assert {link: status for link, status in statuses.items() if status != 200} == {}


def test_the_client_package_runs_its_own_readme() -> None:
    own = ROOT / "clients" / "python" / "tests" / "live" / "test_readme.py"
    assert "test_no_sample_is_of_a_language_that_is_not_run" in own.read_text(encoding="utf-8")
