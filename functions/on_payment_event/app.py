"""A payment is to be looked at (SQS): post what is missing. What did not work comes again."""

from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.checks import synced
from corent.edge.queues import each_message
from corent.wiring import payments

log = Logger(service="corent")


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    sync = payments.sync_payment()
    return each_message(event, lambda message: synced(sync(message["id"], cause=message["cause"])), log=log)
