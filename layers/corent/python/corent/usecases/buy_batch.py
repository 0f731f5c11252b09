"""Buy a batch: all its jobs for one price, held whole or refused whole, and carried by one execution."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from corent.core.clock import Clock
from corent.core.errors import CorentError, NotFoundError
from corent.core.idempotency import SameRequest
from corent.jobs.batch import Batch, BatchState, batch_deadline_ms, job_id_at
from corent.jobs.job import Job, Order
from corent.jobs.store import BatchStore
from corent.usecases.callers_webhooks import Webhooks, accept_webhook
from corent.usecases.draft_job import DEADLINES_MS, DraftJob
from corent.usecases.executions import Start, start_soon
from corent.usecases.input_images import CheckUrl, check_input_url
from corent.usecases.purchase import HOLD_TIMEOUT_S, Purchase, check_budget, key_limit_of
from corent.usecases.wallets import Wallets


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One request of a batch, and what its caller allows for it."""

    order: Order
    max_cost_cents: int | None


@dataclass(frozen=True, slots=True)
class BoughtBatch:
    """The batch and its jobs. `replayed` when an earlier request with the same key bought it."""

    batch: Batch
    jobs: tuple[Job, ...]
    replayed: bool


class BuyBatch:
    """Takes up to BATCH_JOBS_MAX orders of one kind and hands them on."""

    def __init__(
        self,
        *,
        draft: DraftJob,
        wallets: Wallets,
        batches: BatchStore,
        webhooks: Webhooks,
        check_url: CheckUrl,
        start: Start,
        clock: Clock,
    ) -> None:
        self._draft = draft
        self._wallets = wallets
        self._batches = batches
        self._webhooks = webhooks
        self._check_url = check_url
        self._start = start
        self._clock = clock

    def __call__(self, items: Sequence[BatchItem], purchase: Purchase) -> BoughtBatch:
        """The new batch, its price held; or the one that an earlier request with the same key bought.

        Raises before anything is held: MaxCostExceededError, InvalidRequestError and TierUnavailableError,
        with the item they are about in `param`, and what `Ledger.hold_batch` raises. Of an input image only
        the address is judged here: it is fetched when its job's turn comes.
        """
        claim = purchase.claim(now_ms=self._clock.now_ms())
        if claim is not None:
            same = self._wallets.same_request(purchase.caller, idempotency=claim)
            if same is not None:
                return self._earlier(same.purchase_id)
        batch, jobs = self._drafted(items, purchase)
        key_limit = key_limit_of(purchase.caller, month=jobs[0].spent_month)
        self._wallets.check_batch(batch, caller=purchase.caller, key_limit=key_limit)
        self._batches.stage(jobs)
        held = self._wallets.hold(
            batch,
            caller=purchase.caller,
            deadline_s=self._clock.monotonic_s() + HOLD_TIMEOUT_S,
            idempotency=claim,
            key_limit=key_limit,
        )
        if isinstance(held, SameRequest):
            return self._earlier(held.purchase_id)
        start_soon(batch.id, start=self._start)
        return BoughtBatch(batch=batch, jobs=jobs, replayed=False)

    def _drafted(self, items: Sequence[BatchItem], purchase: Purchase) -> tuple[Batch, tuple[Job, ...]]:
        price_micros = 0
        for index, item in enumerate(items):
            with _about(index):
                item_micros = self._draft.price_micros(item.order)
                check_budget(item_micros, max_cost_cents=item.max_cost_cents)
                price_micros += item_micros
                if item.order.image_url is not None:
                    check_input_url(item.order.image_url, check=self._check_url)
        check_budget(price_micros, max_cost_cents=purchase.max_cost_cents)
        batch_id = f"batch_{purchase.ulid}"
        webhook = accept_webhook(
            purchase.webhook,
            webhooks=self._webhooks,
            wallet_id=purchase.caller.wallet_id,
            subject_id=batch_id,
        )
        now_ms = self._clock.now_ms()
        jobs = tuple(
            self._drafted_job(item.order, purchase, batch_id=batch_id, index=index, now_ms=now_ms)
            for index, item in enumerate(items)
        )
        kind = jobs[0].kind
        deadline_ms = batch_deadline_ms(
            created_at_ms=now_ms, jobs=len(jobs), job_deadline_ms=DEADLINES_MS[kind]
        )
        batch = Batch(
            id=batch_id,
            wallet_id=purchase.caller.wallet_id,
            kind=kind,
            state=BatchState.PROCESSING,
            hold_micros=price_micros,
            size=len(jobs),
            created_at_ms=now_ms,
            deadline_ms=deadline_ms,
            webhook=webhook,
        )
        return batch, tuple(replace(job, deadline_ms=deadline_ms) for job in jobs)

    def _drafted_job(
        self, order: Order, purchase: Purchase, *, batch_id: str, index: int, now_ms: int
    ) -> Job:
        ulid = job_id_at(batch_id, index=index).removeprefix("job_")
        with _about(index):
            job = self._draft(order, caller=purchase.caller, ulid=ulid, now_ms=now_ms, wait_ms=None)
        return replace(job, batch_id=batch_id, staged=True)

    def _earlier(self, batch_id: str) -> BoughtBatch:
        batch = self._batches.read(batch_id)
        if batch is None:
            raise NotFoundError("There is no such batch.")
        return BoughtBatch(batch=batch, jobs=self._batches.read_jobs(batch), replayed=True)


@contextmanager
def _about(index: int) -> Iterator[None]:
    """What is wrong with one item is said with its place."""
    try:
        yield
    except CorentError as error:
        place = f"requests[{index}]"
        error.param = f"{place}.{error.param}" if error.param else place
        raise
