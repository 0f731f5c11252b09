"""Run the API's functions in containers with `sam local start-api`, on the emulated services of the stack."""

import ipaddress
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from local import aws, processes
from local.deployment import SAM, STACK_NAME, architecture
from local.place import ROOT, Place, StackError

READY_S = 120.0
POLL_S = 0.2
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# Sample events whose name is not their function's.
FUNCTIONS = {"sandbox_films": "SandboxUpstreamFilms"}
IMAGE = "public.ecr.aws/lambda/python:3.13"


def bridge_address() -> str:
    """Return this machine's address on Docker's bridge, the only one its containers reach us at."""
    if shutil.which("docker") is None:
        raise StackError("`make sam-local` needs Docker: install it, or use `make run`, which does without.")
    asked = subprocess.run(
        ["docker", "network", "inspect", "bridge"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if asked.returncode != 0:
        raise StackError("Docker does not answer: start it, or use `make run`, which does without.")
    config = json.loads(asked.stdout)[0]["IPAM"]["Config"][0]
    # Without a gateway of its own in the configuration, Docker takes the subnet's first address.
    address = config.get("Gateway") or str(next(ipaddress.ip_network(config["Subnet"]).hosts()))
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError as error:
            raise StackError(
                f"Docker's bridge address {address} is not on this machine (Docker runs in a virtual one); "
                "use `make run`, which does without Docker."
            ) from error
    return address


@contextmanager
def running_api(place: Place, *, built: Path) -> Iterator[str]:
    """Start the API in containers and yield its address."""
    template = place.folder / "sam-local.yaml"
    variables = place.folder / "sam-local-variables.json"
    whole = yaml.safe_load((built / "template.yaml").read_text())
    template.write_text(yaml.safe_dump(_for_containers(whole, built)))
    variables.write_text(json.dumps(_variables(place)))
    port = _free_port()
    command = [
        *(str(SAM), "local", "start-api", "--template-file", str(template), "--env-vars", str(variables)),
        *("--host", "127.0.0.1", "--port", str(port), "--warm-containers", "LAZY", "--no-watch"),
        *("--parameter-overrides", f"Stage=local Arch={architecture()}"),
        *(["--skip-pull-image"] if _image_is_here() else []),
    ]
    log = place.folder / "sam-local.log"
    log.write_text("")
    started = processes.start(command, log=log, env=os.environ)
    try:
        _wait_until_it_listens(port, started=started, log=log)
        yield f"http://127.0.0.1:{port}"
    finally:
        processes.end(started)


def invoke_events(place: Place, *, built: Path, say: Callable[[str], None]) -> None:
    """Send every sample event through its function in a container. Raises StackError if one fails."""
    template = place.folder / "sam-events.yaml"
    variables = place.folder / "sam-local-variables.json"
    whole = _declared(yaml.safe_load((built / "template.yaml").read_text()), built)
    template.write_text(yaml.safe_dump(whole))
    failed = []
    for event in sorted((ROOT / "events").glob("*.json")):
        function = FUNCTIONS.get(event.stem, "".join(word.capitalize() for word in event.stem.split("_")))
        command = [
            *(str(SAM), "local", "invoke", f"{function}Function", "--template-file", str(template)),
            *("--env-vars", str(variables), "--event", str(event)),
            *("--parameter-overrides", f"Stage=local Arch={architecture()}"),
            *(["--skip-pull-image"] if _image_is_here() else []),
        ]
        ended = subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=os.environ
        )
        answer = ended.stdout.strip().splitlines()[-1:] or [""]
        if ended.returncode != 0 or '"errorType"' in answer[0]:
            failed.append(event.name)
        say(f"{event.name:28} {answer[0][:80] or ended.stderr.strip().splitlines()[-1]}")
    if failed:
        raise StackError(f"These events failed: {', '.join(failed)}.")


def _declared(template: dict[str, Any], built: Path) -> dict[str, Any]:
    """Return the built template with whole paths and the services' address declared."""
    template["Globals"]["Function"]["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = ""
    for resource in template["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if isinstance(resource.get("Properties", {}).get(name), str):
                resource["Properties"][name] = str(built / resource["Properties"][name])
    return template


def _for_containers(template: dict[str, Any], built: Path) -> dict[str, Any]:
    """Return the built template for `sam local start-api`.

    It serves every API of the template on one port, so the sandbox upstream stays with the emulator. And an
    any-method hides the path's other methods there, so it becomes the methods that nothing else serves.
    """
    template = _declared(template, built)
    for name in ("SandboxUpstreamFunction", "SandboxUpstreamFilmsFunction", "SandboxApi", "SandboxSecret"):
        del template["Resources"][name]
    functions = [
        r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::Serverless::Function"
    ]
    for function in functions:
        events = function.pop("Events", {})
        function["Events"] = {name: event for name, event in events.items() if event["Type"] == "Api"}
    routes = [event["Properties"] for function in functions for event in function["Events"].values()]
    served = {(route["Path"], route["Method"].upper()) for route in routes}
    for function in functions:
        function["Events"] = {
            f"{name}{method.capitalize()}": {
                "Type": "Api",
                "Properties": event["Properties"] | {"Method": method},
            }
            for name, event in function["Events"].items()
            for method in _methods(event["Properties"], served=served)
        }
    return template


def _methods(route: dict[str, str], *, served: set[tuple[str, str]]) -> list[str]:
    if route["Method"].upper() != "ANY":
        return [route["Method"]]
    return [method for method in METHODS if (route["Path"], method) not in served]


def _variables(place: Place) -> dict[str, dict[str, str]]:
    """Return what the deployed functions have in their environment, with every name resolved."""
    functions = aws.functions()
    return {
        resource["LogicalResourceId"]: functions.get_function_configuration(
            FunctionName=resource["PhysicalResourceId"]
        )["Environment"]["Variables"]
        | {"AWS_ENDPOINT_URL": place.aws_url}
        for resource in aws.cloudformation().describe_stack_resources(StackName=STACK_NAME)["StackResources"]
        if resource["ResourceType"] == "AWS::Lambda::Function"
    }


def _image_is_here() -> bool:
    asked = subprocess.run(
        ["docker", "image", "inspect", f"{IMAGE}-{architecture()}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return asked.returncode == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_it_listens(port: int, *, started: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.monotonic() + READY_S
    while time.monotonic() < deadline_s and not processes.has_ended(started):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(POLL_S)
    raise StackError(f"`sam local` did not start (all of it is in {log}):\n{processes.tail(log)}")
