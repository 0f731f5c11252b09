"""GET /v1/routing/explain: why a request was routed as it was, from the record stored with its job."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from corent.edge.access import reading_jobs
from corent.edge.bodies.routing import ExplainReply
from corent.edge.http import Api
from corent.edge.openapi import READ_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, money

handler = Api(access=reading_jobs(accounts.authenticate))


@handler.routes.get("/v1/routing/explain", responses=responses({200: ExplainReply}, errors=READ_ERRORS))
def explain(request_id: Annotated[str, Query()]) -> Response[ExplainReply]:
    explanation = money.read_jobs().explain(request_id, caller=handler.caller)
    return Response(status_code=200, content_type=JSON_TYPE, body=ExplainReply.model_validate(explanation))
