"""Step "Begin" of batch.asl.json: admit the batch's jobs. {"batch_id": …} in, {"job_ids": […]} out."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.logs import log, working_on
from corent.wiring import batches


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, list[str]]:
    with working_on(event["batch_id"]):
        job_ids = batches.carry_batch().begin(event["batch_id"])
        log.info("begun", jobs=len(job_ids))
    return {"job_ids": job_ids}
