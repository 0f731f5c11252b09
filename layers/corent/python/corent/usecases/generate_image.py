"""Generate images: hold the money, try the ranked offers, settle, all inside the caller's wait.

What is not ready in that time goes on in another function, so that no work hangs on the caller's
connection. A death between any two steps leaves a hold, never a charge; the deadline sweep gives it back.
"""

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from corent.accounts.keys import Mode
from corent.core.clock import Clock
from corent.core.errors import (
    InvalidRequestError,
    MaxCostExceededError,
    NotFoundError,
    RequestInProgressError,
    TierUnavailableError,
)
from corent.core.fetching import Fetch, FetchFailedError, FetchLimits, FetchRefusedError
from corent.core.money import cents_floor, quote_micros
from corent.core.pictures import NotAPictureError, clean_picture, media_type
from corent.core.tiers import Kind, Tier
from corent.core.upstream import InputImage
from corent.jobs.job import IMAGE_DEADLINE_MS, TERMINAL, ImageOrder, Job, JobState
from corent.jobs.store import JobStore
from corent.ledger.ledger import SameRequest
from corent.ledger.store import IdempotencyClaim, KeyLimit
from corent.routing.health import OfferHealth
from corent.routing.offers import Offer
from corent.routing.rank import RouteRequest, rank
from corent.routing.route import dump_route
from corent.usecases.authenticate import Caller
from corent.usecases.image_attempts import Delivered, ImageAttempts, Unfinished
from corent.usecases.settle_image import SettleImage
from corent.usecases.wallets import Wallets

IDEMPOTENCY_KEPT_S: Final = 24 * 3600
HOLD_TIMEOUT_S: Final = 10.0
INPUT_LIMITS: Final = FetchLimits(bytes_max=20 * 1024 * 1024, timeout_s=10.0, redirects_max=0)


class Offers(Protocol):
    """What is on sale now, and how it has been doing."""

    def on_offer(self, *, mode: Mode) -> tuple[Offer, ...]:
        """Offers of upstreams we hold credentials for, as that kind of key may use them."""
        ...

    def health(self) -> dict[str, OfferHealth]:
        """Recent results by offer id; the last known ones when they cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class Purchase:
    """What came with the order: who pays, how long they wait, and how a repeat is recognised."""

    caller: Caller
    ulid: str
    wait_s: float
    max_cost_cents: int | None
    idempotency_key: str | None
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ImageAnswer:
    """The job after the wait. `replayed` when an earlier request with the same key made it."""

    job: Job
    replayed: bool


class GenerateImage:
    """Takes an order to its end, or hands it on."""

    def __init__(
        self,
        *,
        tiers: tuple[Tier, ...],
        offers: Offers,
        wallets: Wallets,
        jobs: JobStore,
        attempts: ImageAttempts,
        settle: SettleImage,
        fetch_input: Fetch,
        carry_on: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._tiers = {tier.preference: tier for tier in tiers if tier.kind is Kind.IMAGE}
        self._offers = offers
        self._wallets = wallets
        self._jobs = jobs
        self._attempts = attempts
        self._settle = settle
        self._fetch_input = fetch_input
        self._carry_on = carry_on
        self._clock = clock

    def __call__(self, order: ImageOrder, purchase: Purchase) -> ImageAnswer:
        """Return the job: completed and charged once, failed and not charged, or going on elsewhere.

        Raises before anything is held: MaxCostExceededError, InvalidRequestError for an unusable image_url,
        TierUnavailableError when no offer can take the order, and what `Ledger.hold` raises. Raises
        RequestInProgressError for the repeat of a request that is still being worked on.
        """
        tier = self._tiers[order.preference]
        price_micros = quote_micros(tier.price_micros, units=order.n)
        if purchase.max_cost_cents is not None and cents_floor(price_micros) > purchase.max_cost_cents:
            raise MaxCostExceededError(
                "The price is above max_cost_cents.",
                param="max_cost_cents",
                details={"required_cents": cents_floor(price_micros)},
            )
        claim = _claim(purchase, now_ms=self._clock.now_ms())
        try:
            picture = fetch_input_image(order.image_url, fetch=self._fetch_input) if order.image_url else None
            job = self._new_job(order, purchase, tier=tier, price_micros=price_micros)
        except (InvalidRequestError, TierUnavailableError):
            # What is gone by now may have been there for the first request with this key.
            same = self._wallets.same_request(purchase.caller, idempotency=claim) if claim else None
            if same is None:
                raise
            return self._replay(same.job_id)
        held = self._wallets.hold(
            job,
            caller=purchase.caller,
            deadline_s=self._clock.monotonic_s() + HOLD_TIMEOUT_S,
            idempotency=claim,
            key_limit=key_limit_of(purchase.caller, month=job.spent_month),
        )
        if isinstance(held, SameRequest):
            return self._replay(held.job_id)
        if job.deferred:
            self._hand_on(job)
            return ImageAnswer(job=job, replayed=False)
        until_ms = job.created_at_ms + round(purchase.wait_s * 1000)
        try:
            outcome = self._attempts.run(job, until_ms=until_ms, picture=lambda: picture)
        except Exception:
            self._settle.fail(job)
            raise
        if isinstance(outcome, Unfinished):
            waiting = replace(job, state=JobState.PROCESSING, deferred=True, attempts=outcome.attempts)
            if self._jobs.defer(job.id, attempts=outcome.attempts):
                self._hand_on(waiting)
            return ImageAnswer(job=waiting, replayed=False)
        if isinstance(outcome, Delivered):
            return ImageAnswer(job=self._settle.deliver(job, outcome), replayed=False)
        return ImageAnswer(job=self._settle.fail(job, outcome), replayed=False)

    def _hand_on(self, job: Job) -> None:
        """Let another function carry the job on; where that cannot be arranged, it ends here."""
        try:
            self._carry_on(job.id)
        except Exception:
            self._settle.fail(job)
            raise

    def _new_job(self, order: ImageOrder, purchase: Purchase, *, tier: Tier, price_micros: int) -> Job:
        now_ms = self._clock.now_ms()
        moment = datetime.fromtimestamp(now_ms / 1000, UTC)
        route = rank(
            RouteRequest(
                tier=tier.name,
                preference=order.preference,
                aspect_ratio=order.aspect_ratio,
                output_format=order.output_format,
                count=order.n,
                seeded=order.seed is not None,
                image=order.image_url is not None,
                day=moment.date(),
            ),
            offers=self._offers.on_offer(mode=purchase.caller.key.mode),
            health=self._offers.health(),
            seed=_seed(purchase.ulid),
        )
        if not route.candidates:
            raise TierUnavailableError(
                "Nothing in this tier can serve this combination of options just now.", retry_after_s=60
            )
        limited = purchase.caller.key.limit_micros is not None
        deferred = purchase.wait_s == 0
        return Job(
            id=f"job_{purchase.ulid}",
            wallet_id=purchase.caller.wallet_id,
            kind=Kind.IMAGE,
            tier=tier.name,
            state=JobState.QUEUED if deferred else JobState.PROCESSING,
            hold_micros=price_micros,
            order=order,
            route=dump_route(route),
            files_key=secrets.token_hex(16),
            created_at_ms=now_ms,
            deadline_ms=now_ms + IMAGE_DEADLINE_MS,
            deferred=deferred,
            key_sha256=purchase.caller.key_sha256 if limited else None,
            spent_month=f"{moment:%Y%m}" if limited else None,
        )

    def _replay(self, job_id: str) -> ImageAnswer:
        job = self._jobs.read(job_id)
        if job is None:
            raise NotFoundError("There is no such job.")
        if not job.deferred and job.state not in TERMINAL:
            raise RequestInProgressError(
                "The first request with this Idempotency-Key is still being worked on.", retry_after_s=2
            )
        return ImageAnswer(job=job, replayed=True)


def fetch_input_image(url: str, *, fetch: Fetch) -> InputImage:
    """The caller's input image, without metadata. Raises InvalidRequestError when it cannot be used."""
    try:
        picture = clean_picture(fetch(url, limits=INPUT_LIMITS))
    except (FetchRefusedError, FetchFailedError, NotAPictureError) as error:
        raise InvalidRequestError(
            "image_url must be a public https address of a PNG, JPEG or WebP image of at most 20 MiB.",
            code="invalid_image_url",
            param="image_url",
        ) from error
    return InputImage(content=picture.content, media_type=media_type(picture.format))


def fingerprint(method: str, path: str, body: Any) -> str:
    """SHA-256 over the method, the path and the parsed body in canonical form."""
    canonical = json.dumps([method, path, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def key_limit_of(caller: Caller, *, month: str | None) -> KeyLimit | None:
    """The spending limit of the key that buys, where it has one."""
    if month is None or caller.key.limit_micros is None:
        return None
    return KeyLimit(key_sha256=caller.key_sha256, month=month, limit_micros=caller.key.limit_micros)


def _claim(purchase: Purchase, *, now_ms: int) -> IdempotencyClaim | None:
    if purchase.idempotency_key is None:
        return None
    return IdempotencyClaim(
        key_sha256=hashlib.sha256(purchase.idempotency_key.encode()).hexdigest(),
        fingerprint=purchase.fingerprint,
        expires_at_s=now_ms // 1000 + IDEMPOTENCY_KEPT_S,
    )


def _seed(ulid: str) -> int:
    """The route's seed: from the job's own id, so that it needs no source of chance of its own."""
    return int.from_bytes(hashlib.sha256(ulid.encode()).digest()[:4], "big")
