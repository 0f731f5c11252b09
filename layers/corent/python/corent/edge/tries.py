"""Which try of its client's a request is, as far as it says so."""

import re
from typing import Final

from corent.core.repeats import Try
from corent.edge.http import Exchange

# Sent by openai 3.54.0, and by every client made by the same generator (`_base_client.py`, read 2026-11-28).
_HEADER: Final = "x-stainless-retry-count"
_NUMBER: Final = re.compile(r"[0-9]{1,4}")


def try_of(exchange: Exchange) -> Try:
    """The try, its number None where there is none or none that can be meant."""
    said = exchange.headers.get(_HEADER, "")
    number = int(said) if _NUMBER.fullmatch(said) else None
    return Try(request=exchange.ulid, number=number, arrived_ms=exchange.arrived_ms)
