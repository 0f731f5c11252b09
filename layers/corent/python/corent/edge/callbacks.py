"""The answers to upstreams' callbacks. Their raw bytes are what is signed, so nothing is parsed here."""

from typing import Any

from corent.core.errors import BodyTooLargeError, CorentError, InvalidSignatureError
from corent.core.ids import new_ulid
from corent.edge.logs import about, log
from corent.edge.raw_bodies import raw_body
from corent.edge.rendering import JSON_TYPE, error_answer
from corent.usecases.receive_callback import ReceiveCallback, Received


def answer_callback(event: dict[str, Any], receive: ReceiveCallback) -> dict[str, Any]:
    """204 for every genuine callback, whatever came of it; an error for any other."""
    request_id = f"req_{new_ulid()}"
    with about(request_id=request_id):
        return _answer(event, receive, request_id=request_id)


def _answer(event: dict[str, Any], receive: ReceiveCallback, *, request_id: str) -> dict[str, Any]:
    try:
        path = event["pathParameters"]
        heard = receive(
            path["provider"], path["token"], headers=event.get("headers") or {}, body=raw_body(event)
        )
        if heard.received is Received.FORGED:
            raise InvalidSignatureError("The callback is not signed as it should be.")
        if heard.received is Received.TOO_LARGE:
            raise BodyTooLargeError("The body is larger than 256 KiB.")
    except CorentError as error:
        log.info("callback refused", code=error.code)
        return error_answer(error, request_id=request_id, headers={})
    log.info("callback", received=heard.received.value, job_id=heard.job_id)
    return {
        "statusCode": 204,
        "body": "",
        "isBase64Encoded": False,
        "multiValueHeaders": {"X-Request-Id": [request_id], "Content-Type": [JSON_TYPE]},
    }
