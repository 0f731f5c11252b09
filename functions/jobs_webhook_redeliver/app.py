"""POST /v1/jobs/{id}/webhook/redeliver: send a job's webhook once more, or a batch's, under the same id."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import steering_jobs
from corent.edge.bodies.jobs import WebhookReply
from corent.edge.http import Api
from corent.edge.jobs import webhook_reply
from corent.edge.openapi import CHANGE_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, redelivering

handler = Api(access=steering_jobs(accounts.authenticate), reads_body=False)


@handler.routes.post(
    "/v1/jobs/<job_id>/webhook/redeliver", responses=responses({202: WebhookReply}, errors=CHANGE_ERRORS)
)
def redeliver(job_id: str) -> Response[WebhookReply]:
    view = redelivering.redeliver_webhook(job_id, caller=handler.caller)
    return Response(status_code=202, content_type=JSON_TYPE, body=webhook_reply(view))
