"""ANY route without a function of its own: 405 where the path has other methods, else 404."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.unknown import answer_unknown


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return answer_unknown(event)
