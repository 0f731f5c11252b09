"""The body's own bytes, for what is signed: API Gateway says whether it has wrapped them in base64."""

import base64
import binascii
from typing import Any

from corent.core.errors import MalformedJsonError


def raw_body(event: dict[str, Any]) -> bytes:
    """The bytes as they were sent. Raises MalformedJsonError for broken base64."""
    body: str = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise MalformedJsonError("The body cannot be read.") from error
