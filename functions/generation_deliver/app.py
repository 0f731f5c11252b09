"""Step "Deliver" of generation.asl.json: fetch, judge and store the files. Input: {"job_id": …}."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.logs import working_on
from corent.wiring import generation


def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    with working_on(event["job_id"]):
        generation.steps().deliver(event["job_id"])
