"""GET /v1/tools/{name}: the API as functions that a model may call, made at build time."""

from pathlib import Path

from aws_lambda_powertools.event_handler import Response

from corent.edge.bodies.tools import ToolsReply
from corent.edge.http import Api
from corent.edge.openapi import responses
from corent.edge.rendering import JSON_TYPE
from corent.edge.tools import document_of, read_documents

handler = Api()
_DOCUMENTS = read_documents(Path(__file__).with_name("tools.json").read_text(encoding="utf-8"))


@handler.routes.get("/v1/tools/<name>", responses=responses({200: ToolsReply}, errors=(404, 422, 500)))
def tools(name: str) -> Response[ToolsReply]:
    return Response(
        status_code=200,
        content_type=JSON_TYPE,
        body=document_of(name, _DOCUMENTS),
        headers={"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"},
    )
