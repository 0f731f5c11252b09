"""Tool specifications, made at build time and handed out as they are."""

import json

from corent.core.errors import NotFoundError
from corent.edge.bodies.tools import ToolsReply


def read_documents(text: str) -> dict[str, ToolsReply]:
    """The document of each format."""
    return {name: ToolsReply.model_validate(document) for name, document in json.loads(text).items()}


def document_of(name: str, documents: dict[str, ToolsReply]) -> ToolsReply:
    """The document of that format. Raises NotFoundError."""
    if name not in documents:
        raise NotFoundError(f"There are tools for {', '.join(documents)}.")
    return documents[name]
