"""Receiving the card processor's events."""

from functools import cache

from corent.adapters.aws import SQS
from corent.adapters.sqs import SqsPayments
from corent.adapters.stripe_signature import StripeSignature
from corent.core.clock import SystemClock
from corent.usecases.receive_payment_event import ReceivePaymentEvent
from corent.wiring import stripe
from corent.wiring.settings import Settings, read_settings


class EventSettings(Settings):
    """`payments_queue_url` is where payments wait to be looked at."""

    payments_queue_url: str


@cache
def receive() -> ReceivePaymentEvent:
    queue_url = read_settings(EventSettings).payments_queue_url
    return ReceivePaymentEvent(
        verify=StripeSignature(account=stripe.account(), clock=SystemClock()),
        wake=SqsPayments(SQS(), queue_url=queue_url),
        expects_live=stripe.expects_live(),
    )
