"""Step "Close" of batch.asl.json: end the batch whose jobs have all ended. Input: {"batch_id": …}."""

from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.wiring import batches

log = Logger(service="corent")


def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    batch_id: str = event["batch_id"]
    batch = batches.carry_batch().close(batch_id)
    log.info("closed", batch_id=batch_id, state=batch.state.value if batch is not None else "gone")
