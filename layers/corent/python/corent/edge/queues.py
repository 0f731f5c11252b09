"""Messages of an SQS queue, one by one: what fails is given back to the queue, the others are not."""

import json
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.logging import Logger

from corent.core.errors import CorentError
from corent.edge.causes import causes
from corent.edge.logs import about, ids_of, note

# What may be logged of a message that was handled.
type Report = dict[str, Any]


def each_message(
    event: dict[str, Any], handle: Callable[[dict[str, str]], Report], *, log: Logger
) -> dict[str, Any]:
    """Hand each message to `handle`; the partial batch response of what did not work."""
    failed = []
    for record in event["Records"]:
        with about():
            try:
                message = json.loads(record["body"])
                note(**ids_of(message["id"]))
                log.info("handled", **handle(message))
            except (CorentError, ValueError, KeyError, TypeError) as error:
                log.error("message failed", message_id=record["messageId"], causes=causes(error))
                failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
