"""Place an order: quote, route, and the one write in which hold, job and idempotency record are born."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
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
from corent.core.sending import SendRefusedError
from corent.core.tiers import Kind, Tier
from corent.core.upstream import InputImage
from corent.jobs.job import (
    IMAGE_DEADLINE_MS,
    TERMINAL,
    VIDEO_DEADLINE_MS,
    ImageOrder,
    Job,
    JobState,
    Order,
    Webhook,
)
from corent.jobs.store import JobStore
from corent.ledger.ledger import SameRequest
from corent.ledger.store import IdempotencyClaim, KeyLimit
from corent.routing.health import OfferHealth
from corent.routing.offers import Offer
from corent.routing.rank import RouteRequest, expected_latency_ms, rank
from corent.routing.route import Route, dump_route
from corent.usecases.authenticate import Caller
from corent.usecases.next_step import for_length
from corent.usecases.wallets import Wallets

IDEMPOTENCY_KEPT_S: Final = 24 * 3600
HOLD_TIMEOUT_S: Final = 10.0
INPUT_LIMITS: Final = FetchLimits(bytes_max=20 * 1024 * 1024, timeout_s=10.0, redirects_max=0)
DEADLINES_MS: Final = {Kind.IMAGE: IMAGE_DEADLINE_MS, Kind.VIDEO: VIDEO_DEADLINE_MS}


class Offers(Protocol):
    """What is on sale now, and how it has been doing."""

    def on_offer(self, *, mode: Mode) -> tuple[Offer, ...]:
        """Offers of upstreams we hold credentials for, as that kind of key may use them."""
        ...

    def health(self) -> dict[str, OfferHealth]:
        """Recent results by offer id; the last known ones when they cannot be read."""
        ...


class Webhooks(Protocol):
    """What a caller's webhook is checked and kept with."""

    def check(self, url: str) -> None:
        """Raise SendRefusedError for an address that may not be called, whatever its name resolves to."""
        ...

    def seal(self, secret: str, *, wallet_id: str, job_id: str) -> str:
        """The secret, encrypted for this job alone."""
        ...


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """Where the caller wants to be told of the end, and what to sign it with."""

    url: str
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Purchase:
    """What came with the order: who pays, how long they wait, and how a repeat is recognised."""

    caller: Caller
    ulid: str
    wait_s: float
    max_cost_cents: int | None
    idempotency_key: str | None
    fingerprint: str
    webhook: WebhookRequest | None = None


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
        tiers: tuple[Tier, ...],
        offers: Offers,
        wallets: Wallets,
        jobs: JobStore,
        webhooks: Webhooks,
        fetch_input: Fetch,
        clock: Clock,
    ) -> None:
        self._tiers = {(tier.kind, tier.preference): tier for tier in tiers}
        self._offers = offers
        self._wallets = wallets
        self._jobs = jobs
        self._webhooks = webhooks
        self._fetch_input = fetch_input
        self._clock = clock

    def __call__(self, order: Order, purchase: Purchase) -> Placed:
        """The new job, its price held; or the one that an earlier request with the same key made.

        Raises before anything is held: MaxCostExceededError, InvalidRequestError for an unusable image_url
        or webhook_url, TierUnavailableError when no offer can take the order, and what `Ledger.hold`
        raises. Raises RequestInProgressError for the repeat of a request that is still being answered.
        """
        kind = Kind.IMAGE if isinstance(order, ImageOrder) else Kind.VIDEO
        tier = self._tiers[kind, order.preference]
        units = order.n if isinstance(order, ImageOrder) else order.duration_s
        price_micros = quote_micros(tier.price_micros, units=units)
        if purchase.max_cost_cents is not None and cents_floor(price_micros) > purchase.max_cost_cents:
            raise MaxCostExceededError(
                "The price is above max_cost_cents.",
                param="max_cost_cents",
                details={"required_cents": cents_floor(price_micros)},
            )
        claim = _claim(purchase, now_ms=self._clock.now_ms())
        try:
            image = fetch_input_image(order.image_url, fetch=self._fetch_input) if order.image_url else None
            webhook = self._webhook(purchase)
            job = self._new_job(order, purchase, tier=tier, price_micros=price_micros, webhook=webhook)
        except (InvalidRequestError, TierUnavailableError):
            # What is gone by now may have been there for the first request with this key.
            same = self._wallets.same_request(purchase.caller, idempotency=claim) if claim else None
            if same is None:
                raise
            return self._earlier(same.job_id)
        held = self._wallets.hold(
            job,
            caller=purchase.caller,
            deadline_s=self._clock.monotonic_s() + HOLD_TIMEOUT_S,
            idempotency=claim,
            key_limit=key_limit_of(purchase.caller, month=job.spent_month),
        )
        if isinstance(held, SameRequest):
            return self._earlier(held.job_id)
        return Placed(job=job, is_new=True, image=image)

    def _new_job(
        self, order: Order, purchase: Purchase, *, tier: Tier, price_micros: int, webhook: Webhook | None
    ) -> Job:
        now_ms = self._clock.now_ms()
        moment = datetime.fromtimestamp(now_ms / 1000, UTC)
        offers = self._offers.on_offer(mode=purchase.caller.key.mode)
        health = self._offers.health()
        route = rank(
            _route_request(order, tier=tier, moment=moment),
            offers=offers,
            health=health,
            seed=_seed(purchase.ulid),
        )
        if not route.candidates:
            raise TierUnavailableError(
                "Nothing in this tier can serve this combination of options just now.", retry_after_s=60
            )
        limited = purchase.caller.key.limit_micros is not None
        deferred = purchase.wait_s == 0 or webhook is not None
        return Job(
            id=f"job_{purchase.ulid}",
            wallet_id=purchase.caller.wallet_id,
            kind=tier.kind,
            tier=tier.name,
            state=JobState.QUEUED if deferred else JobState.PROCESSING,
            hold_micros=price_micros,
            order=order,
            route=dump_route(route),
            files_key=secrets.token_hex(16),
            created_at_ms=now_ms,
            deadline_ms=now_ms + DEADLINES_MS[tier.kind],
            expected_ms=_expected_ms(route, order, offers=offers, health=health),
            deferred=deferred,
            webhook=webhook,
            key_sha256=purchase.caller.key_sha256 if limited else None,
            spent_month=f"{moment:%Y%m}" if limited else None,
        )

    def _webhook(self, purchase: Purchase) -> Webhook | None:
        request = purchase.webhook
        if request is None:
            return None
        try:
            self._webhooks.check(request.url)
        except SendRefusedError as error:
            raise InvalidRequestError(
                "webhook_url must be a public https address.", code="invalid_webhook_url", param="webhook_url"
            ) from error
        if request.secret is None:
            return Webhook(url=request.url, sealed_secret=None)
        sealed = self._webhooks.seal(
            request.secret, wallet_id=purchase.caller.wallet_id, job_id=f"job_{purchase.ulid}"
        )
        return Webhook(url=request.url, sealed_secret=sealed)

    def _earlier(self, job_id: str) -> Placed:
        job = self._jobs.read(job_id)
        if job is None:
            raise NotFoundError("There is no such job.")
        if not job.deferred and job.state not in TERMINAL:
            raise RequestInProgressError(
                "The first request with this Idempotency-Key is still being worked on.", retry_after_s=2
            )
        return Placed(job=job, is_new=False)


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


def _route_request(order: Order, *, tier: Tier, moment: datetime) -> RouteRequest:
    common: dict[str, Any] = {
        "tier": tier.name,
        "preference": order.preference,
        "aspect_ratio": order.aspect_ratio,
        "seeded": order.seed is not None,
        "image": order.image_url is not None,
        "day": moment.date(),
    }
    if isinstance(order, ImageOrder):
        return RouteRequest(**common, output_format=order.output_format, count=order.n)
    return RouteRequest(**common, duration_s=order.duration_s, resolution=order.resolution)


def _expected_ms(
    route: Route, order: Order, *, offers: tuple[Offer, ...], health: dict[str, OfferHealth]
) -> int:
    """How long the first candidate usually takes, for the estimate of progress."""
    first = next(offer for offer in offers if offer.id == route.candidates[0].offer_id)
    latency_ms = max(1, expected_latency_ms(first, health.get(first.id)))
    return latency_ms if isinstance(order, ImageOrder) else for_length(latency_ms, order)


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
