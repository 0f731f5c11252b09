"""GET /v1/models/{id}: one tier, as a model.

The shape is OpenAI's, for its clients.
"""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import reading_tiers
from corent.edge.bodies.models import ModelReply
from corent.edge.http import Api
from corent.edge.models import model_reply
from corent.edge.openapi import READ_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, models

handler = Api(access=reading_tiers(accounts.authenticate))


@handler.routes.get("/v1/models/<model_id>", responses=responses({200: ModelReply}, errors=READ_ERRORS))
def get_model(model_id: str) -> Response[ModelReply]:
    body = model_reply(model_id, tiers=models.tiers())
    return Response(status_code=200, content_type=JSON_TYPE, body=body)
