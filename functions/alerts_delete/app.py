"""DELETE /v1/account/alerts: be told no more."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import paying
from corent.edge.alerts import alert_reply
from corent.edge.bodies.alerts import AlertReply
from corent.edge.http import Api
from corent.edge.openapi import READ_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, alerts

handler = Api(access=paying(accounts.authenticate))


@handler.routes.delete("/v1/account/alerts", responses=responses({200: AlertReply}, errors=READ_ERRORS))
def delete() -> Response[AlertReply]:
    alerts.manage_alert().remove(handler.caller)
    return Response(status_code=200, content_type=JSON_TYPE, body=alert_reply(None))
