"""Step "Submit" of generation.asl.json: make the purchase that is next. Input: {"job_id": …}."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.logs import working_on
from corent.wiring import generation


def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    with working_on(event["job_id"]):
        generation.steps().submit(event["job_id"])
