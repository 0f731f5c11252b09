"""GET /dashboard/billing: where a payer comes back to from the card processor. It credits nothing."""

from pathlib import Path
from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.pages import page_answer

PAGE: Final = Path(__file__).with_name("page.html").read_text(encoding="utf-8")


def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return page_answer(PAGE)
