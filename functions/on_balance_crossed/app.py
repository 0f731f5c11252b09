"""A balance may have crossed a threshold (SQS): tell its owner, top it up. What did not work comes again."""

import dataclasses
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.queues import each_message
from corent.wiring import payments

log = Logger(service="corent")


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    tend = payments.tend_wallet()
    return each_message(event, lambda message: dataclasses.asdict(tend(message["id"])), log=log)
