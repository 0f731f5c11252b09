"""Step "Await" of generation.asl.json: say what is next, or keep waiting. Input: {"job_id", "wake_token"}.

Also invoked without a token, by who knows that something has happened to the job: {"job_id"}.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.logs import working_on
from corent.wiring import generation


def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    with working_on(event["job_id"]):
        generation.steps().check(event["job_id"], wake_token=event.get("wake_token"))
