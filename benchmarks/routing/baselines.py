"""Rivals in their plainest form: each orders the offers its way and fails over down that order.

They learn of an attempt's end at once, where Corent waits for its stream.
"""

from collections.abc import Sequence
from typing import Final

from benchmarks.routing.chance import uniform
from benchmarks.routing.simulator import Attempt, Job, Plan, Traffic
from benchmarks.routing.worlds import HANGS, PRICE_MICROS
from corent.core.tiers import Preference
from corent.routing.health import IMAGE_HALF_MS, speed_milli
from corent.routing.offers import Offer
from corent.routing.rank import WEIGHTS

SHUFFLE: Final = 7
EWMA_SHARE: Final = 0.3


class Baseline:
    """One that learns nothing."""

    def __init__(self, offers: Sequence[Offer], *, seed: int) -> None:
        self.offers = offers
        self.seed = seed
        self.places = tuple(range(len(offers)))

    def plan(self, number: int, *, now_ms: int, traffic: Traffic) -> Plan:  # noqa: ARG002 - a port's
        """In the catalog's order."""
        return Plan(self.places)

    def ended(self, attempt: Attempt) -> None:
        """Not looked at."""

    def finished(self, job: Job) -> None:
        """Not looked at."""


class RandomOrder(Baseline):
    """A new shuffle for each request."""

    def plan(self, number: int, *, now_ms: int, traffic: Traffic) -> Plan:  # noqa: ARG002 - a port's
        """By lot."""
        return Plan(tuple(sorted(self.places, key=lambda place: uniform(self.seed, number, place, SHUFFLE))))


class RoundRobin(Baseline):
    """Each request begins one further."""

    def plan(self, number: int, *, now_ms: int, traffic: Traffic) -> Plan:  # noqa: ARG002 - a port's
        """From the next on."""
        first = number % len(self.places)
        return Plan(self.places[first:] + self.places[:first])


class LeastBusy(Baseline):
    """Fewest requests under way first; among equals, by lot."""

    def plan(self, number: int, *, now_ms: int, traffic: Traffic) -> Plan:  # noqa: ARG002 - a port's
        """By what is under way."""
        busy = traffic.in_flight
        by_lot = {place: uniform(self.seed, number, place, SHUFFLE) for place in self.places}
        return Plan(tuple(sorted(self.places, key=lambda place: (busy[place], by_lot[place]))))


class LowestLatency(Baseline):
    """By the moving average of its times, from the catalog's on; a failure counts as a time-out."""

    def __init__(self, offers: Sequence[Offer], *, seed: int) -> None:
        super().__init__(offers, seed=seed)
        self._average_ms = [float(offer.typical_latency_ms) for offer in offers]

    def plan(self, number: int, *, now_ms: int, traffic: Traffic) -> Plan:  # noqa: ARG002 - a port's
        """Fastest first."""
        return Plan(tuple(sorted(self.places, key=self._average_ms.__getitem__)))

    def ended(self, attempt: Attempt) -> None:
        """Move the average."""
        took_ms = HANGS.duration_ms if attempt.fault is not None else attempt.ended_ms - attempt.started_ms
        before_ms = self._average_ms[attempt.offer]
        self._average_ms[attempt.offer] = before_ms + EWMA_SHARE * (took_ms - before_ms)


class Priority(Baseline):
    """One order for ever."""

    def __init__(self, offers: Sequence[Offer], worths: Sequence[float], *, seed: int) -> None:
        super().__init__(offers, seed=seed)
        self._plan = Plan(tuple(sorted(self.places, key=lambda place: -worths[place])))

    def plan(self, number: int, *, now_ms: int, traffic: Traffic) -> Plan:  # noqa: ARG002 - a port's
        """That one."""
        return self._plan


def cheapest_first(offers: Sequence[Offer], *, seed: int) -> Baseline:
    """By the catalog's costs."""
    return Priority(offers, [-offer.cost_micros for offer in offers], seed=seed)


def static_priority(offers: Sequence[Offer], preference: Preference, *, seed: int) -> Baseline:
    """By what the catalog says of the preference's subject; for balanced, by the catalog's whole score."""
    match preference:
        case Preference.QUALITY:
            worths = [offer.quality for offer in offers]
        case Preference.CHEAP:
            worths = [-float(offer.cost_micros) for offer in offers]
        case Preference.FAST:
            worths = [-float(offer.typical_latency_ms) for offer in offers]
        case Preference.BALANCED:
            worths = [_catalog_score(offer) for offer in offers]
    return Priority(offers, worths, seed=seed)


def _catalog_score(offer: Offer) -> float:
    weights = WEIGHTS[Preference.BALANCED]
    return (
        weights.cost * (1 - offer.cost_micros / PRICE_MICROS)
        + weights.latency * speed_milli(offer.typical_latency_ms, half_ms=IMAGE_HALF_MS) / 1000
        + weights.quality * offer.quality
    )
