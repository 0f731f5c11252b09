"""DELETE /v1/account/keys/{id}: put a key out of force at once."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import administering
from corent.edge.bodies.keys import RevokedReply
from corent.edge.http import Api
from corent.edge.openapi import READ_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts

handler = Api(access=administering(accounts.authenticate))


@handler.routes.delete(
    "/v1/account/keys/<key_id>", responses=responses({200: RevokedReply}, errors=READ_ERRORS)
)
def revoke(key_id: str) -> Response[RevokedReply]:
    accounts.manage_keys().revoke(handler.caller.key.account_id, key_id=key_id)
    return Response(status_code=200, content_type=JSON_TYPE, body=RevokedReply(id=key_id, status="revoked"))
