"""Identifiers: a prefix that says what it names and 26 Crockford base32 characters that sort by time."""

import re
from typing import Literal

from ulid import ULID

Prefix = Literal["job", "req", "key", "acct", "evt", "batch"]

_ULID = "[0-7][0-9A-HJKMNP-TV-Z]{25}"
_IS_ULID = re.compile(_ULID)
_ID = {prefix: re.compile(f"{prefix}_{_ULID}") for prefix in ("job", "req", "key", "acct", "evt", "batch")}


def new_ulid() -> str:
    """26 characters; a request and the job or batch it makes share them."""
    return str(ULID())


def is_ulid(text: str) -> bool:
    """Whether `text` has the form of `new_ulid`'s."""
    return _IS_ULID.fullmatch(text) is not None


def is_id(text: str, *, prefix: Prefix) -> bool:
    """Whether `text` is a well-formed id with that prefix. A malformed id in a path is a 404."""
    return _ID[prefix].fullmatch(text) is not None


def ulid_after(ulid: str, *, steps: int) -> str:
    """The ULID that many steps after: so the jobs of a batch are named by the batch, and sort after it."""
    return str(ULID.from_int(int(ULID.from_str(ulid)) + steps))


def first_ulid_at(time_ms: int) -> str:
    """The smallest ULID of that millisecond: a lower bound for ranges of ids."""
    return str(ULID.from_bytes(time_ms.to_bytes(6, "big") + bytes(10)))


def last_ulid_at(time_ms: int) -> str:
    """The largest ULID of that millisecond: an upper bound for ranges of ids."""
    return str(ULID.from_bytes(time_ms.to_bytes(6, "big") + b"\xff" * 10))


def time_ms_of(ulid: str) -> int:
    """When a ULID was made, in milliseconds since the epoch."""
    return ULID.from_str(ulid).milliseconds
