"""Webhooks are owed (DynamoDB stream of new outbox items): send for their delivery."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.logs import log, working_on
from corent.edge.streams import owed_webhooks
from corent.wiring import webhooks


def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    later = webhooks.later()
    for subject_id in owed_webhooks(event):
        with working_on(subject_id):
            later(subject_id)
            log.info("webhook owed", subject_id=subject_id)
