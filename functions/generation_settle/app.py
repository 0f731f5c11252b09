"""Step "Settle" of generation.asl.json: charge and complete, or give the hold back. Input: {"job_id": …}."""

from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.wiring import generation

log = Logger(service="corent")


def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    job_id: str = event["job_id"]
    job = generation.steps().settle(job_id)
    log.info("settled", job_id=job_id, state=job.state.value if job is not None else "gone")
