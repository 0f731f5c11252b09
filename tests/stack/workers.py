"""The processes that run the stack's functions: found by their command line, and killed as a crash would."""

import fcntl
import os
import signal
import struct
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.stack.conftest import Stack

PROCESSES: Final = Path("/proc")
LOOK_S: Final = 0.005
# How long a step of a running execution may keep its worker waiting for work.
TASK_WAIT_MAX_S: Final = 120.0


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
        _send(pid, signal.SIGKILL)
    return len(found)


@dataclass(frozen=True, slots=True)
class FrozenWorkers:
    """One function's idle processes, stopped: a task that one of them is given stays in its hands undone."""

    pids: tuple[int, ...]

    def kill_at_work(self, *, after_s: float = 0.0) -> None:
        """Wait until one has a task, kill it, and let the others go on.

        With `after_s` it works for so long first, and is dead in the midst of it or has just done it.
        """
        at_work = self._at_work()
        if after_s:
            _send(at_work, signal.SIGCONT)
            time.sleep(after_s)
        _send(at_work, signal.SIGKILL)
        self.thaw()

    def thaw(self) -> None:
        """Let them go on."""
        for pid in self.pids:
            _send(pid, signal.SIGCONT)

    def _at_work(self) -> int:
        ends_s = time.monotonic() + TASK_WAIT_MAX_S
        while time.monotonic() < ends_s:
            for pid in self.pids:
                if _unread_bytes(pid):
                    return pid
            time.sleep(LOOK_S)
        raise AssertionError(f"none of {self.pids} was given a task in {TASK_WAIT_MAX_S:.0f} s")


@contextmanager
def frozen(stack: Stack, function: str) -> Iterator[FrozenWorkers]:
    """Within this, the function's processes stand still. Some must be there, and idle."""
    workers = FrozenWorkers(tuple(find_workers(stack, function)))
    assert workers.pids, f"no process of {function}"
    for pid in workers.pids:
        _send(pid, signal.SIGSTOP)
    try:
        yield workers
    finally:
        workers.thaw()


def _unread_bytes(pid: int) -> int:
    """How much of its standard input, where tasks come from, the process has not read."""
    try:
        pipe = os.open(PROCESSES / str(pid) / "fd" / "0", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return 0  # It has ended.
    try:
        unread: int = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]
        return unread
    finally:
        os.close(pipe)


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""  # It ended while it was looked at.
