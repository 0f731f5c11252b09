"""Run one of the running stack's functions, as an operator does with the AWS command line."""

import json
from typing import Any

from local import aws
from local.place import Place, StackError


def invoke(place: Place, output: str, said: dict[str, Any]) -> dict[str, Any]:
    """The answer of the function that this output of the stack names. Raises StackError."""
    if not place.running_json.exists() or not place.deployed_json.exists():
        raise StackError("No local stack is running here: start one with `make run`.")
    name = json.loads(place.deployed_json.read_text())["outputs"][output]
    aws.use_emulator(place)
    answer = aws.functions().invoke(FunctionName=name, Payload=json.dumps(said))
    report = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise StackError(f"{name} failed: {report}")
    found: dict[str, Any] = report
    return found
