"""Where one local stack lives: its ports, its folder under .corent and the files in it."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENVS = ROOT / ".corent" / "venvs"
BUILDS = ROOT / ".corent" / "builds"
PORT = 3000
AWS_PORT = 4566


class StackError(Exception):
    """Something a person has to mend; the message is one sentence that says what."""


@dataclass(frozen=True, slots=True)
class Place:
    """One stack: two stacks with other ports share nothing but the virtual environments and the builds."""

    home: Path
    port: int
    aws_port: int
    aws_host: str = "127.0.0.1"

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def aws_url(self) -> str:
        return f"http://{self.aws_host}:{self.aws_port}"

    @property
    def folder(self) -> Path:
        return self.home / "stacks" / str(self.port)

    @property
    def local_json(self) -> Path:
        """What clients read to find the running stack (the one started last, when there are several)."""
        return self.home / "local.json"

    @property
    def running_json(self) -> Path:
        """The same, of this very stack; it exists exactly while the stack is ready."""
        return self.folder / "running.json"

    @property
    def pid_file(self) -> Path:
        return self.folder / "pid"

    @property
    def log(self) -> Path:
        return self.folder / "stack.log"

    @property
    def emulator_log(self) -> Path:
        return self.folder / "emulator.log"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def deployed_json(self) -> Path:
        return self.folder / "deployed.json"

    @property
    def account_json(self) -> Path:
        return self.folder / "account.json"

    @property
    def first_image(self) -> Path:
        return self.home / "first-image.png"


def from_environment(*, aws_host: str = "127.0.0.1") -> Place:
    """Read CORENT_PORT, CORENT_AWS_PORT and CORENT_HOME (the folder for state, .corent by default)."""
    home = os.environ.get("CORENT_HOME") or str(ROOT / ".corent")
    return Place(
        home=Path(home).resolve(),
        port=_port("CORENT_PORT", default=PORT),
        aws_port=_port("CORENT_AWS_PORT", default=AWS_PORT),
        aws_host=aws_host,
    )


def _port(name: str, *, default: int) -> int:
    text = os.environ.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise StackError(f"{name} must be a port number from 1 to 65535, not {text!r}.")
    return int(text)
