"""POST /v1/videos/generate: one prompt in, a job out; charged only once the video is delivered."""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import generating
from corent.edge.bodies.orders import AcceptedReply
from corent.edge.bodies.videos import VideoBody
from corent.edge.http import Api
from corent.edge.openapi import SPEND_ERRORS, responses
from corent.edge.orders import accepted, purchase_of
from corent.edge.rendering import JSON_TYPE
from corent.edge.videos import order_of
from corent.wiring import accounts, crossings, videos

PATH = "/v1/videos/generate"

handler = Api(
    access=generating(accounts.authenticate),
    figures=crossings.figures,
)


@handler.routes.post(PATH, responses=responses({202: AcceptedReply}, errors=SPEND_ERRORS))
def generate(body: VideoBody) -> Response[AcceptedReply]:
    exchange = handler.exchange
    purchase = purchase_of(body, exchange, caller=handler.caller, path=PATH, wait_s=0, quote_id=body.quote_id)
    answer = videos.generate()(order_of(body), purchase)
    return Response(status_code=202, content_type=JSON_TYPE, body=accepted(answer, exchange))
