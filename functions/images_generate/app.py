"""POST /v1/images/generate: one prompt in, images out; charged only once they are delivered."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import generating
from corent.edge.bodies.images import ImageBody, ImageReply
from corent.edge.bodies.orders import AcceptedReply
from corent.edge.http import Api
from corent.edge.images import answer_body, order_of
from corent.edge.openapi import SPEND_ERRORS, responses
from corent.edge.orders import purchase_of
from corent.edge.rendering import JSON_TYPE
from corent.wiring import accounts, crossings, images, money

PATH = "/v1/images/generate"

handler = Api(
    access=generating(accounts.authenticate),
    figures=crossings.figures,
)


@handler.routes.post(PATH, responses=responses({200: ImageReply, 202: AcceptedReply}, errors=SPEND_ERRORS))
def generate(body: ImageBody) -> Response[ImageReply | AcceptedReply]:
    exchange = handler.exchange
    purchase = purchase_of(
        body,
        exchange,
        caller=handler.caller,
        path=PATH,
        wait_s=body.wait_s,
        quote_id=body.quote_id,
    )
    answer = images.generate()(order_of(body), purchase)
    status, reply = answer_body(answer, exchange, public_base_url=money.settings().public_base_url)
    return Response(status_code=status, content_type=JSON_TYPE, body=reply)
