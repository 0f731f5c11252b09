"""Callbacks: one POST of a few words to an address that came with a submission."""

import http.client
import json
from urllib.parse import urlsplit

TIMEOUT_S = 5.0


class CallbackError(Exception):
    """The callback was answered with something other than success."""


def post(url: str, document: dict[str, str]) -> None:
    """Send a document. Raises CallbackError, OSError or HTTPException where it did not arrive well.

    Redirections are not followed, and no message names the address: it may hold a token.
    """
    parts = urlsplit(url)
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = make(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(
            "POST",
            target,
            body=json.dumps(document).encode(),
            headers={"Content-Type": "application/json", "User-Agent": "sandbox"},
        )
        status = connection.getresponse().status
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise CallbackError(f"the callback was answered with {status}")
