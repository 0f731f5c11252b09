"""The gaps of the pinned emulator that local/emulator.py closes stay closed."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stack.conftest import Stack
from tests.waiting import until

RAISING = """
class OutOfStockError(Exception):
    pass

def handler(event, context):
    raise OutOfStockError(event["message"])
"""
PACKAGES = """
import importlib.util

def handler(event, context):
    return importlib.util.find_spec("ministack") is not None
"""


def _deployed(stack: Stack, *, name: str, source: str) -> Any:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", source)
    functions = stack.aws("lambda")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="app.handler",
        Role="arn:aws:iam::000000000000:role/any",
        Code={"ZipFile": code.getvalue()},
    )
    return functions


@pytest.fixture
def raising(stack: Stack) -> Iterator[Any]:
    functions = _deployed(stack, name="raising", source=RAISING)
    yield functions
    functions.delete_function(FunctionName="raising")


@pytest.mark.parametrize(
    "message", ["plain", "", "two lines\nValueError: not this one", "ends with a colon:"]
)
def test_an_exception_keeps_its_name(raising: Any, message: str) -> None:
    reply = raising.invoke(FunctionName="raising", Payload=json.dumps({"message": message}))
    assert json.loads(reply["Payload"].read())["errorType"] == "OutOfStockError"


def test_functions_do_not_see_the_emulators_own_packages(stack: Stack) -> None:
    functions = _deployed(stack, name="packages", source=PACKAGES)
    seen = json.loads(functions.invoke(FunctionName="packages", Payload="{}")["Payload"].read())
    functions.delete_function(FunctionName="packages")
    assert seen is False


def test_an_imported_api_keeps_its_any_methods(stack: Stack) -> None:
    with stack.client() as http:
        assert http.request("PATCH", "/v1/status").status_code == 405


def test_the_emulator_listens_on_loopback_only(stack: Stack) -> None:
    assert stack.aws_endpoint_url.startswith("http://127.0.0.1:")


NESTING = {
    "QueryLanguage": "JSONata",
    "StartAt": "Inner",
    "States": {
        "Inner": {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Arguments": {
                "StateMachineArn": "{% $states.input.machine %}",
                "Name": "{% $states.input.name %}",
                "Input": {},
            },
            "Output": "{% $states.result.Output %}",
            "End": True,
        }
    },
}
INNER = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "Result": {"done": "yes"}, "End": True}}}
FAILING = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "OutOfStock", "Cause": "none left"}}}


@pytest.fixture
def nesting(stack: Stack) -> Iterator[Any]:
    """Runs another machine's execution from within one; its status and output."""
    states = stack.aws("stepfunctions")
    made: dict[str, str] = {}
    for name, definition in {"nesting": NESTING, "inner": INNER, "failing": FAILING}.items():
        role = "arn:aws:iam::000000000000:role/any"
        machine = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
        made[name] = machine["stateMachineArn"]

    def run(inner: str, name: str) -> tuple[str, Any]:
        given = json.dumps({"machine": made[inner], "name": name})
        started = states.start_execution(stateMachineArn=made["nesting"], input=given)
        ended = until(
            lambda: seen if (seen := _described(states, started))["status"] != "RUNNING" else None,
            what="the outer execution to end",
        )
        return ended["status"], json.loads(ended.get("output") or "null")

    yield run
    for arn in made.values():
        states.delete_state_machine(stateMachineArn=arn)


def _described(states: Any, started: Any) -> Any:
    return states.describe_execution(executionArn=started["executionArn"])


def test_a_nested_execution_hands_its_output_on(nesting: Any) -> None:
    assert nesting("inner", "one") == ("SUCCEEDED", {"done": "yes"})


def test_a_nested_execution_that_fails_fails_its_state(nesting: Any) -> None:
    assert nesting("failing", "one")[0] == "FAILED"


def test_a_nested_execution_is_refused_under_a_name_that_was_used(nesting: Any) -> None:
    assert nesting("inner", "again")[0] == "SUCCEEDED"
    assert nesting("inner", "again")[0] == "FAILED"
