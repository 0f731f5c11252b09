"""POST /v1/account/deposit: a page on which the account's owner can pay; credited once they have."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import paying
from corent.edge.bodies.account import DepositBody, DepositReply
from corent.edge.deposits import deposit_body, deposit_order
from corent.edge.http import Api
from corent.edge.openapi import WRITE_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, deposits

PATH = "/v1/account/deposit"

handler = Api(access=paying(accounts.authenticate))


@handler.routes.post(PATH, responses=responses({200: DepositReply}, errors=WRITE_ERRORS))
def deposit(body: DepositBody) -> Response[DepositReply]:
    exchange = handler.exchange
    made = deposits.make_deposit()(handler.caller, deposit_order(body, exchange, path=PATH))
    return Response(status_code=200, content_type=JSON_TYPE, body=deposit_body(made, exchange))
