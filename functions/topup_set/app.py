"""PUT /v1/account/auto-topup: charge a saved card whenever the balance falls below a threshold."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import paying
from corent.edge.bodies.topups import TopUpBody, TopUpReply
from corent.edge.http import Api
from corent.edge.openapi import CONFLICT_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.edge.topups import topup_reply
from corent.wiring import accounts, topups

handler = Api(access=paying(accounts.authenticate))


@handler.routes.put("/v1/account/auto-topup", responses=responses({200: TopUpReply}, errors=CONFLICT_ERRORS))
def put(body: TopUpBody) -> Response[TopUpReply]:
    topup = topups.manage_topup().set(
        handler.caller,
        threshold_cents=body.threshold_cents,
        amount_cents=body.amount_cents,
        monthly_cap_cents=body.monthly_cap_cents,
    )
    return Response(
        status_code=200, content_type=JSON_TYPE, body=topup_reply(topup, month=topups.this_month())
    )
