"""Webhooks are due (SQS): try each once. What could not be tried comes again, the others do not."""

from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.queues import each_message
from corent.wiring import webhooks

log = Logger(service="corent")


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return each_message(event, lambda message: webhooks.deliver(message["id"]), log=log)
