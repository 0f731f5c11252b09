"""What is on sale now: the catalog, less what we hold no credentials for, with recent health and spending."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from corent.accounts.keys import Mode
from corent.core.clock import Clock, day_of
from corent.core.errors import TemporarilyUnavailableError
from corent.health.results import Result, Spend, is_degraded, median_ms
from corent.health.store import HealthStore
from corent.routing.health import OfferHealth
from corent.routing.offers import Offer

SANDBOX: Final = "sandbox"
HEALTH_KEPT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class DailyCaps:
    """What upstreams may cost us a day, in micro-dollars: all together, and those with a cap of their own."""

    total_micros: int | None
    micros: Mapping[str, int]


class OffersOnSale:
    """Offers and their health, both kept for a while in a warm environment."""

    def __init__(
        self,
        *,
        offers: tuple[Offer, ...],
        credentialed: Callable[[], frozenset[str]],
        caps: Callable[[], DailyCaps],
        health: HealthStore,
        clock: Clock,
    ) -> None:
        self._offers = offers
        self._credentialed = credentialed
        self._caps = caps
        self._store = health
        self._clock = clock
        self._health: dict[str, OfferHealth] = {}
        self._spend = Spend()
        self._health_until_s = float("-inf")

    def on_offer(self, *, mode: Mode) -> tuple[Offer, ...]:
        """Test keys are served by the sandbox; live keys too, where there is no other provider at all."""
        names = self._credentialed()
        others = names - {SANDBOX}
        allowed = others if mode is Mode.LIVE and others else names & {SANDBOX}
        return tuple(offer for offer in self._offers if offer.upstream in allowed)

    def health(self) -> dict[str, OfferHealth]:
        """Recent results by offer id, at most HEALTH_KEPT_S old; the last known ones when unreadable."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._health_until_s:
            self._health_until_s = now_s + HEALTH_KEPT_S
            try:
                window = self._store.read_offers()
            except TemporarilyUnavailableError:
                return self._health
            self._health = {offer: _health(results) for offer, results in window.results.items()}
            self._spend = window.spend
        return self._health

    def spent_up(self) -> frozenset[str]:
        """Upstreams that have cost as much today as they may, all of them once the total has.

        As old as `health`: what is under way comes on top.
        """
        self.health()
        today = self._spend.of(day_of(self._clock.now_ms()))
        caps = self._caps()
        if caps.total_micros is not None and sum(today.values()) >= caps.total_micros:
            return frozenset(offer.upstream for offer in self._offers)
        return frozenset(
            upstream for upstream, micros in caps.micros.items() if today.get(upstream, 0) >= micros
        )


def _health(results: tuple[Result, ...]) -> OfferHealth:
    return OfferHealth(
        results=len(results),
        successes=sum(result.success for result in results),
        latency_ms_p50=median_ms([result.duration_ms for result in results if result.success]),
        degraded=is_degraded(results),
    )
