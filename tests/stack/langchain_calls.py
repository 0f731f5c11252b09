"""An agent's side, run where LangChain is: real tools of its own from a document, called in turn.

Takes JSON on its input: `base_url`, `key`, and `calls`, each a tool's name and its arguments. Says in JSON
what each came back with, what LangChain makes of each tool for a model, and every address it connected to.
"""

import json
import socket
import sys
import urllib.error
import urllib.request
import warnings
from typing import Any

warnings.simplefilter("error")
connected: list[str] = []
_connect = socket.socket.connect


def _noted(self: socket.socket, address: Any) -> None:
    connected.append(str(address[0]) if isinstance(address, tuple) else str(address))
    _connect(self, address)


socket.socket.connect = _noted  # type: ignore[method-assign]

from langchain_core.tools import StructuredTool  # noqa: E402 - what it connects to while it loads counts too
from langchain_core.utils.function_calling import convert_to_openai_tool  # noqa: E402


def request(method: str, url: str, *, key: str | None, body: dict[str, Any] | None = None) -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    data = None if body is None else json.dumps(body).encode()
    sent = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310 - the stack's
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(sent, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


def main() -> None:
    asked = json.load(sys.stdin)
    document = request("GET", f"{asked['base_url']}/v1/tools/langchain", key=None)
    endpoints = {each["name"]: each for each in document["endpoints"]}

    def caller(name: str) -> Any:
        endpoint = endpoints[name]

        def call(**arguments: Any) -> Any:
            path = endpoint["path"]
            for argument in list(arguments):
                if f"{{{argument}}}" in path:
                    path = path.replace(f"{{{argument}}}", arguments.pop(argument))
            body = arguments if endpoint["method"] == "POST" else None
            return request(endpoint["method"], f"{asked['base_url']}{path}", key=asked["key"], body=body)

        return call

    tools = {spec["name"]: StructuredTool(**spec, func=caller(spec["name"])) for spec in document["tools"]}
    answers: list[Any] = []
    for name, arguments in asked["calls"]:
        # "<n>" is the id that the n-th call before came back with.
        meant = {
            field: answers[int(value[1:-1])]["id"] if str(value).startswith("<") else value
            for field, value in arguments.items()
        }
        answers.append(tools[name].invoke(meant))
    for_models = [convert_to_openai_tool(tool) for tool in tools.values()]
    by_schema = [convert_to_openai_tool(spec["args_schema"]) for spec in document["tools"]]
    said = {"answers": answers, "for_models": for_models, "by_schema": by_schema, "connected": connected}
    json.dump(said, sys.stdout)


main()
