"""An execution failed, timed out or was aborted (EventBridge): settle what it left of its job or batch."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.logs import log, working_on
from corent.wiring import sweeps


def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    # The name of an execution is the id of its job or batch.
    name, status = event["detail"]["name"], event["detail"]["status"]
    with working_on(name):
        state = sweeps.end_execution()(name, timed_out=status == "TIMED_OUT")
        log.error("execution broke off", subject_id=name, status=status, state=state)
