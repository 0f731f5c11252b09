"""An image outlived its caller's wait: carry its job to the end. Invoked with {"job_id": …}."""

from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.wiring import images

log = Logger(service="corent")


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    job_id: str = event["job_id"]
    job = images.carry()(job_id, worker=context.aws_request_id)
    log.info("carried", job_id=job_id, state=job.state.value if job is not None else "nothing to do")
