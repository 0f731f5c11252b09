"""A result appears whole or not at all."""

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from corent import APIConnectionError, DownloadError, Image
from tests.conftest import Api
from tests.scripted import Connection, ScriptedServer, head, page

CONTENT = bytes(range(256)) * 64
FILE = page(200, CONTENT, "image/png")


def broken(connection: Connection) -> None:
    """Announce everything and send a part."""
    connection.send(head(200, {"Content-Length": str(len(CONTENT))}) + CONTENT[:5_000])


def test_a_download_is_the_file_and_sends_no_key(api: Api, server: ScriptedServer, tmp_path: Path) -> None:
    server.then(FILE)
    got = api.call(lambda client: client.download(f"{server.url}/files/a.png", tmp_path / "a.png"))
    assert got.read_bytes() == CONTENT
    assert "authorization" not in server.received[0].headers


def test_an_image_saves_itself(server: ScriptedServer, tmp_path: Path) -> None:
    server.then(FILE)
    image = Image(url=f"{server.url}/files/a.png", width=1, height=1)
    assert image.save(tmp_path / "a.png").read_bytes() == CONTENT


def test_a_broken_off_download_begins_anew(api: Api, server: ScriptedServer, tmp_path: Path) -> None:
    server.then(broken, page(503, b"", "text/html"), FILE)
    api.call(lambda client: client.download(f"{server.url}/a.png", tmp_path / "a.png"))
    assert (tmp_path / "a.png").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ([broken] * 9, APIConnectionError),
        ([page(404, b"gone", "text/plain")], DownloadError),
        ([FILE], DownloadError),
    ],
)
def test_a_download_that_fails_leaves_what_was_there(
    api: Api, server: ScriptedServer, tmp_path: Path, steps: list[Any], error: type[Exception]
) -> None:
    target = tmp_path / "a.png"
    target.write_bytes(b"before")
    server.then(*steps)
    with pytest.raises(error):
        api.call(lambda client: client.download(f"{server.url}/a.png", target, max_bytes=len(CONTENT) - 1))
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]
    assert target.read_bytes() == b"before"


def test_a_full_disk_leaves_nothing_behind(
    api: Api, server: ScriptedServer, monkeypatch: Any, tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    server.then(FILE)
    monkeypatch.setattr("corent.files.PartFile.take", full)
    with pytest.raises(OSError, match="No space left"):
        api.call(lambda client: client.download(f"{server.url}/a.png", tmp_path / "a.png"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told_before_anything_is_fetched(
    api: Api, server: ScriptedServer, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        api.call(lambda client: client.download(f"{server.url}/a.png", tmp_path / "no" / "a.png"))
    assert server.received == []


def test_a_link_stays_and_its_file_is_replaced(api: Api, server: ScriptedServer, tmp_path: Path) -> None:
    server.then(FILE)
    (tmp_path / "b.png").write_bytes(b"before")
    (tmp_path / "a.png").symlink_to("b.png")
    api.call(lambda client: client.download(f"{server.url}/a.png", tmp_path / "a.png"))
    assert (tmp_path / "a.png").is_symlink()
    assert (tmp_path / "b.png").read_bytes() == CONTENT


def test_what_is_no_regular_file_is_never_replaced(api: Api, server: ScriptedServer, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for target in (tmp_path / "pipe", tmp_path):
        with pytest.raises(OSError, match="Not a regular file"):
            api.call(lambda client, target=target: client.download(f"{server.url}/a.png", target))
    assert server.received == []


def test_a_saved_file_has_the_mode_of_any_file(api: Api, server: ScriptedServer, tmp_path: Path) -> None:
    server.then(FILE)
    other = tmp_path / "other"
    other.write_bytes(b"")
    api.call(lambda client: client.download(f"{server.url}/a.png", tmp_path / "a.png"))
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == stat.S_IMODE(other.stat().st_mode)
