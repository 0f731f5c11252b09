"""What is on sale now: the catalog, less what we hold no credentials for, with recent health and spending."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from corent.accounts.keys import Mode
from corent.core.clock import Clock, day_of
from corent.core.errors import TemporarilyUnavailableError
from corent.health.document import HealthDocument
from corent.health.store import HealthStore
from corent.routing.health import HealthView, view_health
from corent.routing.offers import Offer

SANDBOX: Final = "sandbox"
HEALTH_KEPT_S: Final = 5.0
# How long a trial is waited for before another may be made: in times of a slow answer, and no less than an
# image's attempt may take and be told of. One that ends sooner has closed the breaker or opened it again.
TRIAL_PATIENCE: Final = 2
TRIAL_MIN_MS: Final = 75_000


@dataclass(frozen=True, slots=True)
class DailyCaps:
    """What upstreams may cost us a day, in micro-dollars: all together, and those with a cap of their own."""

    total_micros: int | None
    micros: Mapping[str, int]

    def reached(self, today: Mapping[str, int], *, upstreams: Iterable[str]) -> frozenset[str]:
        """Those of all `upstreams` that have cost as much today as they may: all, once the total has."""
        if self.total_micros is not None and sum(today.values()) >= self.total_micros:
            return frozenset(upstreams)
        return frozenset(name for name, cap_micros in self.micros.items() if today.get(name, 0) >= cap_micros)


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
        self._document = HealthDocument()
        self._view: HealthView | None = None
        self._priors: HealthView | None = None
        self._until_s = float("-inf")
        self._not_tried_until_s: dict[str, float] = {}

    def on_offer(self, *, mode: Mode) -> tuple[Offer, ...]:
        """Test keys are served by the sandbox; live keys too, where there is no other provider at all."""
        names = self._credentialed()
        others = names - {SANDBOX}
        allowed = others if mode is Mode.LIVE and others else names & {SANDBOX}
        return tuple(offer for offer in self._offers if offer.upstream in allowed)

    def health(self, *, mode: Mode) -> HealthView:
        """How every offer does, at most HEALTH_KEPT_S old; by the last known results where unreadable.

        For test keys every offer has its priors: what a prompt scripts must not depend on what others did.
        """
        if mode is Mode.TEST:
            if self._priors is None:
                self._priors = view_health(HealthDocument(), self._offers, now_ms=0)
            return self._priors
        now_s = self._clock.monotonic_s()
        if self._view is None or now_s >= self._until_s:
            self._until_s = now_s + HEALTH_KEPT_S
            with suppress(TemporarilyUnavailableError):
                self._document = self._store.read()
            # Also of an old document: what is open, or rests, does not stay so for ever.
            self._view = view_health(self._document, self._offers, now_ms=self._clock.now_ms())
        return self._view

    def claim_trial(self, offer: Offer) -> bool:
        """Whether this request may try a half-open offer, alone. One write, at most every HEALTH_KEPT_S."""
        now_s = self._clock.monotonic_s()
        if now_s < self._not_tried_until_s.get(offer.id, float("-inf")):
            return False
        self._not_tried_until_s[offer.id] = now_s + HEALTH_KEPT_S
        now_ms = self._clock.now_ms()
        patience_ms = max(TRIAL_MIN_MS, TRIAL_PATIENCE * offer.slow_latency_ms)
        try:
            return self._store.claim_trial(offer.id, now_ms=now_ms, until_ms=now_ms + patience_ms)
        except TemporarilyUnavailableError:
            return False

    def caps(self) -> DailyCaps:
        """The caps in force."""
        return self._caps()

    def spent_up(self) -> frozenset[str]:
        """Upstreams that have cost as much today as they may, all of them once the total has.

        As old as `health`: what is under way comes on top.
        """
        self.health(mode=Mode.LIVE)
        today = self._document.spend.of(day_of(self._clock.now_ms()))
        return self._caps().reached(today, upstreams={offer.upstream for offer in self._offers})
