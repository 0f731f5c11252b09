"""One execution environment of the image function behind loopback HTTP: one request at a time, as on Lambda.

Run as a process: prints its port. `GET` answers CPU seconds, requests and peak memory so far, and the CPU
of each part of a request.
"""

import json
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

FUNCTION = Path(__file__).resolve().parent.parent / "functions" / "images_generate"
CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn:aws:lambda:::f", aws_request_id="r"
)
KEY = "co_live_00000000000000000000000000000000"


def event(prompt: str) -> dict[str, Any]:
    """A request as API Gateway hands it over."""
    from corent.accounts import keys

    headers = {"Authorization": f"Bearer {KEY}{keys._checksum(KEY)}", "Content-Type": "application/json"}
    return {
        "resource": "/v1/images/generate",
        "path": "/v1/images/generate",
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "requestContext": {"identity": {"sourceIp": "127.0.0.1"}, "stage": "live"},
        "body": json.dumps({"prompt": prompt, "preference": "fast"}),
        "isBase64Encoded": False,
    }


def load() -> Any:
    """The function's handler."""
    sys.path.insert(0, str(FUNCTION))
    import app  # type: ignore[import-not-found]  # The function's own module, as Lambda imports it.

    return app.handler


parts: Counter[str] = Counter()


def timed(owner: Any, name: str, part: Callable[..., str]) -> None:
    """Count the CPU of a method under the part it belongs to."""
    original = getattr(owner, name)

    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        began = time.process_time()
        try:
            return original(self, *args, **kwargs)
        finally:
            parts[part(*args, **kwargs)] += time.process_time() - began

    setattr(owner, name, wrapped)


def part_of_dynamo(operation: str, parameters: dict[str, Any]) -> str:
    """Which of a request's four DynamoDB calls this is."""
    if operation == "TransactWriteItems":
        return "T1 hold" if "Put" in parameters["TransactItems"][0] else "T2 capture"
    return {"UpdateItem": "authentication", "GetItem": "balance read"}.get(operation, operation)


def serve() -> None:
    """Serve until ended."""
    handler = load()
    from corent.adapters import aws
    from corent.providers import openai_images

    timed(aws._JsonService, "call", part_of_dynamo)
    timed(aws.S3, "put_object", lambda **_: "storage")
    timed(openai_images.OpenAIImages, "submit", lambda *_, **__: "provider")
    served = 0

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            nonlocal served
            self.rfile.read(int(self.headers["Content-Length"]))
            reply = handler(event("a red fox in a snowy forest at dawn" * 5), CONTEXT)
            served += 1
            self._send(reply["statusCode"], reply["body"].encode())

        def do_GET(self) -> None:
            usage = resource.getrusage(resource.RUSAGE_SELF)
            document = {
                "cpu_s": usage.ru_utime + usage.ru_stime,
                "requests": served,
                "peak_kib": usage.ru_maxrss,
                "parts": dict(parts),
            }
            self._send(200, json.dumps(document).encode())

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            # One request a connection, so that waiting clients take turns at the one environment.
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket.listen(128)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    # The log lines are made, and go nowhere: nobody reads this pipe any more.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1:] == ["first-request"]:
        reply = load()(event("a red fox"), CONTEXT)
        sys.exit(0 if reply["statusCode"] == 200 else 1)
    serve()
