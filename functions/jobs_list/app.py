"""GET /v1/jobs: the caller's jobs, newest first."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from corent.edge.access import reading_jobs
from corent.edge.bodies import JOB_CURSOR, JobKind, JobStatus
from corent.edge.bodies.jobs import JobsReply
from corent.edge.http import Api
from corent.edge.jobs import filters, page_reply
from corent.edge.openapi import READ_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, money

handler = Api(access=reading_jobs(accounts.authenticate))


@handler.routes.get("/v1/jobs", responses=responses({200: JobsReply}, errors=READ_ERRORS))
def list_jobs(
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(pattern=JOB_CURSOR)] = None,
    status: Annotated[JobStatus | None, Query()] = None,
    kind: Annotated[JobKind | None, Query()] = None,
) -> Response[JobsReply]:
    state, wanted_kind = filters(status, kind=kind)
    page = money.read_jobs().list(
        caller=handler.caller, limit=limit, cursor=cursor, state=state, kind=wanted_kind
    )
    reply = page_reply(page, public_base_url=money.settings().public_base_url, now_ms=money.clock().now_ms())
    return Response(status_code=200, content_type=JSON_TYPE, body=reply)
