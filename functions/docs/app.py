"""GET /docs and what lies under it, and GET /llms.txt: the handbook for people and for agents."""

from typing import Any

from handbook.answers import answer_of


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    return answer_of(event["path"])
