"""GET /openapi.json: the contract of every function in one document, made at build time."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from corent.edge.http import Api
from corent.edge.rendering import JSON_TYPE
from corent_pages.contract import contract

handler = Api()


@handler.routes.get("/openapi.json", include_in_schema=False)
def openapi() -> Response[dict[str, Any]]:
    return Response(
        status_code=200,
        content_type=JSON_TYPE,
        body=contract(),
        headers={"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"},
    )
