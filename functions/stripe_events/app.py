"""POST /v1/stripe/events: the card processor says that something happened; its payment is looked at soon."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.edge.payment_events import answer_event
from corent.wiring import payment_events


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return answer_event(event, payment_events.receive())
