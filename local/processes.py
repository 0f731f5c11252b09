"""Start and end programs together with everything they started themselves."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.place import ROOT, StackError

STOP_S = 20.0
POLL_S = 0.05


def start(command: Sequence[str], *, log: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a program in a process group of its own; its standard input closes when we end, in any way."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask the program to end, wait, then kill what is left of its group. May be repeated."""
    if process.returncode is not None:
        return
    process.terminate()
    deadline_s = time.monotonic() + STOP_S
    # The leader is not collected before its group is gone, so that the group's number stays ours.
    while not has_ended(process) and time.monotonic() < deadline_s:
        time.sleep(POLL_S)
    # Nobody may be left (macOS answers PermissionError for a group of one dead process).
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether the program has ended, without collecting it."""
    if process.returncode is not None:
        return True
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def check_port_is_free(host: str, port: int, *, variable: str) -> None:
    """Raise StackError when somebody listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise StackError(
                f"Port {port} on {host} is taken: end the program that uses it, or set {variable} to another."
            ) from error


def is_alive(pid: int) -> bool:
    """Tell whether a process with this number exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def tail(log: Path, *, lines: int = 15) -> str:
    """Return the log's last lines, for an error message."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def remove_folder(folder: Path) -> None:
    """Delete a folder and what is in it; one that is not there is fine."""
    if folder.exists():
        shutil.rmtree(folder)
