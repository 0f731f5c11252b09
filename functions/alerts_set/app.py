"""PUT /v1/account/alerts: be told by webhook when the balance falls below a threshold."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import paying
from corent.edge.alerts import alert_reply, webhook_of
from corent.edge.bodies.alerts import AlertBody, AlertReply
from corent.edge.http import Api
from corent.edge.openapi import WRITE_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, alerts

handler = Api(access=paying(accounts.authenticate))


@handler.routes.put("/v1/account/alerts", responses=responses({200: AlertReply}, errors=WRITE_ERRORS))
def put(body: AlertBody) -> Response[AlertReply]:
    alert = alerts.manage_alert().set(
        handler.caller, low_cents=body.low_balance_cents, webhook=webhook_of(body)
    )
    return Response(status_code=200, content_type=JSON_TYPE, body=alert_reply(alert))
