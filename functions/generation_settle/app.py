"""Step "Settle" of generation.asl.json: charge and complete, or give the hold back. Input: {"job_id": …}."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.logs import log, working_on
from corent.wiring import generation


def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    with working_on(event["job_id"]):
        job = generation.steps().settle(event["job_id"])
        log.info("settled", state=job.state.value if job is not None else "gone")
