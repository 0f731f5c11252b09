"""The answers to the card processor's events. Their raw bytes are what is signed."""

import json
from typing import Any

from aws_lambda_powertools.logging import Logger

from corent.core.errors import CorentError
from corent.core.ids import new_ulid
from corent.edge.raw_bodies import raw_body
from corent.edge.rendering import JSON_TYPE, error_answer
from corent.usecases.receive_payment_event import ReceivePaymentEvent

log = Logger(service="corent")


def answer_event(event: dict[str, Any], receive: ReceivePaymentEvent) -> dict[str, Any]:
    """200 for every genuine event, once its payment will be looked at; an error has it sent again."""
    request_id = f"req_{new_ulid()}"
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    try:
        heard = receive(raw_body(event), signature=headers.get("stripe-signature"))
    except CorentError as error:
        log.warning("payment event refused", code=error.code, request_id=request_id)
        return error_answer(error, request_id=request_id, headers={})
    log.info("payment event", heard=heard.value, request_id=request_id)
    return {
        "statusCode": 200,
        "body": json.dumps({"received": True}),
        "isBase64Encoded": False,
        "multiValueHeaders": {"X-Request-Id": [request_id], "Content-Type": [JSON_TYPE]},
    }
