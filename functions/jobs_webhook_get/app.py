"""GET /v1/jobs/{id}/webhook: how the delivery of a job's webhook went, or a batch's, try by try."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import reading_jobs
from corent.edge.bodies.jobs import WebhookReply
from corent.edge.http import Api
from corent.edge.jobs import webhook_reply
from corent.edge.openapi import READ_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, deliveries

handler = Api(access=reading_jobs(accounts.authenticate))


@handler.routes.get("/v1/jobs/<job_id>/webhook", responses=responses({200: WebhookReply}, errors=READ_ERRORS))
def get(job_id: str) -> Response[WebhookReply]:
    view = deliveries.read_deliveries().get(job_id, caller=handler.caller)
    return Response(status_code=200, content_type=JSON_TYPE, body=webhook_reply(view))
