"""POST /v1/account/keys: a new API key; its secret is in this answer and nowhere else."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import administering
from corent.edge.bodies.keys import KeyBody, NewKeyReply
from corent.edge.http import Api
from corent.edge.keys import key_body, new_key_of
from corent.edge.openapi import WRITE_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts

handler = Api(access=administering(accounts.authenticate))


@handler.routes.post("/v1/account/keys", responses=responses({201: NewKeyReply}, errors=WRITE_ERRORS))
def create(body: KeyBody) -> Response[NewKeyReply]:
    key, secret = accounts.manage_keys().create(handler.caller.key.account_id, new_key_of(body))
    reply = NewKeyReply.model_validate({**key_body(key), "key": secret})
    return Response(status_code=201, content_type=JSON_TYPE, body=reply)
