"""GET /v1/jobs/{id}: the job document."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import reading_jobs
from corent.edge.bodies.jobs import JobReply
from corent.edge.http import Api
from corent.edge.jobs import job_reply
from corent.edge.openapi import READ_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, money

handler = Api(access=reading_jobs(accounts.authenticate))


@handler.routes.get("/v1/jobs/<job_id>", responses=responses({200: JobReply}, errors=READ_ERRORS))
def get(job_id: str) -> Response[JobReply]:
    view = money.read_jobs().view(job_id, caller=handler.caller)
    reply = job_reply(view, public_base_url=money.settings().public_base_url, now_ms=money.clock().now_ms())
    return Response(status_code=200, content_type=JSON_TYPE, body=reply)
