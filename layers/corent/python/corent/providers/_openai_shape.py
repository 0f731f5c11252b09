"""What upstreams that copy OpenAI's images API share with it: the key, the list of images, the errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corent.core.upstream import Failure, UpstreamError
from corent.providers._shape import as_list, as_mapping, bad_reply, code_of, members

if TYPE_CHECKING:
    from corent.providers._http import Reply, Wire
    from corent.providers.credentials import Credentials

FAILURE_BY_CODE: Final = {
    "moderation_blocked": Failure.REFUSED,
    "content_policy_violation": Failure.REFUSED,
    "billing_hard_limit_reached": Failure.QUOTA,
    "insufficient_quota": Failure.QUOTA,
}


def bearer(credentials: Credentials) -> dict[str, str]:
    """The header that carries the key, none where there is no key."""
    return {"Authorization": f"Bearer {credentials.api_key}"} if credentials.api_key else {}


def entries(document: dict[str, object], *, count: int) -> list[dict[str, object]]:
    """The first `count` images of an answer, each still as the upstream wrote it. Raises BAD_REPLY."""
    listed = [as_mapping(entry, what="data[]") for entry in as_list(document.get("data"), what="data")]
    if len(listed) < count:
        raise bad_reply(f"{len(listed)} images of {count}")
    return listed[:count]


def failure_by_code(reply: Reply) -> Failure | None:
    """What an error's code, else its type, means; None where neither is known."""
    error = members(reply.mapping().get("error"))
    return FAILURE_BY_CODE.get(code_of(error.get("code"))) or FAILURE_BY_CODE.get(code_of(error.get("type")))


def refused(wire: Wire, reply: Reply) -> UpstreamError:
    """The error of a purchase that failed, by its code before its status."""
    error = members(reply.mapping().get("error"))
    code = code_of(error.get("code")) or code_of(error.get("type"))
    return wire.refused(reply, failure=failure_by_code(reply), code=code)
