"""Every tool of every format makes a real call on the stack, by nothing but its document."""

import json
import subprocess
from typing import Any

import httpx
import pytest

from tests.stack.conftest import ROOT, Account, Stack
from tests.tool_calls import assert_valid, request_of, schemas_of, strict_call, strict_violations
from tests.waiting import until

# In an environment of its own: what LangChain brings along would be loaded by every test.
LANGCHAIN = ROOT / ".corent" / "venvs" / "langchain" / "bin" / "python"


def read(stack: Stack, name: str) -> dict[str, Any]:
    with stack.client() as client:
        answer = client.get(f"/v1/tools/{name}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=300"
    document: dict[str, Any] = answer.json()
    return document


class Agent:
    """Calls tools as a document says, with what a model of that vendor would say."""

    def __init__(self, document: dict[str, Any], client: httpx.Client) -> None:
        self._document = document
        self._schemas = schemas_of(document)
        self._is_strict = document["format"] == "openai"
        self._client = client

    def __call__(self, tool: str, **meant: Any) -> Any:
        schema = self._schemas[tool]
        arguments = strict_call(schema, **meant) if self._is_strict else meant
        assert_valid(schema, arguments)
        answer: httpx.Response = self._client.request(**request_of(self._document, tool, arguments))
        assert answer.is_success, answer.text
        return answer.json()


@pytest.mark.parametrize("name", ["openai", "claude"])
def test_every_tool_makes_a_real_call(stack: Stack, account: Account, name: str) -> None:
    with stack.client(key=account.test_key) as client:
        call = Agent(read(stack, name), client)
        quote = call("quote", kind="image", prompt="a red fox", preference="fast")
        image = call("generate_image", prompt="a red fox", preference="fast", quote_id=quote["quote_id"])
        assert (image["status"], image["meta"]["cost_cents"]) == ("completed", quote["price_cents"])
        film = call("generate_video", prompt="a red fox runs", preference="cheap", duration_s=2)
        job = until(
            lambda: job if (job := call("get_job", id=film["id"]))["completed_at"] else None, what="the film"
        )
        assert (job["status"], job["meta"]["cost_cents"]) == ("completed", 10)
        assert call("get_balance")["balance_cents"] == 10_000 - 2 - 10


def test_openais_form_keeps_the_strict_rules_as_it_is_served(stack: Stack) -> None:
    assert [strict_violations(tool["function"]) for tool in read(stack, "openai")["tools"]] == [[]] * 5


def test_langchains_form_is_a_structured_tool_that_makes_the_call_and_tells_nobody_else(
    stack: Stack, account: Account
) -> None:
    calls = [
        ["quote", {"kind": "image", "prompt": "a red fox", "preference": "fast"}],
        ["generate_image", {"prompt": "a red fox", "preference": "fast", "n": 2}],
        ["get_job", {"id": "<1>"}],
        ["generate_video", {"prompt": "a red fox runs", "duration_s": 2, "preference": "cheap"}],
        ["get_balance", {}],
    ]
    asked = {"base_url": stack.base_url, "key": account.test_key, "calls": calls}
    ended = subprocess.run(
        [str(LANGCHAIN), str(ROOT / "tests" / "stack" / "langchain_calls.py")],
        input=json.dumps(asked),
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    quote, image, job, film, balance = said["answers"]
    assert quote["price_cents"] == 2
    assert (image["status"], image["meta"]["cost_cents"]) == ("completed", 4)
    assert (job["id"], job["status"]) == (image["id"], "completed")
    assert film["status"] == "processing"
    assert balance["balance_cents"] <= 10_000 - 4
    assert set(said["connected"]) == {"127.0.0.1"}
    schemas = schemas_of(read(stack, "langchain"))
    for made in (said["for_models"], said["by_schema"]):
        functions = {tool["function"]["name"]: tool["function"] for tool in made}
        assert set(functions) == set(schemas)
        for name, function in functions.items():
            assert function["description"] == schemas[name]["description"]
            assert function["parameters"]["properties"] == schemas[name]["properties"]
