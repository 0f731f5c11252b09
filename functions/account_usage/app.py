"""GET /v1/account/usage: what was spent on which jobs, as JSON or CSV."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from corent.edge.access import reading_money
from corent.edge.account import csv_answer, time_ms, usage_body, usage_csv
from corent.edge.bodies import JOB_CURSOR, TIME
from corent.edge.bodies.account import UsageReply
from corent.edge.http import Api, wants_csv
from corent.edge.openapi import READ_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, money

PATH = "/v1/account/usage"

handler = Api(access=reading_money(accounts.authenticate))


@handler.routes.get(PATH, responses=responses({200: UsageReply}, errors=READ_ERRORS, csv=True))
def usage(
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(pattern=JOB_CURSOR)] = None,
    since: Annotated[str | None, Query(alias="from", pattern=TIME)] = None,
    until: Annotated[str | None, Query(alias="to", pattern=TIME)] = None,
) -> Response[UsageReply | str]:
    found = money.read_account().usage(
        caller=handler.caller,
        limit=limit,
        cursor=cursor,
        since_ms=time_ms(since, param="from"),
        until_ms=time_ms(until, param="to"),
    )
    if wants_csv(handler.exchange):
        return csv_answer(
            usage_csv(found),
            path=PATH,
            query={"limit": limit, "from": since, "to": until},
            cursor=found.recent.next_before,
        )
    return Response(
        status_code=200, content_type=JSON_TYPE, body=UsageReply.model_validate(usage_body(found))
    )
