"""Start MiniStack for one stack: on one address, with its state in one folder, and with nothing left behind.

Runs in its own virtual environment (`.corent/venvs/emulator`), as `python -m local.emulator`, because it pins
libraries that differ from ours. Where version 1.5.33 differs from AWS in a way that matters here, this file
closes the gap:
- a Python exception's class reaches the caller as `errorType` (it calls every one Runtime.HandlerError);
- the any-methods and gateway responses of an imported API take effect (it leaves them out);
- a state's pause between retries stays below MaxDelaySeconds (it knows no such bound);
- an integration that streams its answer is invoked like any other (it looks for a function of another name);
- a function that fails before it calls back fails its state (it waits for the time-out instead);
- an execution that a state starts and waits for is like any other (its name is not checked, its end untold);
- a function sees the interpreter and its layers, never the emulator's own packages (local/workers.py).
"""

import asyncio
import json
import os
import resource
import signal
import threading
import time
from pathlib import Path
from typing import Any

ANY_METHOD = "x-amazon-apigateway-any-method"
GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"
UNNAMED_ERROR = "Runtime.HandlerError"
SHUTDOWN_S = 3
NESTED_LOOK_S = 0.05


def environment(*, host: str, port: int, state: Path) -> dict[str, str]:
    """Return the emulator's whole environment, which its functions inherit: nothing of the caller's shell."""
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SSL_CERT_FILE") if name in os.environ
    }
    return kept | {
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": host,
        "BIND_HOST": host,
        # Functions and the emulator's own calls to itself find it here, whatever address it listens on.
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "MINISTACK_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state / "services"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state / "s3"),
        "TMPDIR": str(state.parent / "tmp"),
        # A generation holds a thread while it calls the sandbox through the same pool: too few is a deadlock.
        "MINISTACK_WORKER_THREADS": "512",
        # Listeners and a Docker clean-up that would reach beyond this stack.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": f"unix://{state}/no-docker.sock",
        "PYTHONNOUSERSITE": "1",
    }


def error_name(message: str, log: str) -> str | None:
    """Return the class of the exception whose traceback ends the log, or None when the log shows none.

    The message is cut off first, since it may have lines of its own that look like a class name.
    """
    if "Traceback (most recent call last):" not in log:
        return None
    text = log.rstrip()
    if message and not text.endswith(f": {message.rstrip()}"):
        return None
    head = text.removesuffix(message.rstrip()).rstrip(": ") if message else text
    name = head.rsplit("\n", 1)[-1].rsplit(".", 1)[-1].strip()
    return name if name.isidentifier() else None


def _name_errors() -> None:
    from ministack.services import lambda_svc

    execute = lambda_svc._execute_function_warm

    def execute_named(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        result: dict[str, Any] = execute(func, event, request_id)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and body.get("errorType") == UNNAMED_ERROR:
            name = error_name(str(body.get("errorMessage", "")), str(result.get("log") or ""))
            if name:
                body["errorType"] = name
        return result

    lambda_svc._execute_function_warm = execute_named


def _import_whole_apis() -> None:
    from ministack.services import apigateway_v1 as gateway

    import_api = gateway._import_rest_api
    gateway._OPENAPI_HTTP_METHODS = frozenset(gateway._OPENAPI_HTTP_METHODS) | {"any"}

    def import_whole(spec: dict[str, Any], base_data: dict[str, Any] | None = None) -> str:
        paths = {
            path: {("any" if method == ANY_METHOD else method): value for method, value in item.items()}
            for path, item in spec.get("paths", {}).items()
        }
        api_id: str = import_api({**spec, "paths": paths}, base_data)
        for response_type, response in spec.get(GATEWAY_RESPONSES, {}).items():
            gateway._put_gateway_response(api_id, response_type, response)
        return api_id

    gateway._import_rest_api = import_whole


def _invoke_streaming_integrations() -> None:
    from ministack.services import apigateway_v1 as gateway

    find_function = gateway._extract_lambda_ref_from_integration_uri

    def find_streaming(uri: str) -> str:
        reference: str = find_function(uri.replace("/response-streaming-invocations", "/invocations"))
        return reference

    gateway._extract_lambda_ref_from_integration_uri = find_streaming


def _bound_retry_pauses() -> None:
    from ministack.services import stepfunctions

    find = stepfunctions._find_matching_retrier

    def find_bounded(retriers: list[dict[str, Any]], error: str, counts: dict[int, int]) -> tuple[Any, int]:
        retrier, place = find(retriers, error, counts)
        if retrier is None or "MaxDelaySeconds" not in retrier:
            return retrier, place
        pause_s = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** counts.get(place, 0)
        return retrier | {
            "IntervalSeconds": min(pause_s, retrier["MaxDelaySeconds"]),
            "BackoffRate": 1,
        }, place

    stepfunctions._find_matching_retrier = find_bounded


def _fail_without_callback() -> None:
    from ministack.services import stepfunctions

    call = stepfunctions._call_lambda

    def call_or_fail(function: str, event: Any) -> Any:
        try:
            return call(function, event)
        except stepfunctions._ExecutionError as error:
            for token in event.values() if isinstance(event, dict) else ():
                waiting = stepfunctions._task_tokens.get(token) if isinstance(token, str) else None
                if waiting is not None:
                    waiting["error"] = {"Error": error.error, "Cause": error.cause}
                    waiting["event"].set()
            raise

    stepfunctions._call_lambda = call_or_fail


def _nest_whole_executions() -> None:
    from ministack.services import stepfunctions

    start = stepfunctions._invoke_nested_start_execution

    def run_nested(resource: str, arguments: Any) -> dict[str, Any]:
        started = start(resource, arguments)
        execution = stepfunctions._executions[started["ExecutionArn"]]
        while execution["status"] == "RUNNING":
            time.sleep(NESTED_LOOK_S)
        if execution["status"] != "SUCCEEDED":
            raise stepfunctions._ExecutionError("States.TaskFailed", f"it ended as {execution['status']}")
        return {**started, "Status": execution["status"], "Output": json.loads(execution["output"] or "{}")}

    stepfunctions._invoke_nested_start_execution_sync = run_nested


def _end_with_parent() -> None:
    """End when standard input closes: the stack holds its other end, so a killed stack leaves nothing."""

    def watch() -> None:
        while os.read(0, 1):  # Not sys.stdin, whose lock would be held when the interpreter ends.
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def main() -> None:
    """Serve until SIGTERM or until the parent is gone, then save the state."""
    _end_with_parent()
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))

    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    from local import workers

    _name_errors()
    _import_whole_apis()
    _invoke_streaming_integrations()
    _bound_retry_pauses()
    _fail_without_callback()
    _nest_whole_executions()
    pace = workers.install()
    config = Config()
    config.bind = [f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = SHUTDOWN_S
    config.backlog = 1024

    async def until_asked_to_end() -> None:
        asked = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, asked.set)
        await asked.wait()
        # First the functions: the server waits for requests under way, and those wait for functions.
        await asyncio.to_thread(pace.close)

    asyncio.run(serve(app, config, shutdown_trigger=until_asked_to_end))


if __name__ == "__main__":
    main()
