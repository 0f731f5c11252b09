"""The key on this machine: one file that nobody else may read, with the address it belongs to."""

from __future__ import annotations

import json
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from corent.cli.terminal import NotUsableError

OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class Credentials:
    """A key, and the address it was checked at."""

    api_key: str = field(repr=False)
    base_url: str


def place() -> Path:
    """Return where the file is, or would be."""
    given = os.environ.get("XDG_CONFIG_HOME", "")
    # A relative path there counts as none (XDG Base Directory Specification 0.8, read 2026-11-28).
    base = Path(given) if Path(given).is_absolute() else Path.home() / ".config"
    return base / "corent" / "credentials.json"


def store(credentials: Credentials) -> Path:
    """Write the file in one step: mode 0600, in a folder of mode 0700. May raise OSError."""
    path = place()
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.parent.chmod(0o700)
    content = json.dumps({"api_key": credentials.api_key, "base_url": credentials.base_url}, indent=2)
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    # Made with its mode: at no moment may others read it.
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(content + "\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return path


def load() -> Credentials | None:
    """Return what is stored, or None. Raises NotUsableError for a file that others may read, or is broken."""
    path = place()
    try:
        with path.open() as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read()
    except FileNotFoundError:
        return None
    if os.name == "posix" and mode & OTHERS:
        raise NotUsableError(f"others may read {path}: `chmod 600` it, or log in with a new key.")
    try:
        document = json.loads(content)
        return Credentials(api_key=str(document["api_key"]), base_url=str(document["base_url"]))
    except (ValueError, KeyError, TypeError) as error:
        raise NotUsableError(f"{path} is broken: run `corent login` again.") from error


def remove() -> bool:
    """Remove the file and tell whether there was one."""
    try:
        place().unlink()
    except FileNotFoundError:
        return False
    return True
