"""POST /v1/callbacks/{provider}/{token}: an upstream says that it is done, and is looked at."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.callbacks import answer_callback
from corent.wiring import callbacks


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return answer_callback(event, callbacks.receive())
