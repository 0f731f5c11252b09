"""GET /v1/account/keys: the account's keys, without their secrets."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import administering
from corent.edge.bodies.keys import KeysReply
from corent.edge.http import Api
from corent.edge.keys import key_body
from corent.edge.openapi import READ_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts

handler = Api(access=administering(accounts.authenticate))


@handler.routes.get("/v1/account/keys", responses=responses({200: KeysReply}, errors=READ_ERRORS))
def list_keys() -> Response[KeysReply]:
    keys = accounts.manage_keys().list(handler.caller.key.account_id)
    body = KeysReply.model_validate({"keys": [key_body(key) for key in keys]})
    return Response(status_code=200, content_type=JSON_TYPE, body=body)
