"""A whole session over stdio by the official client library, with both ways a session begins."""

import asyncio
import subprocess
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from tests.live.conftest import Shell

INITIALIZE = (
    '{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18",'
    ' "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}\n'
)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_every_tool_is_listed_and_called(shell: Shell, mode: Any) -> None:
    told: list[tuple[float, str | None]] = []

    async def progress(percent: float, _total: float | None, message: str | None) -> None:
        told.append((percent, message))

    async def session() -> None:
        parameters = StdioServerParameters(
            command=f"{shell.environment['PATH'].partition(':')[0]}/corent",
            args=["mcp"],
            env=shell.environment,
        )
        async with Client(parameters, mode=mode) as client:
            assert client.server_info is not None
            assert client.server_info.name == "corent"
            tools = {tool.name for tool in (await client.list_tools()).tools}
            assert tools == {"generate_image", "generate_video", "get_job", "get_balance", "quote"}
            price = await client.call_tool("quote", {"prompt": "a fox", "preference": "fast"})
            assert price.structured_content is not None
            assert price.structured_content["price_cents"] == 2
            image = await client.call_tool(
                "generate_image", {"prompt": "a fox", "preference": "fast"}, progress_callback=progress
            )
            assert image.structured_content is not None
            assert image.structured_content["status"] == "completed"
            assert told[-1][0] == 100
            video = await client.call_tool(
                "generate_video", {"prompt": "a fox", "duration_s": 1, "wait_s": 0}
            )
            assert video.structured_content is not None
            looked = await client.call_tool(
                "get_job", {"job_id": video.structured_content["id"], "wait_s": 120}
            )
            assert looked.structured_content is not None
            assert looked.structured_content["files"][0]["duration_s"] == 1
            balance = await client.call_tool("get_balance", {})
            assert balance.structured_content is not None
            assert balance.structured_content["available_cents"] > 0
            refused = await client.call_tool("generate_image", {"prompt": "[refuse] a fox"})
            assert refused.is_error
            assert "content_policy_violation" in str(refused.content)
            dear = await client.call_tool("generate_image", {"prompt": "a fox", "max_cost_cents": 0})
            assert dear.is_error
            assert "max_cost_exceeded" in str(dear.content)
            said = str([*refused.content, *dear.content])
            assert shell.environment["CORENT_API_KEY"] not in said
            assert "Traceback" not in said

    asyncio.run(session())


def test_nothing_but_the_protocol_is_on_stdout(shell: Shell) -> None:
    process = shell.start("corent", "mcp", stdin=subprocess.PIPE)
    out, _ = process.communicate(INITIALIZE, timeout=60)
    assert process.returncode == 0
    assert [line.startswith('{"jsonrpc":"2.0"') for line in out.splitlines()] == [True]
