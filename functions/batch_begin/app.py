"""Step "Begin" of batch.asl.json: admit the batch's jobs. {"batch_id": …} in, {"job_ids": […]} out."""

from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.wiring import batches

log = Logger(service="corent")


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, list[str]]:
    batch_id: str = event["batch_id"]
    job_ids = batches.carry_batch().begin(batch_id)
    log.info("begun", batch_id=batch_id, jobs=len(job_ids))
    return {"job_ids": job_ids}
