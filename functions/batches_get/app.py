"""GET /v1/batches/{id}: the batch, with the document of every job."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import reading_jobs
from corent.edge.batches import batch_reply
from corent.edge.bodies.batches import BatchReply
from corent.edge.http import Api
from corent.edge.openapi import READ_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, batches, money

handler = Api(access=reading_jobs(accounts.authenticate))


@handler.routes.get("/v1/batches/<batch_id>", responses=responses({200: BatchReply}, errors=READ_ERRORS))
def get(batch_id: str) -> Response[BatchReply]:
    view = batches.read_batches().view(batch_id, caller=handler.caller)
    reply = batch_reply(view, public_base_url=money.settings().public_base_url, now_ms=money.clock().now_ms())
    return Response(status_code=200, content_type=JSON_TYPE, body=reply)
