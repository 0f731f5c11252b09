"""POST /v1/batches/{id}/cancel: stop what has not ended of a batch; what that held goes back."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import steering_jobs
from corent.edge.batches import batch_reply
from corent.edge.bodies.batches import BatchReply
from corent.edge.http import Api
from corent.edge.openapi import CHANGE_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, batches, money

handler = Api(access=steering_jobs(accounts.authenticate), reads_body=False)


@handler.routes.post(
    "/v1/batches/<batch_id>/cancel", responses=responses({200: BatchReply}, errors=CHANGE_ERRORS)
)
def cancel(batch_id: str) -> Response[BatchReply]:
    view = batches.cancel_batch()(batch_id, caller=handler.caller)
    reply = batch_reply(view, public_base_url=money.settings().public_base_url, now_ms=money.clock().now_ms())
    return Response(status_code=200, content_type=JSON_TYPE, body=reply)
