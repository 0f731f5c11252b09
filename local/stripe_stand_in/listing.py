"""Lists of objects: newest first, filtered, a page at a time."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from local.stripe_stand_in.account import Account
from local.stripe_stand_in.expansion import expanded
from local.stripe_stand_in.parameters import Field, Shape, integer, text, time_or_range
from local.stripe_stand_in.refusals import no_such
from local.stripe_stand_in.store import Record

LIMIT: Final = 10
LIMIT_MAX: Final = 100
PAGING: Final[Shape] = {
    "created": Field(time_or_range),
    "limit": Field(integer(1, LIMIT_MAX)),
    "starting_after": Field(text),
}
_HOLDS: Final[dict[str, Callable[[int, int], bool]]] = {
    "gt": lambda created, bound: created > bound,
    "gte": lambda created, bound: created >= bound,
    "lt": lambda created, bound: created < bound,
    "lte": lambda created, bound: created <= bound,
}


def page(
    account: Account, records: Iterable[Record], *, asked: dict[str, Any], url: str, expand: Sequence[str]
) -> Record:
    """Return one page of these records, which come in order of making."""
    newest_first = list(records)[::-1]
    after = asked.get("starting_after")
    if after is not None:
        places = [place for place, each in enumerate(newest_first) if each["id"] == after]
        if not places:
            raise no_such("object in this list", after, param="starting_after", status=400)
        newest_first = newest_first[places[0] + 1 :]
    bounds = asked.get("created", {})
    within = [
        each
        for each in newest_first
        if all(_HOLDS[name](each["created"], bound) for name, bound in bounds.items())
    ]
    limit = asked.get("limit", LIMIT)
    data = [expanded(account, each, expand) for each in within[:limit]]
    return {"object": "list", "data": data, "has_more": len(within) > limit, "url": url}
