"""GET /v1/account/auto-topup: the rules of automatic top-ups, and where they stand."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import reading_money
from corent.edge.bodies.topups import TopUpReply
from corent.edge.http import Api
from corent.edge.openapi import READ_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.edge.topups import topup_reply
from corent.wiring import accounts, topups

handler = Api(access=reading_money(accounts.authenticate))


@handler.routes.get("/v1/account/auto-topup", responses=responses({200: TopUpReply}, errors=READ_ERRORS))
def get() -> Response[TopUpReply]:
    topup = topups.manage_topup().get(handler.caller)
    return Response(
        status_code=200, content_type=JSON_TYPE, body=topup_reply(topup, month=topups.this_month())
    )
