"""Jobs were settled (DynamoDB stream): fold them into health. A malformed record is logged and left out."""

from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.streams import changed_jobs
from corent.wiring import health

log = Logger(service="corent")


def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    changes, malformed = changed_jobs(event, parse=health.job_of)
    folded = health.fold_health()(changes)
    if malformed:
        log.error("malformed job records", sequence_numbers=malformed)
    log.info("folded", attempts=folded)
