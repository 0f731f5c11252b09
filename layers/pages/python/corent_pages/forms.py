"""What a browser's form sends: names and texts, read once, with a limit."""

import base64
import binascii
from typing import Any, Final
from urllib.parse import parse_qsl

from corent.core.errors import BodyTooLargeError, InvalidRequestError

BODY_BYTES_MAX: Final = 256 * 1024
FIELDS_MAX: Final = 100

type Form = dict[str, list[str]]


def form_of(event: dict[str, Any]) -> Form:
    """The fields of the event's form. Raises BodyTooLargeError, InvalidRequestError."""
    body: str = event.get("body") or ""
    if len(body) > BODY_BYTES_MAX * 4 // 3 + 4:
        raise BodyTooLargeError("The form is larger than 256 KiB.")
    try:
        content = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
        if len(content) > BODY_BYTES_MAX:
            raise BodyTooLargeError("The form is larger than 256 KiB.")
        pairs = parse_qsl(
            content.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"
        )
    except (ValueError, binascii.Error) as error:
        raise InvalidRequestError("The form could not be read.", code="invalid_body") from error
    fields: Form = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def first(form: Form, name: str) -> str:
    """A field's text without spaces around it, empty when it was not sent."""
    return (form.get(name) or [""])[0].strip()
