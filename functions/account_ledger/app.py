"""GET /v1/account/ledger: every movement of the account's money, newest first, as JSON or CSV."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from corent.edge.access import reading_money
from corent.edge.account import (
    csv_answer,
    cursor_of_order,
    entries_body,
    entries_csv,
    order_of_cursor,
)
from corent.edge.bodies import LEDGER_CURSOR
from corent.edge.bodies.account import LedgerReply
from corent.edge.http import Api, wants_csv
from corent.edge.openapi import READ_ERRORS, responses
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, money

PATH = "/v1/account/ledger"

handler = Api(access=reading_money(accounts.authenticate))


@handler.routes.get(PATH, responses=responses({200: LedgerReply}, errors=READ_ERRORS, csv=True))
def ledger(
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(pattern=LEDGER_CURSOR)] = None,
) -> Response[LedgerReply | str]:
    entries, following = money.read_account().entries(
        caller=handler.caller, limit=limit, before=order_of_cursor(cursor)
    )
    if wants_csv(handler.exchange):
        return csv_answer(
            entries_csv(entries), path=PATH, query={"limit": limit}, cursor=cursor_of_order(following)
        )
    return Response(
        status_code=200,
        content_type=JSON_TYPE,
        body=LedgerReply.model_validate(entries_body(entries, following=following)),
    )
