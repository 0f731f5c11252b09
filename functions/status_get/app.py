"""GET /v1/status: how each tier is doing, for anyone."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.bodies.status import StatusReply
from corent.edge.http import Api
from corent.edge.openapi import responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import health

handler = Api()


@handler.routes.get("/v1/status", responses=responses({200: StatusReply}, errors=(500, 503)))
def status() -> Response[StatusReply]:
    headers: dict[str, str | list[str]] = {
        "Cache-Control": "public, max-age=15",
        "Access-Control-Allow-Origin": "*",
    }
    body = StatusReply.model_validate(health.read_status()())
    return Response(status_code=200, content_type=JSON_TYPE, body=body, headers=headers)
