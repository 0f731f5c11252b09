"""A file that appears whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import IO

from corent.effects import Restart


class PartFile:
    """Collects a download beside its place; `commit` puts it there in one step, leaving without discards it.

    All methods may raise OSError, of a full disk for instance.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        # Behind a link stands what is meant; the link itself must stay.
        self.path = Path(path).resolve()
        self._part = self.path.with_name(f".{self.path.name[:100]}.{secrets.token_hex(6)}.part")
        self._file: IO[bytes] | None = None

    def __enter__(self) -> PartFile:
        # What cannot be written to is known before anything is fetched, and a device must not be replaced.
        if self.path.exists() and not self.path.is_file():
            raise OSError(errno.EINVAL, "Not a regular file", str(self.path))
        self._file = self._part.open("xb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            # What was buffered may not fit either; the error that is under way says so already.
            with contextlib.suppress(OSError):
                self._file.close()
            self._part.unlink(missing_ok=True)

    def take(self, piece: bytes | Restart) -> None:
        """Append a piece, or begin anew."""
        assert self._file is not None, "entered first"  # noqa: S101 - for the type checker
        if isinstance(piece, Restart):
            self._file.seek(0)
            self._file.truncate()
        else:
            self._file.write(piece)

    def commit(self) -> Path:
        """Put the file in its place, over one that is there, and return where."""
        assert self._file is not None, "entered first"  # noqa: S101 - for the type checker
        self._file.close()
        os.replace(self._part, self.path)  # noqa: PTH105 - the same call, and faked as such in tests
        self._file = None
        return self.path
