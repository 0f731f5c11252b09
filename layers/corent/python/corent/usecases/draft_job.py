"""Draft a job: its price and its route, decided once, from what is on sale at this moment."""

import hashlib
import secrets
from dataclasses import dataclass
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
from corent.routing.route import Candidate, Route, dump_route
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


@dataclass(frozen=True, slots=True)
class Outlook:
    """How long an order's first candidate needs: about the median, and about the 95th percentile."""

    expected_ms: int
    slow_ms: int


class DraftJob:
    """Makes jobs as they are before their money is held."""

    def __init__(self, *, tiers: tuple[Tier, ...], offers: Offers) -> None:
        self._tiers = {(tier.kind, tier.preference): tier for tier in tiers}
        self._offers = offers

    def price_micros(self, order: Order) -> int:
        """What it costs, whichever upstream serves it."""
        units = order.n if isinstance(order, ImageOrder) else order.duration_s
        return quote_micros(self.tier(order).price_micros, units=units)

    def tier(self, order: Order) -> Tier:
        """What it is sold as."""
        kind = Kind.IMAGE if isinstance(order, ImageOrder) else Kind.VIDEO
        return self._tiers[kind, order.preference]

    def __call__(
        self,
        order: Order,
        *,
        caller: Caller,
        ulid: str,
        now_ms: int,
        wait_ms: int | None,
        webhook: Webhook | None = None,
        quoted_micros: int | None = None,
    ) -> Job:
        """The job, queued where its caller does not wait (`wait_ms` is None).

        `quoted_micros` is what it costs where that was promised. Raises TierUnavailableError when no offer
        can take it.
        """
        tier = self.tier(order)
        moment = datetime.fromtimestamp(now_ms / 1000, UTC)
        offers = self._offers.on_offer(mode=caller.key.mode)
        request = _route_request(order, tier=tier, moment=moment, wait_ms=wait_ms)
        route = self._route(request, offers=offers, mode=caller.key.mode, seed=_seed(ulid))
        first = _first(route)
        limited = caller.key.limit_micros is not None
        return Job(
            id=f"job_{ulid}",
            wallet_id=caller.wallet_id,
            kind=tier.kind,
            tier=tier.name,
            state=JobState.QUEUED if wait_ms is None else JobState.PROCESSING,
            hold_micros=self.price_micros(order) if quoted_micros is None else quoted_micros,
            order=order,
            route=dump_route(route),
            files_key=secrets.token_hex(16),
            created_at_ms=now_ms,
            deadline_ms=now_ms + DEADLINES_MS[tier.kind],
            expected_ms=_of_length(first.appraisal.typical_ms, order),
            deferred=wait_ms is None,
            webhook=webhook,
            key_sha256=caller.key_sha256 if limited else None,
            spent_month=f"{moment:%Y%m}" if limited else None,
        )

    def outlook(
        self, order: Order, *, caller: Caller, ulid: str, now_ms: int, wait_ms: int | None
    ) -> Outlook:
        """How the order would do now. Tries no half-open offer: nothing is bought that could close it.

        Raises TierUnavailableError when no offer can take it.
        """
        moment = datetime.fromtimestamp(now_ms / 1000, UTC)
        health = self._offers.health(mode=caller.key.mode)
        route = rank(
            _route_request(order, tier=self.tier(order), moment=moment, wait_ms=wait_ms),
            offers=self._offers.on_offer(mode=caller.key.mode),
            health=health,
            spent_up=self._offers.spent_up(),
            seed=_seed(ulid),
        )
        first = _first(route)
        return Outlook(
            expected_ms=_of_length(first.appraisal.typical_ms, order),
            slow_ms=_of_length(health.offers[first.offer_id].slow_ms, order),
        )

    def _route(self, request: RouteRequest, *, offers: tuple[Offer, ...], mode: Mode, seed: int) -> Route:
        """The order of the offers, one that is half open among them where this request may try it."""
        health, spent_up = self._offers.health(mode=mode), self._offers.spent_up()
        for offer in half_open(request, offers=offers, health=health, spent_up=spent_up):
            if self._offers.claim_trial(offer):
                health = with_trial(health, offer.id)
                break
        return rank(request, offers=offers, health=health, spent_up=spent_up, seed=seed)


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


def _first(route: Route) -> Candidate:
    """The first candidate. Raises TierUnavailableError for a route that has none."""
    if not route.candidates:
        raise TierUnavailableError(
            "Nothing in this tier can serve this combination of options just now.", retry_after_s=60
        )
    return route.candidates[0]


def _of_length(time_ms: int, order: Order) -> int:
    """An offer's time for what is ordered."""
    return time_ms if isinstance(order, ImageOrder) else for_length(time_ms, order)


def _seed(ulid: str) -> int:
    """The route's seed: from the job's own id, so that it needs no source of chance of its own."""
    return int.from_bytes(hashlib.sha256(ulid.encode()).digest()[:4], "big")
