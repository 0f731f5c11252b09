"""GET /v1/account/alerts: what is told, and where to."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import reading_money
from corent.edge.alerts import alert_reply
from corent.edge.bodies.alerts import AlertReply
from corent.edge.http import Api
from corent.edge.openapi import READ_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, alerts

handler = Api(access=reading_money(accounts.authenticate))


@handler.routes.get("/v1/account/alerts", responses=responses({200: AlertReply}, errors=READ_ERRORS))
def get() -> Response[AlertReply]:
    alert = alerts.manage_alert().get(handler.caller)
    return Response(status_code=200, content_type=JSON_TYPE, body=alert_reply(alert))
