"""The deposit endpoint's input and answer."""

from corent.core.clock import rfc3339
from corent.core.idempotency import fingerprint
from corent.edge.bodies.account import DepositBody, DepositReply
from corent.edge.http import Exchange
from corent.edge.idempotency import idempotency_key
from corent.usecases.make_deposit import DepositOrder, MadeDeposit


def deposit_order(body: DepositBody, exchange: Exchange, *, path: str) -> DepositOrder:
    """What is asked for. Raises InvalidRequestError for an unusable Idempotency-Key."""
    return DepositOrder(
        amount_cents=body.amount_cents,
        saves_card=body.save_card,
        ulid=exchange.ulid,
        idempotency_key=idempotency_key(exchange),
        fingerprint=fingerprint("POST", path, exchange.raw_body),
    )


def deposit_body(made: MadeDeposit, exchange: Exchange) -> DepositReply:
    """The body of the answer; a page that an earlier request made is marked as such."""
    if made.rate is not None:
        exchange.show_rate(made.rate)
    else:
        exchange.answer_headers["Idempotency-Replayed"] = "true"
    checkout = made.checkout
    return DepositReply(
        checkout_url=checkout.url,
        session_id=checkout.session_id,
        expires_at=rfc3339(checkout.expires_at_s * 1000),
    )
