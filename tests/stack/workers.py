"""The processes that run the stack's functions: found by their command line, and killed as a crash would."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.stack.conftest import Stack

PROCESSES: Final = Path("/proc")
# A step's first call takes a few milliseconds, and it makes several.
LOOK_S: Final = 0.001


def find_workers(stack: Stack, function: str) -> list[int]:
    """The ids of the processes that run this function of this stack, whether at work or idle."""
    folder = str(stack.folder / "tmp" / f"ministack-lambda-{stack.stack_name}-{function}-")
    return [
        int(process.name)
        for process in PROCESSES.iterdir()
        if process.name.isdecimal() and folder in _command(process)
    ]


def kill_workers(stack: Stack, function: str) -> int:
    """Kill the function's processes, at work or idle, and return how many there were."""
    found = find_workers(stack, function)
    for pid in found:
        _kill(pid)
    return len(found)


@contextmanager
def killing(stack: Stack, function: str) -> Iterator[None]:
    """Within this, every process of the function is killed in the midst of its work.

    One that dies before it has taken its task is started again by the emulator, unseen by the execution: so
    it is the execution's errors that tell how often a worker died, not a number of kills.
    """
    enough = threading.Event()

    def kill() -> None:
        while not enough.wait(LOOK_S):
            for pid in filter(_has_called, find_workers(stack, function)):
                _kill(pid)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        enough.set()
        killer.join()


def _has_called(pid: int) -> bool:
    """It has opened its first connection, which the loading of code does not do."""
    try:
        files = [str(entry.readlink()) for entry in (PROCESSES / str(pid) / "fd").iterdir()]
    except OSError:
        return False  # A file was closed while it was looked at.
    return any(file.startswith("socket:") for file in files)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""  # It ended while it was looked at.
