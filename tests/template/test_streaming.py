"""What the template promises of the streaming function: on AWS it streams, for as long as a stream lasts."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from corent.usecases.stream_job import STREAM_S, WINDOW_S
from tests.template.template import ROOT, folder, functions

FUNCTION: dict[str, Any] = functions()["JobsStreamFunction"]
ROUTE: dict[str, Any] = FUNCTION["Events"]["Http"]["Properties"]
CODE = folder(FUNCTION)
API_GATEWAY_BUFFERED_MAX_S = 29


def on_aws(value: Any) -> Any:
    """What a value of the template is where stage is not local."""
    if isinstance(value, dict) and "Fn::If" in value:
        condition, then, _ = value["Fn::If"]
        assert condition == "IsAws"
        return then
    return value


def test_the_route_is_one_whose_answer_is_streamed() -> None:
    # SAM takes any word here, and makes a buffered route of every other.
    assert ROUTE["ResponseTransferMode"] == "RESPONSE_STREAM"
    assert FUNCTION["Environment"]["Variables"]["AWS_LWA_INVOKE_MODE"] == "response_stream"


def test_function_and_route_last_longer_than_a_stream() -> None:
    assert on_aws(FUNCTION["Timeout"]) > STREAM_S
    assert ROUTE["TimeoutInMillis"] > STREAM_S * 1000


def test_a_window_is_over_before_its_function_and_the_gateway_give_up() -> None:
    _, _, locally_s = FUNCTION["Timeout"]["Fn::If"]
    assert WINDOW_S < locally_s <= API_GATEWAY_BUFFERED_MAX_S


def test_the_web_adapter_starts_the_script_on_aws_and_there_only() -> None:
    wrapper = FUNCTION["Environment"]["Variables"]["AWS_LAMBDA_EXEC_WRAPPER"]
    assert wrapper == {"Fn::If": ["IsAws", "/opt/bootstrap", {"Ref": "AWS::NoValue"}]}
    script = CODE / on_aws(FUNCTION["Handler"])
    assert os.access(script, os.X_OK)


def test_the_script_serves_the_application() -> None:
    """With the package where Lambda has its runtime's own modules."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "LAMBDA_TASK_ROOT": str(CODE),
        "LAMBDA_RUNTIME_DIR": str(ROOT / "layers" / "corent" / "python"),
        "AWS_LWA_PORT": str(port),
        "CORENT_STAGE": "prod",
        "CORENT_STREAM_SECRET": "corent/streams",
    }
    with subprocess.Popen(
        [CODE / on_aws(FUNCTION["Handler"])], env=environment, stderr=subprocess.PIPE, text=True, cwd="/"
    ) as server:
        assert server.stderr is not None
        said = ""
        while "running on" not in said:
            line = server.stderr.readline()
            assert line, said
            said += line
        answer = httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
        server.terminate()
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
