"""An execution failed, timed out or was aborted (EventBridge): settle what it left of its job."""

from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.wiring import sweeps

log = Logger(service="corent")


def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    # The name of an execution is its job's id.
    job_id, status = event["detail"]["name"], event["detail"]["status"]
    job = sweeps.end_execution()(job_id, timed_out=status == "TIMED_OUT")
    state = job.state.value if job is not None else "gone"
    log.error("execution broke off", job_id=job_id, status=status, job_state=state)
