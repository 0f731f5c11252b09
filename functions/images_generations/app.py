"""POST /v1/images/generations: images for clients of another shape; the same purchase as every image's.

The shape is OpenAI's; the first line stands in our contract, which names nobody else.
"""

from aws_lambda_powertools.event_handler import Response

from corent.edge.access import generating
from corent.edge.bodies.generations import GenerationsBody, GenerationsReply
from corent.edge.bodies.orders import PurchaseFields
from corent.edge.generations import PATH, WAIT_S, order_of, reply_of, wants_contents
from corent.edge.http import Api
from corent.edge.openapi import SPEND_ERRORS, responses
from corent.edge.orders import purchase_of
from corent.edge.rendering import JSON_TYPE
from corent.edge.tries import try_of
from corent.wiring import accounts, crossings, generations, models, money

handler = Api(
    access=generating(accounts.authenticate),
    figures=crossings.figures,
    turned_away=generations.turned_away,
)


@handler.routes.post(PATH, responses=responses({200: GenerationsReply}, errors=SPEND_ERRORS))
def generate(body: GenerationsBody) -> Response[GenerationsReply]:
    exchange = handler.exchange
    order = order_of(body, tiers=models.tiers())
    purchase = purchase_of(
        PurchaseFields(max_cost_cents=body.max_cost_cents),
        exchange,
        caller=handler.caller,
        path=PATH,
        wait_s=WAIT_S,
        quote_id=body.quote_id,
    )
    answer = generations.generate()(order, purchase, try_of(exchange))
    contents = generations.read_results()(answer.job, wanted=wants_contents(body))
    reply = reply_of(answer, contents, exchange, public_base_url=money.settings().public_base_url)
    return Response(status_code=200, content_type=JSON_TYPE, body=reply)
