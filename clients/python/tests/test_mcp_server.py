"""The tools for agents, asked in this process by the official client; over stdio they are in tests/live."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from mcp import Client

from corent.cli import main
from corent.mcp_server import server as mcp_server
from tests.documents import BALANCE, JOB, KEY, accepted, completed, failed, job
from tests.scripted import ScriptedServer, answer, event, events, refusal

ENDED = events(event(12, "processing", job("processing", 10)), event(102, "completed", completed()))


def asked(server: ScriptedServer, what: Callable[[Client], Awaitable[Any]]) -> Any:
    """What a session brings."""

    async def run() -> Any:
        async with Client(mcp_server(api_key=KEY, base_url=server.url)) as client:
            return await what(client)

    return asyncio.run(run())


def called(server: ScriptedServer, name: str, **arguments: Any) -> Any:
    return asked(server, lambda client: client.call_tool(name, arguments))


def text(result: Any) -> str:
    return "".join(each.text for each in result.content)


def test_every_argument_is_typed_and_the_costly_ones_described(server: ScriptedServer) -> None:
    tools = {tool.name: tool for tool in asked(server, lambda client: client.list_tools()).tools}
    assert set(tools) == {"generate_image", "generate_video", "get_job", "get_balance", "quote"}
    for tool in tools.values():
        assert tool.description
        assert tool.output_schema
        for name, schema in tool.input_schema["properties"].items():
            assert {"type", "anyOf", "enum"} & set(schema), name
    image = tools["generate_image"].input_schema
    assert image["required"] == ["prompt"]
    assert image["properties"]["preference"]["enum"] == ["fast", "cheap", "balanced", "quality"]
    assert "cents" in image["properties"]["max_cost_cents"]["description"]
    assert tools["quote"].annotations.read_only_hint
    assert not tools["generate_video"].annotations.read_only_hint


def test_an_image_is_ordered_waited_for_and_answered_in_its_shape(server: ScriptedServer) -> None:
    server.then(answer(202, accepted()), ENDED)
    told = []

    async def progress(percent: float, total: float | None, message: str | None) -> None:
        told.append((percent, total, message))

    arguments = {"prompt": "a fox", "preference": "fast", "max_cost_cents": 5, "idempotency_key": "order-17"}
    result = asked(
        server, lambda client: client.call_tool("generate_image", arguments, progress_callback=progress)
    )
    assert not result.is_error
    assert result.structured_content["files"] == [
        {"url": "https://files.test/a.png", "width": 1024, "height": 1024}
    ]
    assert result.structured_content["meta"]["cost_cents"] == 2
    assert told == [(10, 100, f"{JOB} is processing"), (100, 100, f"{JOB} is completed")]
    sent = server.received[0]
    assert sent.headers["idempotency-key"] == "order-17"
    assert {"preference": "fast", "max_cost_cents": 5, "wait_s": 0}.items() <= sent.json.items()


def test_what_takes_longer_is_answered_as_it_stands(server: ScriptedServer) -> None:
    server.then(answer(202, accepted("video")), answer(200, job("processing", 10)))
    result = called(server, "generate_video", prompt="a fox", wait_s=0)
    assert (result.structured_content["id"], result.structured_content["status"]) == (JOB, "processing")


def test_a_refusal_is_a_tool_error_with_code_and_message(server: ScriptedServer) -> None:
    server.then(answer(402, refusal(402, "insufficient_funds", kind="insufficient_funds_error")))
    result = called(server, "generate_image", prompt="a fox")
    assert result.is_error
    assert "insufficient_funds: It is insufficient_funds. (request req_1)" in text(result)
    assert KEY not in text(result)
    assert "Traceback" not in text(result)


def test_a_failed_job_is_a_tool_error_when_ordered_and_an_answer_when_looked_at(
    server: ScriptedServer,
) -> None:
    server.then(answer(202, accepted()), events(event(102, "failed", failed())))
    result = called(server, "generate_image", prompt="a fox")
    assert result.is_error
    assert "tier_unavailable: It is tier_unavailable." in text(result)
    server.then(answer(200, failed()))
    result = called(server, "get_job", job_id=JOB)
    assert not result.is_error
    assert result.structured_content["error"]["code"] == "tier_unavailable"


def test_a_wrong_argument_is_a_tool_error_and_sends_nothing(server: ScriptedServer) -> None:
    for name, arguments in (
        ("generate_image", {"prompt": "x", "n": 9}),
        ("generate_image", {}),
        ("get_job", {"job_id": "../x"}),
        ("quote", {"prompt": "x", "preference": "cheapest"}),
    ):
        assert called(server, name, **arguments).is_error
    assert server.received == []


def test_balance_and_quote_are_answered(server: ScriptedServer) -> None:
    server.then(answer(200, BALANCE))
    assert called(server, "get_balance").structured_content == BALANCE
    price = {
        "quote_id": "quote_1", "model": "corent-video-fast", "price_cents": 40, "expected_ms": 7_200,
        "p95_ms": 15_400, "expires_at": "2026-11-22T10:00:00.000Z",
    }  # fmt: skip
    server.then(answer(200, price))
    assert called(server, "quote", prompt="x", kind="video", duration_s=5).structured_content == price
    assert server.received[1].json == {
        "prompt": "x",
        "kind": "video",
        "preference": "balanced",
        "duration_s": 5,
    }


def test_without_the_extra_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("corent.cli.serving.find_spec", lambda _name: None)
    assert main(["mcp"]) == 2
    assert (
        capsys.readouterr().err == "corent: `corent mcp` needs the package mcp: pip install 'corent[mcp]'.\n"
    )
