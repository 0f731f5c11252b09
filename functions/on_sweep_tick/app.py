"""Every minute: start jobs that were not started, end jobs past their deadline, recall lost webhooks."""

import dataclasses
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.wiring import sweeps, webhooks

log = Logger(service="corent")


def handler(_event: dict[str, Any], _context: LambdaContext) -> None:
    recalled = webhooks.recall_webhooks()()
    report = sweeps.sweep_jobs()()
    log.info("swept", **dataclasses.asdict(report), recalled=recalled)
