"""The processes that run the stack's functions: found by their command line, and killed as a crash would."""

import os
import signal
import time
from pathlib import Path
from typing import Final

from tests.stack.conftest import Stack

PROCESSES: Final = Path("/proc")
LOOK_S: Final = 0.005
# A step's first call takes a few milliseconds, and it makes several.
LOOK_CLOSELY_S: Final = 0.001
WATCHED_MAX_S: Final = 60.0


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


def kill_next_worker(stack: Stack, function: str) -> None:
    """Wait for the function's next process, which must have none now, and kill it in the midst of its work.

    One that dies before it has taken its task is started again by the emulator, unseen by the execution.
    """
    ends_s = time.monotonic() + WATCHED_MAX_S
    while time.monotonic() < ends_s:
        for pid in find_workers(stack, function):
            while not _has_called(pid):
                assert time.monotonic() < ends_s, f"{function} never came to its first call"
                time.sleep(LOOK_CLOSELY_S)
            _kill(pid)
            return
        time.sleep(LOOK_S)
    raise AssertionError(f"{function} did not run within {WATCHED_MAX_S:.0f} s")


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
