"""GET /assets/{name}: styles, scripts and icons of the pages, for ever under one name."""

from typing import Any

from corent.core.ids import new_ulid
from corent_pages.assets import asset_answer


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    return asset_answer(event["pathParameters"]["name"], request_id=f"req_{new_ulid()}")
