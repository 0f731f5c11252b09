"""Reading replies without trusting them: every step names what it wants or ends in BAD_REPLY."""

import base64
import binascii
import json
import re
from urllib.parse import quote

from corent.core.upstream import Failure, InlineFile, UpstreamError

_CODE = re.compile(r"[A-Za-z0-9_.:/-]{1,64}", re.ASCII)


def bad_reply(detail: str) -> UpstreamError:
    """What `detail` says is not what the upstream's interface promises."""
    return UpstreamError(Failure.BAD_REPLY, detail)


def as_mapping(value: object, *, what: str) -> dict[str, object]:
    """`value` as a JSON object."""
    if not isinstance(value, dict):
        raise bad_reply(f"{what} is not an object")
    return value


def as_list(value: object, *, what: str) -> list[object]:
    """`value` as a JSON array."""
    if not isinstance(value, list):
        raise bad_reply(f"{what} is not an array")
    return value


def as_text(value: object, *, what: str) -> str:
    """`value` as a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise bad_reply(f"{what} is not a text")
    return value


def members(value: object) -> dict[str, object]:
    """`value` if it is a JSON object, else an empty one: for parts an upstream may leave out."""
    return value if isinstance(value, dict) else {}


def elements(value: object) -> list[object]:
    """`value` if it is a JSON array, else an empty one: for parts an upstream may leave out."""
    return value if isinstance(value, list) else []


def code_of(value: object) -> str:
    """An error code fit for a log, or nothing: messages may echo the prompt, codes do not."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else ""


def whole_number(value: object, *, maximum: int) -> int | None:
    """`value` if it is a whole number of 0 to `maximum`."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= maximum:
        return value
    return None


def percent(value: object) -> int | None:
    """`value` if it is a share of 0 to 1, in hundredths."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return int(value * 100)
    return None


def inline_file(value: object) -> InlineFile:
    """A file that came as base64."""
    try:
        content = base64.b64decode(as_text(value, what="base64"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise bad_reply("a file that is not base64") from error
    return InlineFile(content=content)


def inline_data_uri(value: str) -> InlineFile:
    """An image that came as a `data:image/…;base64,` address."""
    head, comma, encoded = value.partition(",")
    if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
        raise bad_reply("a data address that is not a base64 image")
    return inline_file(encoded)


def data_uri(content: bytes, *, media_type: str) -> str:
    """An image as an address that carries it."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def open_ticket(ticket: str) -> dict[str, object]:
    """A ticket that `write_ticket` made. Raises EXPIRED for anything else: there is nothing to ask for."""
    try:
        document = json.loads(ticket)
    except (ValueError, RecursionError) as error:
        raise UpstreamError(Failure.EXPIRED, "a ticket that is not ours") from error
    if not isinstance(document, dict):
        raise UpstreamError(Failure.EXPIRED, "a ticket that is not ours")
    return document


def write_ticket(document: dict[str, object]) -> str:
    """What `check` needs to ask again, as one line."""
    return json.dumps(document, separators=(",", ":"))


def id_ticket(value: object) -> str:
    """A ticket for upstreams that are asked again by an id alone. Raises BAD_REPLY for what is no id."""
    return write_ticket({"id": as_text(value, what="id")})


def id_path(ticket: str) -> str:
    """The id in a ticket of `id_ticket`, ready for an address. Raises EXPIRED for anything else."""
    value = open_ticket(ticket).get("id")
    if not isinstance(value, str) or not value:
        raise UpstreamError(Failure.EXPIRED, "a ticket that is not ours")
    return quote(value, safe="")


def no_tickets() -> UpstreamError:
    """For upstreams that answer at once: whatever this ticket is, it is not theirs."""
    return UpstreamError(Failure.EXPIRED, "this upstream answers at once and gives no tickets")
