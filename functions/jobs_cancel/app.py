"""POST /v1/jobs/{id}/cancel: stop a job that is under way; what it held goes back."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import steering_jobs
from corent.edge.bodies.jobs import JobReply
from corent.edge.http import Api
from corent.edge.jobs import job_reply
from corent.edge.openapi import CHANGE_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, cancelling, money

handler = Api(access=steering_jobs(accounts.authenticate), reads_body=False)


@handler.routes.post("/v1/jobs/<job_id>/cancel", responses=responses({200: JobReply}, errors=CHANGE_ERRORS))
def cancel(job_id: str) -> Response[JobReply]:
    cancelling.cancel_job()(job_id, caller=handler.caller)
    view = money.read_jobs().view(job_id, caller=handler.caller)
    reply = job_reply(view, public_base_url=money.settings().public_base_url, now_ms=money.clock().now_ms())
    return Response(status_code=200, content_type=JSON_TYPE, body=reply)
