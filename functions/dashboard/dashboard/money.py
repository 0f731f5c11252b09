"""Money as people type it."""

import re
from typing import Final

from corent.core.errors import InvalidRequestError

_DOLLARS: Final = re.compile(r"\$?([0-9]{1,9})(?:\.([0-9]{1,2}))?")


def cents_of(text: str, *, param: str) -> int:
    """Whole cents of `12`, `12.5`, `$12.50` or `1,250.00`. Raises InvalidRequestError."""
    match = _DOLLARS.fullmatch(text.replace(",", "").strip())
    if match is None:
        raise InvalidRequestError(
            "An amount looks like 25 or 12.50, in dollars.", code=f"invalid_{param}", param=param
        )
    return int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))
