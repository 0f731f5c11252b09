"""Body of the tools endpoint."""

from typing import Any, Literal

from corent.edge.bodies import Reply


class ToolEndpoint(Reply):
    """How that tool is called: arguments in braces go into the path, the others into a POST's body."""

    name: str
    method: Literal["GET", "POST"]
    path: str


class LeftOutField(Reply):
    """A field of the endpoint that its tool does not have."""

    name: str
    field: str
    reason: str


class ToolsReply(Reply):
    """`tools` is what the format's own clients take, unchanged."""

    format: Literal["claude", "openai", "langchain"]
    tools: list[dict[str, Any]]
    endpoints: list[ToolEndpoint]
    left_out: list[LeftOutField]
