"""POST /v1/quote: what an order would cost and take; for ten minutes it is charged just that."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from corent.edge.access import quoting
from corent.edge.bodies.quotes import QuoteBody, QuoteReply
from corent.edge.http import Api
from corent.edge.openapi import QUOTE_ERRORS, responses
from corent.edge.quotes import order_of, quote_reply, wait_s_of
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, quotes

handler = Api(access=quoting(accounts.authenticate))


@handler.routes.post("/v1/quote", responses=responses({200: QuoteReply}, errors=QUOTE_ERRORS))
def quote(body: Annotated[QuoteBody, Body()]) -> Response[QuoteReply]:
    given = quotes.quote()(
        order_of(body),
        caller=handler.caller,
        ulid=handler.exchange.ulid,
        wait_s=wait_s_of(body),
        max_cost_cents=body.max_cost_cents,
    )
    return Response(status_code=200, content_type=JSON_TYPE, body=quote_reply(given))
