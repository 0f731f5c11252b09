"""The gaps of the pinned emulator that local/emulator.py closes stay closed."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stack.conftest import Stack

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
