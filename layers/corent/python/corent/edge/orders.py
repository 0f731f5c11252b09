"""What every order has beside its content: who pays, how a repeat is recognised, whom to tell of the end."""

from typing import Literal

from corent.core.errors import InvalidRequestError
from corent.core.idempotency import fingerprint
from corent.edge.bodies.orders import AcceptedMeta, AcceptedReply, PurchaseFields
from corent.edge.http import Exchange
from corent.edge.idempotency import idempotency_key
from corent.edge.logs import ids_of, note
from corent.jobs.job import JobState
from corent.usecases.authenticate import Caller
from corent.usecases.callers_webhooks import WebhookRequest
from corent.usecases.generate_image import Answer
from corent.usecases.purchase import Purchase


def purchase_of(
    body: PurchaseFields,
    exchange: Exchange,
    *,
    caller: Caller,
    path: str,
    wait_s: float,
    quote_id: str | None = None,
    makes: Literal["job", "batch"] = "job",
) -> Purchase:
    """How it is bought. Raises InvalidRequestError for an unusable Idempotency-Key or webhook."""
    # What is made shares the request's ULID, and from here on every line is about it.
    note(**{f"{makes}_id": f"{makes}_{exchange.ulid}"})
    return Purchase(
        caller=caller,
        ulid=exchange.ulid,
        wait_s=wait_s,
        max_cost_cents=body.max_cost_cents,
        idempotency_key=idempotency_key(exchange),
        fingerprint=fingerprint("POST", path, exchange.raw_body),
        webhook=_webhook(body),
        quote_id=quote_id,
    )


def accepted(answer: Answer, exchange: Exchange) -> AcceptedReply:
    """The body of a 202: the same for every repeat, whatever became of the job since."""
    job = answer.job
    note_replay(exchange, replayed=answer.replayed, subject_id=job.id)
    exchange.held_micros = job.hold_micros if job.finished_at_ms is None else 0
    exchange.charged_micros = job.hold_micros if job.state is JobState.COMPLETED else 0
    return AcceptedReply(id=job.id, status="processing", meta=AcceptedMeta(model=job.tier))


def note_replay(exchange: Exchange, *, replayed: bool, subject_id: str) -> None:
    """Say that this answers an earlier request again: with its job or batch, and with its errors."""
    if replayed:
        exchange.answer_headers["Idempotency-Replayed"] = "true"
        ids = ids_of(subject_id)
        exchange.error_request_id = ids.pop("request_id")
        note(**ids)


def _webhook(body: PurchaseFields) -> WebhookRequest | None:
    if body.webhook_url is not None:
        return WebhookRequest(url=body.webhook_url, secret=body.webhook_secret)
    if body.webhook_secret is not None:
        raise InvalidRequestError(
            "webhook_secret is of no use without webhook_url.",
            code="invalid_webhook_secret",
            param="webhook_secret",
        )
    return None
