"""Styles, scripts and icons: files of this package under names that change with their content."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final

from corent.core.errors import NotFoundError
from corent.edge.rendering import error_answer

FOLDER: Final = Path(__file__).with_name("assets")
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
DIGEST_LENGTH: Final = 12


@cache
def asset_url(name: str) -> str:
    """The address of a file: it may be cached for ever, since another content has another address."""
    path = FOLDER / name
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:DIGEST_LENGTH]
    return f"/assets/{path.stem}.{digest}{path.suffix}"


@cache
def asset_names() -> dict[str, str]:
    """The files by the last part of their addresses."""
    return {
        asset_url(path.name).rsplit("/", 1)[-1]: path.name
        for path in FOLDER.iterdir()
        if path.suffix in TYPES
    }


@cache
def asset_text(name: str) -> str:
    """A file's content."""
    return (FOLDER / name).read_text(encoding="utf-8")


def asset_answer(name: str, *, request_id: str) -> dict[str, Any]:
    """The answer with that file; a name that is not, or no longer, a file's is a 404."""
    if name not in asset_names():
        return error_answer(
            NotFoundError("There is no file at this address."), request_id=request_id, headers={}
        )
    headers = {
        "Content-Type": TYPES[Path(name).suffix],
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
        "X-Request-Id": request_id,
    }
    return {
        "statusCode": 200,
        "body": asset_text(asset_names()[name]),
        "isBase64Encoded": False,
        "multiValueHeaders": {each: [value] for each, value in headers.items()},
    }
