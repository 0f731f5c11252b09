"""The stored key: nobody else may read it, and it goes to no address but its own."""

import io
import json
import os
import stat
from pathlib import Path

import pytest

from corent.cli import credentials, main
from tests.documents import BALANCE, KEY
from tests.scripted import ScriptedServer, answer, refusal


@pytest.fixture
def _piped_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\n"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("_piped_key")
def test_login_checks_the_key_and_stores_it_for_its_owner_alone(
    server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.then(answer(200, BALANCE))
    before = os.umask(0)
    try:
        assert main(["login", "--base-url", f"{server.url}/"]) == 0
    finally:
        os.umask(before)
    place = credentials.place()
    assert json.loads(place.read_text()) == {"api_key": KEY, "base_url": server.url}
    assert (mode(place), mode(place.parent)) == (0o600, 0o700)
    assert [each.name for each in place.parent.iterdir()] == [place.name]
    said = capsys.readouterr()
    assert KEY not in said.out + said.err


@pytest.mark.usefixtures("_piped_key")
def test_a_key_that_may_only_generate_is_good(server: ScriptedServer) -> None:
    server.then(answer(403, refusal(403, "missing_scope", kind="permission_error")))
    assert main(["login", "--base-url", server.url]) == 0


@pytest.mark.usefixtures("_piped_key")
def test_a_wrong_key_is_not_stored(server: ScriptedServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.then(answer(401, refusal(401, "invalid_api_key")))
    assert main(["login", "--base-url", server.url]) == 1
    assert not credentials.place().exists()
    assert capsys.readouterr().err == "corent: It is invalid_api_key. (invalid_api_key, req_1)\n"


def test_an_empty_key_is_a_wrong_use(monkeypatch: pytest.MonkeyPatch, server: ScriptedServer) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert main(["login", "--base-url", server.url]) == 2
    assert server.received == []


def test_a_stored_key_is_used_at_its_address(server: ScriptedServer) -> None:
    credentials.store(credentials.Credentials(api_key=KEY, base_url=server.url))
    server.then(answer(200, BALANCE))
    assert main(["balance"]) == 0
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_stored_key_is_sent_to_no_other_address(
    server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    credentials.store(credentials.Credentials(api_key=KEY, base_url="https://api.corent.dev"))
    assert main(["balance", "--base-url", server.url]) == 2
    assert server.received == []
    assert "the stored key is for https://api.corent.dev" in capsys.readouterr().err


def test_the_environments_key_comes_first(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials.store(credentials.Credentials(api_key="co_test_stored", base_url="https://api.corent.dev"))
    monkeypatch.setenv("CORENT_API_KEY", KEY)
    monkeypatch.setenv("CORENT_BASE_URL", server.url)
    server.then(answer(200, BALANCE))
    assert main(["balance"]) == 0
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("others", [0o640, 0o604, 0o620])
def test_a_file_that_others_may_touch_is_not_used(
    server: ScriptedServer, capsys: pytest.CaptureFixture[str], others: int
) -> None:
    place = credentials.store(credentials.Credentials(api_key=KEY, base_url=server.url))
    place.chmod(others)
    assert main(["balance"]) == 2
    assert f"others may read {place}" in capsys.readouterr().err
    assert server.received == []


def test_a_broken_file_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    credentials.store(credentials.Credentials(api_key=KEY, base_url="https://x"))
    credentials.place().write_text("{")
    assert main(["balance"]) == 2
    assert "corent login" in capsys.readouterr().err


@pytest.mark.usefixtures("_piped_key")
def test_a_broken_file_is_replaced_by_the_next_login(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials.store(credentials.Credentials(api_key=KEY, base_url="https://x"))
    credentials.place().write_text("{")
    monkeypatch.setattr("corent.cli.account.DEFAULT_BASE_URL", server.url)
    server.then(answer(200, BALANCE))
    assert main(["login"]) == 0
    assert credentials.load() == credentials.Credentials(api_key=KEY, base_url=server.url)


def test_without_any_key_it_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["balance"]) == 2
    assert capsys.readouterr().err == "corent: no API key: run `corent login`, or set CORENT_API_KEY.\n"


def test_logout_removes_the_file() -> None:
    place = credentials.store(credentials.Credentials(api_key=KEY, base_url="https://x"))
    assert main(["logout"]) == 0
    assert not place.exists()
    assert main(["logout"]) == 0


def test_a_folder_that_others_could_read_is_closed() -> None:
    credentials.place().parent.mkdir(parents=True)
    credentials.place().parent.chmod(0o755)
    credentials.store(credentials.Credentials(api_key=KEY, base_url="https://x"))
    assert mode(credentials.place().parent) == 0o700


def test_a_config_folder_that_cannot_be_written_is_a_file_error(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("sys.stdin", io.StringIO(KEY))
    monkeypatch.setenv("CORENT_BASE_URL", server.url)
    server.then(answer(200, BALANCE))
    assert main(["login"]) == 3


def test_a_key_is_never_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["login", KEY], ["balance", "--api-key", KEY]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
