"""POST /v1/videos/batch: up to a hundred video orders bought as one; each is charged once it is delivered."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import generating
from corent.edge.batches import accepted_batch, items_of
from corent.edge.bodies.batches import AcceptedBatchReply, VideoBatchBody
from corent.edge.http import Api
from corent.edge.openapi import SPEND_ERRORS, responses
from corent.edge.orders import purchase_of
from corent.edge.rendering import JSON_TYPE
from corent.edge.videos import order_of
from corent.wiring import accounts, batch_orders, crossings

PATH = "/v1/videos/batch"

handler = Api(
    access=generating(accounts.authenticate),
    figures=crossings.figures,
)


@handler.routes.post(PATH, responses=responses({202: AcceptedBatchReply}, errors=SPEND_ERRORS))
def buy(body: VideoBatchBody) -> Response[AcceptedBatchReply]:
    exchange = handler.exchange
    purchase = purchase_of(body, exchange, caller=handler.caller, path=PATH, wait_s=0, makes="batch")
    bought = batch_orders.buy_batch()(items_of(body.requests, order_of=order_of), purchase)
    return Response(status_code=202, content_type=JSON_TYPE, body=accepted_batch(bought, exchange))
