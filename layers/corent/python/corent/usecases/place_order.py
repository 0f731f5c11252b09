"""Place an order: quote, route, and the one write in which hold, job and idempotency record are born."""

from dataclasses import dataclass

from corent.core.clock import Clock
from corent.core.errors import (
    InvalidRequestError,
    NotFoundError,
    QuoteExpiredError,
    RequestInProgressError,
    TierUnavailableError,
)
from corent.core.fetching import Fetch
from corent.core.idempotency import SameRequest
from corent.core.upstream import InputImage
from corent.jobs.job import TERMINAL, Job, Order
from corent.jobs.store import JobStore
from corent.usecases.callers_webhooks import Webhooks, accept_webhook
from corent.usecases.draft_job import DraftJob
from corent.usecases.input_images import fetch_input_image
from corent.usecases.purchase import HOLD_TIMEOUT_S, Purchase, check_budget, key_limit_of
from corent.usecases.quote_tokens import QuoteTokens
from corent.usecases.wallets import Wallets


@dataclass(frozen=True, slots=True)
class Placed:
    """The job. `is_new` when this call made it; `image` is its input image, fetched and cleaned."""

    job: Job
    is_new: bool
    image: InputImage | None = None


class PlaceOrder:
    """Makes jobs, with their money held."""

    def __init__(
        self,
        *,
        draft: DraftJob,
        quotes: QuoteTokens,
        wallets: Wallets,
        jobs: JobStore,
        webhooks: Webhooks,
        fetch_input: Fetch,
        clock: Clock,
    ) -> None:
        self._draft = draft
        self._quotes = quotes
        self._wallets = wallets
        self._jobs = jobs
        self._webhooks = webhooks
        self._fetch_input = fetch_input
        self._clock = clock

    def __call__(self, order: Order, purchase: Purchase) -> Placed:
        """The new job, its price held; or the one that an earlier request with the same key made.

        Raises before anything is held: InvalidRequestError for an unusable quote_id, image_url or
        webhook_url, QuoteExpiredError, MaxCostExceededError, TierUnavailableError when no offer can take the
        order, and what `Ledger.hold` raises. Raises RequestInProgressError for the repeat of a request that
        is still being answered.
        """
        claim = purchase.claim(now_ms=self._clock.now_ms())
        try:
            price_micros = self._price_micros(order, purchase)
            check_budget(price_micros, max_cost_cents=purchase.max_cost_cents)
            image = fetch_input_image(order.image_url, fetch=self._fetch_input) if order.image_url else None
            job = self._new_job(order, purchase, price_micros=price_micros)
        except (InvalidRequestError, QuoteExpiredError, TierUnavailableError):
            # What is gone by now, or over, may have been there for the first request with this key.
            same = self._wallets.same_request(purchase.caller, idempotency=claim) if claim else None
            if same is None:
                raise
            return self._earlier(same.purchase_id)
        held = self._wallets.hold(
            job,
            caller=purchase.caller,
            deadline_s=self._clock.monotonic_s() + HOLD_TIMEOUT_S,
            idempotency=claim,
            key_limit=key_limit_of(purchase.caller, month=job.spent_month),
        )
        if isinstance(held, SameRequest):
            return self._earlier(held.purchase_id)
        return Placed(job=job, is_new=True, image=image)

    def _price_micros(self, order: Order, purchase: Purchase) -> int:
        """What it costs: as quoted, whatever the catalog says by now, or today's price."""
        if purchase.quote_id is None:
            return self._draft.price_micros(order)
        return self._quotes.price_micros(
            purchase.quote_id,
            order,
            tier=self._draft.tier(order),
            wallet_id=purchase.caller.wallet_id,
        )

    def _new_job(self, order: Order, purchase: Purchase, *, price_micros: int) -> Job:
        webhook = accept_webhook(
            purchase.webhook,
            webhooks=self._webhooks,
            wallet_id=purchase.caller.wallet_id,
            subject_id=f"job_{purchase.ulid}",
        )
        return self._draft(
            order,
            caller=purchase.caller,
            ulid=purchase.ulid,
            now_ms=self._clock.now_ms(),
            wait_ms=round(purchase.wait_s * 1000) if purchase.wait_s and webhook is None else None,
            webhook=webhook,
            quoted_micros=price_micros,
        )

    def _earlier(self, job_id: str) -> Placed:
        job = self._jobs.read(job_id)
        if job is None:
            raise NotFoundError("There is no such job.")
        if not job.deferred and job.state not in TERMINAL:
            raise RequestInProgressError(
                "The first request with this Idempotency-Key is still being worked on.", retry_after_s=2
            )
        return Placed(job=job, is_new=False)
