"""What `pip install` gets: everything, typed, with one dependency."""

import email
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=PROJECT, check=True, capture_output=True,
    )  # fmt: skip
    (made,) = folder.glob("*.whl")
    return zipfile.ZipFile(made)


def test_it_has_every_module_and_the_mark_of_types(wheel: zipfile.ZipFile) -> None:
    source = PROJECT / "src"
    ours = {str(each.relative_to(source)) for each in source.rglob("*.py")} | {"corent/py.typed"}
    assert {name for name in wheel.namelist() if name.startswith("corent/")} == ours


def test_it_needs_httpx_alone_and_brings_the_command(wheel: zipfile.ZipFile) -> None:
    (metadata,) = (wheel.read(name).decode() for name in wheel.namelist() if name.endswith("/METADATA"))
    said = email.message_from_string(metadata)
    assert said.get_all("Requires-Dist") == ["httpx<1,>=0.27", "mcp<3,>=2; extra == 'mcp'"]
    assert (said["Name"], said["Version"], said["Requires-Python"]) == ("corent", "0.1.0", ">=3.10")
    (entries,) = (
        wheel.read(name).decode() for name in wheel.namelist() if name.endswith("/entry_points.txt")
    )
    assert "corent = corent.cli:main" in entries


def test_it_works_from_the_wheel(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    ended = subprocess.run(
        [sys.executable, "-c", "from corent.cli import main; main(['--version'])"],
        env={"PYTHONPATH": str(tmp_path)}, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ended.stdout == "corent 0.1.0\n"
