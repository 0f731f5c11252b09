"""POST /v1/jobs/{id}/stream-token: a minute in which a browser may open the job's stream without a key."""

from aws_lambda_powertools.event_handler import Response

from corent.core.clock import rfc3339
from corent.edge.access import reading_jobs
from corent.edge.bodies.streams import StreamTokenReply
from corent.edge.http import Api
from corent.edge.openapi import READ_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, streams

handler = Api(access=reading_jobs(accounts.authenticate), reads_body=False)


@handler.routes.post(
    "/v1/jobs/<job_id>/stream-token", responses=responses({200: StreamTokenReply}, errors=READ_ERRORS)
)
def mint(job_id: str) -> Response[StreamTokenReply]:
    made = streams.tokens().mint(job_id, caller=handler.caller)
    reply = StreamTokenReply(token=made.token, expires_at=rfc3339(made.expires_at_ms))
    return Response(status_code=200, content_type=JSON_TYPE, body=reply)
