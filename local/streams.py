"""The streaming function of a local stack, as a web application: the emulator would hold its answers back.

`python -m local.streams PORT` serves it, with the deployed function's own environment.
"""

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from local import aws, processes
from local.deployment import STACK_NAME
from local.place import ROOT, Place, StackError

FUNCTION = "JobsStreamFunction"
CODE = ROOT / "functions" / "jobs_stream"
PACKAGE = ROOT / "layers" / "corent" / "python"
READY_S = 30.0
POLL_S = 0.05


@contextmanager
def running_streams(place: Place) -> Iterator[str]:
    """Start the application on a free port of its own and yield its address."""
    port = _free_port()
    log = place.folder / "streams.log"
    log.write_text("")
    started = processes.start(
        [sys.executable, "-m", "local.streams", str(port)], log=log, env=os.environ | _environment(place)
    )
    try:
        deadline_s = time.monotonic() + READY_S
        while not _answers(port):
            if processes.has_ended(started) or time.monotonic() > deadline_s:
                raise StackError(f"The streams did not start (all of it is in {log}):\n{processes.tail(log)}")
            time.sleep(POLL_S)
        yield f"http://127.0.0.1:{port}"
    finally:
        processes.end(started)


def _environment(place: Place) -> dict[str, str]:
    """Return what the deployed function has in its environment, and where its code lies here."""
    found = aws.cloudformation().describe_stack_resource(StackName=STACK_NAME, LogicalResourceId=FUNCTION)
    name = found["StackResourceDetail"]["PhysicalResourceId"]
    deployed = aws.functions().get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    return deployed | aws.variables(place) | {"PYTHONPATH": f"{CODE}{os.pathsep}{PACKAGE}"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _end_with_the_stack(server: uvicorn.Server) -> None:
    """Wait until whoever started us is gone: then our standard input ends."""
    sys.stdin.buffer.read()
    server.should_exit = True


def main() -> None:
    """Serve until told to end, or until the stack has ended."""
    config = uvicorn.Config(
        "app:app",
        host="127.0.0.1",
        port=int(sys.argv[1]),
        lifespan="off",
        proxy_headers=False,
        access_log=False,
        server_header=False,
        log_level="warning",
        backlog=1024,
    )
    config.timeout_graceful_shutdown = 1
    server = uvicorn.Server(config)
    threading.Thread(target=_end_with_the_stack, args=(server,), daemon=True).start()
    server.run()


if __name__ == "__main__":
    main()
