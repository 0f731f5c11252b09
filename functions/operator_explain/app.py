"""Why a job was routed as it was, with names, and decided once more; invoked by hand and by nothing else.

Input {"job_id": "job_…" or "req_…"}.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.wiring import explaining


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return explaining.replay_route()(event["job_id"])
