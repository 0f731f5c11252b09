"""Where a caller wants to be told of the end: its address judged and its secret sealed before the hold."""

from dataclasses import dataclass, field
from typing import Protocol, overload

from corent.core.errors import InvalidRequestError
from corent.core.sending import SendRefusedError
from corent.jobs.job import Webhook


class Webhooks(Protocol):
    """What a caller's webhook is checked and kept with."""

    def check(self, url: str) -> None:
        """Raise SendRefusedError for an address that may not be called, whatever its name resolves to."""
        ...

    def seal(self, secret: str, *, wallet_id: str, job_id: str) -> str:
        """The secret, encrypted for this job (or batch) alone."""
        ...


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """Where the caller wants to be told of the end, and what to sign it with."""

    url: str
    secret: str | None = field(repr=False)


@overload
def accept_webhook(
    request: WebhookRequest, *, webhooks: Webhooks, wallet_id: str, subject_id: str
) -> Webhook: ...


@overload
def accept_webhook(
    request: WebhookRequest | None, *, webhooks: Webhooks, wallet_id: str, subject_id: str
) -> Webhook | None: ...


def accept_webhook(
    request: WebhookRequest | None, *, webhooks: Webhooks, wallet_id: str, subject_id: str
) -> Webhook | None:
    """The webhook as it is kept with its job or batch. Raises InvalidRequestError for an unusable address."""
    if request is None:
        return None
    try:
        webhooks.check(request.url)
    except SendRefusedError as error:
        raise InvalidRequestError(
            "webhook_url must be a public https address.", code="invalid_webhook_url", param="webhook_url"
        ) from error
    if request.secret is None:
        return Webhook(url=request.url, sealed_secret=None)
    sealed = webhooks.seal(request.secret, wallet_id=wallet_id, job_id=subject_id)
    return Webhook(url=request.url, sealed_secret=sealed)
