"""Draft a job: its price and its route, decided once, from what is on sale at this moment."""

import hashlib
import secrets
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from corent.accounts.keys import Mode
from corent.core.errors import TierUnavailableError
from corent.core.money import quote_micros
from corent.core.tiers import Kind, Tier
from corent.jobs.job import (
    IMAGE_DEADLINE_MS,
    VIDEO_DEADLINE_MS,
    ImageOrder,
    Job,
    JobState,
    Order,
    Webhook,
)
from corent.routing.health import HealthView, with_trial
from corent.routing.offers import Offer
from corent.routing.rank import RouteRequest, half_open, rank
from corent.routing.route import Route, dump_route
from corent.usecases.authenticate import Caller
from corent.usecases.next_step import for_length

DEADLINES_MS: Final = {Kind.IMAGE: IMAGE_DEADLINE_MS, Kind.VIDEO: VIDEO_DEADLINE_MS}


class Offers(Protocol):
    """What is on sale now, and how it has been doing."""

    def on_offer(self, *, mode: Mode) -> tuple[Offer, ...]:
        """Offers of upstreams we hold credentials for, as that kind of key may use them."""
        ...

    def health(self, *, mode: Mode) -> HealthView:
        """How every offer does for that kind of key; by the last known results when they cannot be read."""
        ...

    def claim_trial(self, offer: Offer) -> bool:
        """Whether this request may try a half-open offer, alone."""
        ...

    def spent_up(self) -> frozenset[str]:
        """Upstreams that may cost us no more today."""
        ...


class DraftJob:
    """Makes jobs as they are before their money is held."""

    def __init__(self, *, tiers: tuple[Tier, ...], offers: Offers) -> None:
        self._tiers = {(tier.kind, tier.preference): tier for tier in tiers}
        self._offers = offers

    def price_micros(self, order: Order) -> int:
        """What it costs, whichever upstream serves it."""
        units = order.n if isinstance(order, ImageOrder) else order.duration_s
        return quote_micros(self._tier(order).price_micros, units=units)

    def __call__(
        self,
        order: Order,
        *,
        caller: Caller,
        ulid: str,
        now_ms: int,
        wait_ms: int | None,
        webhook: Webhook | None = None,
    ) -> Job:
        """The job, queued where its caller does not wait (`wait_ms` is None).

        Raises TierUnavailableError when no offer can take it.
        """
        tier = self._tier(order)
        moment = datetime.fromtimestamp(now_ms / 1000, UTC)
        offers = self._offers.on_offer(mode=caller.key.mode)
        request = _route_request(order, tier=tier, moment=moment, wait_ms=wait_ms)
        route = self._route(request, offers=offers, mode=caller.key.mode, seed=_seed(ulid))
        if not route.candidates:
            raise TierUnavailableError(
                "Nothing in this tier can serve this combination of options just now.", retry_after_s=60
            )
        limited = caller.key.limit_micros is not None
        return Job(
            id=f"job_{ulid}",
            wallet_id=caller.wallet_id,
            kind=tier.kind,
            tier=tier.name,
            state=JobState.QUEUED if wait_ms is None else JobState.PROCESSING,
            hold_micros=self.price_micros(order),
            order=order,
            route=dump_route(route),
            files_key=secrets.token_hex(16),
            created_at_ms=now_ms,
            deadline_ms=now_ms + DEADLINES_MS[tier.kind],
            expected_ms=_expected_ms(route, order),
            deferred=wait_ms is None,
            webhook=webhook,
            key_sha256=caller.key_sha256 if limited else None,
            spent_month=f"{moment:%Y%m}" if limited else None,
        )

    def _route(self, request: RouteRequest, *, offers: tuple[Offer, ...], mode: Mode, seed: int) -> Route:
        """The order of the offers, one that is half open among them where this request may try it."""
        health, spent_up = self._offers.health(mode=mode), self._offers.spent_up()
        for offer in half_open(request, offers=offers, health=health, spent_up=spent_up):
            if self._offers.claim_trial(offer):
                health = with_trial(health, offer.id)
                break
        return rank(request, offers=offers, health=health, spent_up=spent_up, seed=seed)

    def _tier(self, order: Order) -> Tier:
        kind = Kind.IMAGE if isinstance(order, ImageOrder) else Kind.VIDEO
        return self._tiers[kind, order.preference]


def _route_request(order: Order, *, tier: Tier, moment: datetime, wait_ms: int | None) -> RouteRequest:
    common: dict[str, Any] = {
        "tier": tier.name,
        "preference": order.preference,
        "unit_price_micros": tier.price_micros,
        "aspect_ratio": order.aspect_ratio,
        "seeded": order.seed is not None,
        "image": order.image_url is not None,
        "day": moment.date(),
        "wait_ms": wait_ms,
    }
    if isinstance(order, ImageOrder):
        return RouteRequest(**common, output_format=order.output_format, count=order.n)
    return RouteRequest(**common, duration_s=order.duration_s, resolution=order.resolution)


def _expected_ms(route: Route, order: Order) -> int:
    """How long the first candidate usually takes, for the estimate of progress."""
    typical_ms = route.candidates[0].appraisal.typical_ms
    return typical_ms if isinstance(order, ImageOrder) else for_length(typical_ms, order)


def _seed(ulid: str) -> int:
    """The route's seed: from the job's own id, so that it needs no source of chance of its own."""
    return int.from_bytes(hashlib.sha256(ulid.encode()).digest()[:4], "big")
