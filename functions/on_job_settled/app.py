"""Jobs were settled (DynamoDB stream): fold them into health. A malformed record is logged and left out."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.folding import folded_report
from corent.edge.streams import changed_jobs
from corent.wiring import health


def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    changes, malformed = changed_jobs(event, parse=health.job_of)
    folded_report(health.fold_health()(changes), malformed=malformed)
