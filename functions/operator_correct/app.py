"""An operator's correction of the books, invoked by hand and by nothing else (docs/operating-money.md)."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.corrections import correct
from corent.wiring import corrections


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return correct(event, corrections.correct_ledger())
