"""Webhooks are owed (DynamoDB stream of new outbox items): send for their delivery."""

from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.streams import owed_webhooks
from corent.wiring import webhooks

log = Logger(service="corent")


def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    later = webhooks.later()
    subject_ids = owed_webhooks(event)
    for subject_id in subject_ids:
        later(subject_id)
    log.info("webhooks owed", subjects=subject_ids)
