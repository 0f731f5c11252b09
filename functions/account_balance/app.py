"""GET /v1/account/balance: money not yet charged, and how much of it is held."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import reading_money
from corent.edge.account import balance_body
from corent.edge.bodies.account import BalanceReply
from corent.edge.http import Api
from corent.edge.openapi import READ_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, money

handler = Api(access=reading_money(accounts.authenticate))


@handler.routes.get("/v1/account/balance", responses=responses({200: BalanceReply}, errors=READ_ERRORS))
def balance() -> Response[BalanceReply]:
    return Response(
        status_code=200,
        content_type=JSON_TYPE,
        body=BalanceReply.model_validate(balance_body(money.figures(handler.caller))),
    )
