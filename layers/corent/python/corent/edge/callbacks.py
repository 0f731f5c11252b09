"""The answers to upstreams' callbacks. Their raw bytes are what is signed, so nothing is parsed here."""

from typing import Any

from corent.core.errors import BodyTooLargeError, CorentError, InvalidSignatureError
from corent.core.ids import new_ulid
from corent.edge.raw_bodies import raw_body
from corent.edge.rendering import JSON_TYPE, error_answer
from corent.usecases.receive_callback import ReceiveCallback, Received


def answer_callback(event: dict[str, Any], receive: ReceiveCallback) -> dict[str, Any]:
    """204 for every genuine callback, whatever came of it; an error for any other."""
    request_id = f"req_{new_ulid()}"
    try:
        path = event["pathParameters"]
        received = receive(
            path["provider"], path["token"], headers=event.get("headers") or {}, body=raw_body(event)
        )
        if received is Received.FORGED:
            raise InvalidSignatureError("The callback is not signed as it should be.")
        if received is Received.TOO_LARGE:
            raise BodyTooLargeError("The body is larger than 256 KiB.")
    except CorentError as error:
        return error_answer(error, request_id=request_id, headers={})
    return {
        "statusCode": 204,
        "body": "",
        "isBase64Encoded": False,
        "multiValueHeaders": {"X-Request-Id": [request_id], "Content-Type": [JSON_TYPE]},
    }
