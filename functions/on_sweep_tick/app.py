"""Every minute: give back the holds of jobs whose worker died."""

from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.wiring import sweeps

log = Logger(service="corent")


def handler(_event: dict[str, Any], _context: LambdaContext) -> None:
    report = sweeps.expire_jobs()()
    log.info("swept", seen=report.seen, released=report.released)
