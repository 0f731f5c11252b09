"""Step "Close" of batch.asl.json: end the batch whose jobs have all ended. Input: {"batch_id": …}."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.logs import log, working_on
from corent.wiring import batches


def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    with working_on(event["batch_id"]):
        batch = batches.carry_batch().close(event["batch_id"])
        log.info("closed", state=batch.state.value if batch is not None else "gone")
