"""GET /v1/models: the tiers, as a list of models.

The shape is OpenAI's, for its clients.
"""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import reading_tiers
from corent.edge.bodies.models import ModelsReply
from corent.edge.http import Api
from corent.edge.models import models_reply
from corent.edge.openapi import READ_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, models

handler = Api(access=reading_tiers(accounts.authenticate))


@handler.routes.get("/v1/models", responses=responses({200: ModelsReply}, errors=READ_ERRORS))
def list_models() -> Response[ModelsReply]:
    return Response(status_code=200, content_type=JSON_TYPE, body=models_reply(models.tiers()))
