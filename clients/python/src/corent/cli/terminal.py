"""What the command line says: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

BAR_WIDTH = 30


class NotUsableError(Exception):
    """What was asked for cannot be done so: a sentence for the caller."""


class Interrupted(Exception):  # noqa: N818 - Ctrl-C is no error
    """Ctrl-C while something goes on: the sentence says how to take it up again."""


def say(text: str) -> None:
    """Write a line of the result."""
    sys.stdout.write(f"{_plain(text)}\n")
    sys.stdout.flush()


def say_json(document: Mapping[str, Any]) -> None:
    """Write the result as JSON."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def say_error(text: str) -> None:
    """Write a line about the result."""
    sys.stderr.write(f"{_plain(text)}\n")
    sys.stderr.flush()


def _plain(text: str) -> str:
    # What comes from outside must not steer the terminal.
    return "".join(
        each if each.isprintable() or each == "\t" else "\N{REPLACEMENT CHARACTER}" for each in text
    )


@contextmanager
def resumable(sentence: str) -> Iterator[None]:
    """Say the sentence when Ctrl-C ends what is inside."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(f"Interrupted. {sentence}") from None


class Progress:
    """A bar that is drawn anew on a terminal, and a line for each change elsewhere."""

    def __init__(self) -> None:
        self._drawn = False
        self._before = ""

    def show(self, *, percent: int, text: str) -> None:
        """Show how far it is."""
        line = f"{percent:3d} % {text}"
        if line == self._before:
            return
        self._before = line
        if sys.stderr.isatty():
            filled = BAR_WIDTH * percent // 100
            sys.stderr.write(f"\r\x1b[K[{'#' * filled}{'-' * (BAR_WIDTH - filled)}] {_plain(line)}")
            sys.stderr.flush()
            self._drawn = True
        else:
            say_error(line.strip())

    def end(self) -> None:
        """Leave the bar as it is; what follows begins a new line."""
        if self._drawn:
            sys.stderr.write("\n")
            sys.stderr.flush()
            self._drawn = False


@contextmanager
def progress() -> Iterator[Progress]:
    """A progress that is ended in any case."""
    shown = Progress()
    try:
        yield shown
    finally:
        shown.end()
