"""The contract: the one OpenAPI document of all functions, made at build time."""

import json
from functools import cache
from pathlib import Path
from typing import Any


@cache
def contract() -> dict[str, Any]:
    """The document. Not to be changed."""
    text = Path(__file__).with_name("openapi.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
