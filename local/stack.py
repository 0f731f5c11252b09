"""The local stack: `python -m local.stack run|headless|stop|sam-local`, which `make` calls."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any

import httpx
import uvicorn

from local import (
    accounts,
    aws,
    deployment,
    emulator,
    first_image,
    front,
    identity,
    payments,
    processes,
    sam_local,
    streams,
)
from local.place import ROOT, VENVS, Place, StackError, from_environment
from local.serving import NotServedError, serving

READY_S = 30.0
HEADLESS_READY_S = 300.0
POLL_S = 0.1


class Stopped(BaseException):
    """Somebody asked the stack to end (Ctrl-C or SIGTERM) at whatever point it was."""


def say(line: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextmanager
def running_emulator(place: Place) -> Iterator[subprocess.Popen[bytes]]:
    """Start the emulator, wait until it answers, and end it with everything it started."""
    processes.check_port_is_free(place.aws_host, place.aws_port, variable="CORENT_AWS_PORT")
    place.state.mkdir(parents=True, exist_ok=True)
    temporary = place.folder / "tmp"
    processes.remove_folder(temporary)
    temporary.mkdir()
    started = processes.start(
        [str(VENVS / "emulator" / "bin" / "python"), "-m", "local.emulator"],
        log=place.emulator_log,
        env=emulator.environment(host=place.aws_host, port=place.aws_port, state=place.state),
    )
    try:
        _wait_until_it_answers(f"{place.aws_url}/_ministack/health", place=place, started=started)
        yield started
    finally:
        processes.end(started)
        processes.remove_folder(temporary)


def _wait_until_it_answers(url: str, *, place: Place, started: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + READY_S
    while time.monotonic() < deadline_s:
        if processes.has_ended(started):
            break
        try:
            if httpx.get(url, timeout=2, trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(POLL_S)
    raise StackError(
        f"The emulated services did not start (all of it is in {place.emulator_log}):\n"
        f"{processes.tail(place.emulator_log)}"
    )


@contextmanager
def running_front(
    place: Place, *, api_url: str, streams_url: str, bucket_url: str, sign_up: identity.SignUp
) -> Iterator[None]:
    """Serve the front on its port from a thread of this process."""
    app = front.app(
        front.Front(api_url=api_url, streams_url=streams_url, bucket_url=bucket_url), sign_up=sign_up
    )
    config = uvicorn.Config(
        app,
        proxy_headers=False,
        host="127.0.0.1",
        port=place.port,
        log_level="warning",
        server_header=False,
        date_header=False,
        backlog=1024,
    )
    config.timeout_graceful_shutdown = 3
    with ExitStack() as running:
        try:
            running.enter_context(serving(config, name="front"))
        except NotServedError as error:
            raise StackError(f"The front could not listen on port {place.port}; see above.") from error
        yield


@contextmanager
def claimed(place: Place) -> Iterator[None]:
    """Hold the stack's pid file and remove what says that it runs when it does no longer."""
    place.folder.mkdir(parents=True, exist_ok=True)
    place.pid_file.write_text(str(os.getpid()))
    try:
        yield
    finally:
        place.running_json.unlink(missing_ok=True)
        place.pid_file.unlink(missing_ok=True)
        # What clients find is the stack that still runs, if there is another one, else nothing.
        others = sorted(place.home.glob("stacks/*/running.json"))
        if others:
            local = json.loads(others[0].read_text())["local"]
            accounts.write_privately(place.local_json, json.dumps(local, indent=2))
        else:
            place.local_json.unlink(missing_ok=True)


def serve(
    place: Place,
    *,
    report: Callable[[str], None],
    ready: Callable[[dict[str, Any]], None],
    in_containers: bool = False,
) -> None:
    """Bring the whole stack up, call ready with the contents of local.json, and serve until Stopped."""
    with ExitStack() as stack:
        processes.check_port_is_free("127.0.0.1", place.port, variable="CORENT_PORT")
        stack.enter_context(claimed(place))
        place.log.write_text("")
        place.emulator_log.write_text("")
        aws.use_emulator(place)
        report("Starting the emulated AWS services and building the functions …")
        sources = deployment.sources_hash()
        with ThreadPoolExecutor(max_workers=1) as side:
            building = side.submit(deployment.build, target="host", sources=sources, log=place.log)
            services = stack.enter_context(running_emulator(place))
            built = building.result()
        report("Deploying template.yaml …")
        deployed = deployment.deploy(place, built=built, sources=sources, log=place.log)
        bucket_url = f"{place.aws_url}/{deployed.outputs['ResultsBucketName']}"
        api_url = deployed.api_url(place)
        if in_containers:
            report("Starting the API in containers …")
            linux = deployment.build(target=deployment.architecture(), sources=sources, log=place.log)
            api_url = stack.enter_context(sam_local.running_api(place, built=linux))
        streams_url = stack.enter_context(streams.running_streams(place))
        sign_up = identity.SignUp(
            pool_id=deployed.outputs["UserPoolId"],
            client_id=deployed.outputs["UserPoolClientId"],
            pool_url=place.aws_url,
        )
        stack.enter_context(
            running_front(
                place, api_url=api_url, streams_url=streams_url, bucket_url=bucket_url, sign_up=sign_up
            )
        )
        stripe = stack.enter_context(payments.running_payments(place))
        account = accounts.first_account(place, deployed)
        local = {
            "base_url": place.base_url,
            "aws_endpoint_url": place.aws_url,
            "region": aws.REGION,
            "stack_name": deployment.STACK_NAME,
            **account,
            **identity.first_user(place, deployed, account_id=account["account_id"]),
            "tables": deployed.tables,
            "stripe_stub_url": stripe.base_url,
            "stripe_events_url": payments.events_url(place),
            "stripe_webhook_secret": stripe.webhook_secret,
        }
        running = {"local": local, "operator_environment": accounts.function_environment(place, deployed)}
        accounts.write_privately(place.running_json, json.dumps(running))
        accounts.write_privately(place.local_json, json.dumps(local, indent=2))
        ready(local)
        while not processes.has_ended(services):
            time.sleep(POLL_S)
        raise StackError(
            f"The emulated services ended by themselves; what they said last is in {place.emulator_log}."
        )


def run(place: Place, *, in_containers: bool = False) -> None:
    """Serve in this terminal: with a first image, until Ctrl-C."""

    def ready(local: dict[str, Any]) -> None:
        say(f"Ready: {place.base_url}   (AWS services: {place.aws_url}, details: {shown(place.local_json)})")
        say(f"Payments: a stand-in for Stripe at {local['stripe_stub_url']}, where no money moves.")
        first_image.make(place, local, say=say)
        say(
            f"Dashboard: {place.base_url}/dashboard   (sign in as {local['user_email']}, password "
            f"{local['user_password']}, or create an account)"
        )
        say("\nServing until Ctrl-C.")

    serve(place, report=say, ready=ready, in_containers=in_containers)


def headless(place: Place) -> None:
    """Start the stack in the background and return when it is ready."""
    place.folder.mkdir(parents=True, exist_ok=True)
    processes.check_port_is_free("127.0.0.1", place.port, variable="CORENT_PORT")
    output = place.folder / "background.log"
    with output.open("wb") as log:
        background = subprocess.Popen(
            [sys.executable, "-m", "local.stack", "background"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline_s = time.monotonic() + HEADLESS_READY_S
    try:
        while not place.running_json.exists():
            if background.poll() is not None:
                raise StackError(output.read_text().strip() or "The stack ended before it was ready.")
            if time.monotonic() > deadline_s:
                raise StackError(f"The stack was not ready after {HEADLESS_READY_S:.0f} s; see {place.log}.")
            time.sleep(POLL_S)
    except BaseException:
        if background.poll() is None:
            background.terminate()
            background.wait()
        raise
    say(f"Ready: {place.base_url}   (end it with `make stop`; details: {shown(place.local_json)})")


def stop(place: Place) -> None:
    """End the stack of this port, whoever started it, and wait until all of it is gone."""
    if not place.pid_file.exists():
        say("No local stack is running here.")
        return
    pid = int(place.pid_file.read_text())
    if processes.is_alive(pid):
        os.kill(pid, signal.SIGTERM)
    deadline_s = time.monotonic() + processes.STOP_S + 10
    while processes.is_alive(pid):
        if time.monotonic() > deadline_s:
            raise StackError(f"The stack (process {pid}) did not end; see {place.log}.")
        time.sleep(POLL_S)
    place.pid_file.unlink(missing_ok=True)
    place.running_json.unlink(missing_ok=True)
    say("Stopped.")


def sam_events(place: Place) -> None:
    """Send every sample event through its function in a container, beside a running `make sam-local`."""
    if not (place.running_json.exists() and (place.folder / "sam-local-variables.json").exists()):
        raise StackError("`make sam-events` needs `make sam-local` running in another terminal.")
    built = deployment.build(
        target=deployment.architecture(), sources=deployment.sources_hash(), log=place.log
    )
    sam_local.invoke_events(place, built=built, say=say)


def shown(path: os.PathLike[str]) -> str:
    """Return the path as a person in the project's folder would write it."""
    return os.path.relpath(path, ROOT)


def _raise_stopped(_signal: int, _frame: FrameType | None) -> None:
    # Once: the clean-up that follows must not be interrupted by a second Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Stopped


def main() -> None:
    """Run one command; what a person has to mend is said in a sentence and ends with status 1."""
    parser = argparse.ArgumentParser(prog="local.stack")
    parser.add_argument(
        "command", choices=["run", "background", "headless", "sam-local", "sam-events", "stop"]
    )
    command = parser.parse_args().command
    try:
        place = from_environment()
        if command in {"run", "background", "sam-local"}:
            signal.signal(signal.SIGINT, _raise_stopped)
            signal.signal(signal.SIGTERM, _raise_stopped)
        match command:
            case "run":
                run(place)
            case "sam-local":
                run(replace(place, aws_host=sam_local.bridge_address()), in_containers=True)
            case "sam-events":
                sam_events(place)
            case "background":
                serve(place, report=say, ready=lambda _local: None)
            case "headless":
                headless(place)
            case "stop":
                stop(place)
    except Stopped:
        say("\nStopped.")
    except StackError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
