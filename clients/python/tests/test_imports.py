"""`import corent` is quick because it imports nothing; that is counted here, and timed by the benchmark."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import corent

SOURCE = Path(corent.__file__).resolve().parents[1]


def loaded(code: str) -> set[str]:
    """The modules that the code brings into a fresh interpreter."""
    begin = f"import sys; sys.path.insert(0, {str(SOURCE)!r}); before = set(sys.modules)"
    end = "new = set(sys.modules) - before; import json; print(json.dumps([*new]))"
    ended = subprocess.run(
        [sys.executable, "-I", "-c", f"{begin}\n{code}\n{end}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(json.loads(ended.stdout))


def test_importing_the_package_loads_nothing_but_it() -> None:
    assert {
        name for name in loaded("import corent") if name.startswith(("corent", "http", "asyncio", "json"))
    } == {"corent"}


def test_making_a_client_does_not_load_httpx_yet() -> None:
    names = loaded("import corent; corent.Corent(api_key='co_test_x')")
    assert not {name.partition(".")[0] for name in names} & {
        "httpx",
        "anyio",
        "asyncio",
        "ssl",
        "mcp",
        "pydantic",
    }


def test_the_command_line_loads_neither_httpx_nor_mcp_until_it_needs_them() -> None:
    names = loaded("from corent.cli.arguments import parsed; parsed(['balance'])")
    assert not {name.partition(".")[0] for name in names} & {
        "httpx",
        "anyio",
        "asyncio",
        "ssl",
        "mcp",
        "pydantic",
    }


@pytest.mark.parametrize("name", corent.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(corent, name).__name__ == name
    assert name in dir(corent)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Corentt"):
        corent.Corentt  # noqa: B018
