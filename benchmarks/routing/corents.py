"""Corent's own policy: the real views, trials, routes and folds, with the delays that production has.

What is on sale is read through `OffersOnSale`, so a view is at most HEALTH_KEPT_S old and a trial is one
lease. An image's attempts are written with its job's end, and the table's stream tells of them FOLD_LAG_MS
later. Accounts are asked once a minute; no offer here is free, so no probe generates anything.
"""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import Final

from benchmarks.routing.chance import uniform
from benchmarks.routing.simulator import Attempt, Job, Plan, Traffic
from benchmarks.routing.worlds import MINUTE_MS, PRICE_MICROS, TIER, World
from corent.accounts.keys import Mode
from corent.core.tiers import AspectRatio, ImageFormat, Preference
from corent.health.document import Call, HealthDocument, fold_calls, fold_jobs
from corent.health.evidence import PROBE_WEIGHT, Observation
from corent.health.status import StatusDocument
from corent.health.tiers import JobEnded
from corent.routing.health import with_trial
from corent.routing.rank import RouteRequest, half_open, rank
from corent.routing.route import Route
from corent.usecases.offers_on_sale import DailyCaps, OffersOnSale

FOLD_LAG_MS: Final = (1_000, 2_000)
ROUTE_SEED, LAG = range(5, 7)


class Corent:
    """Plans as `DraftJob` does, is told as `FoldHealth` is."""

    def __init__(self, world: World, preference: Preference, *, seed: int) -> None:
        self._offers = world.offers
        self._places = {offer.id: place for place, offer in enumerate(world.offers)}
        self._seed = seed
        self._clock = VirtualClock(world.start_ms)
        self._store = MemoryHealth()
        self._on_sale = OffersOnSale(
            offers=world.offers,
            credentialed=frozenset,
            caps=lambda: DailyCaps(total_micros=None, micros={}),
            health=self._store,
            clock=self._clock,
        )
        self._request = RouteRequest(
            tier=TIER,
            preference=preference,
            unit_price_micros=PRICE_MICROS,
            aspect_ratio=AspectRatio.SQUARE,
            seeded=False,
            image=False,
            day=datetime.fromtimestamp(world.start_ms / 1000, UTC).date(),
            output_format=ImageFormat.PNG,
        )
        self._stream: list[tuple[int, int, Job]] = []
        self._probes = deque(_probe_minutes(world))
        self._probe = _account_probes(world)

    def plan(self, number: int, *, now_ms: int, traffic: Traffic) -> Plan:  # noqa: ARG002 - a port's
        """The candidates of a real route."""
        route = self.route(number, now_ms=now_ms)
        order = tuple(self._places[candidate.offer_id] for candidate in route.candidates)
        return Plan(order=order, attempts_max=route.attempts_max)

    def route(self, number: int, *, now_ms: int) -> Route:
        """The route of that request, by what is known by then."""
        self._catch_up(now_ms)
        self._clock.time_ms = now_ms
        health = self._on_sale.health(mode=Mode.LIVE)
        for offer in half_open(self._request, offers=self._offers, health=health, spent_up=frozenset()):
            if self._on_sale.claim_trial(offer):
                health = with_trial(health, offer.id)
                break
        route_seed = int(uniform(self._seed, number, ROUTE_SEED) * 2**32)
        return rank(self._request, offers=self._offers, health=health, seed=route_seed)

    def ended(self, attempt: Attempt) -> None:
        """Nothing is written before the job's end."""

    def finished(self, job: Job) -> None:
        """Its record goes to the stream."""
        least_ms, most_ms = FOLD_LAG_MS
        lag_ms = least_ms + (most_ms - least_ms) * uniform(self._seed, job.number, LAG)
        heappush(self._stream, (job.ended_ms + round(lag_ms), job.number, job))

    def _catch_up(self, now_ms: int) -> None:
        """Fold all that was told by now, in its order."""
        while True:
            told_ms = self._stream[0][0] if self._stream else now_ms + 1
            probe_ms = self._probes[0] if self._probes else now_ms + 1
            if min(told_ms, probe_ms) > now_ms:
                return
            if probe_ms <= told_ms:
                self._probes.popleft()
                self._store.document = fold_calls(
                    self._store.document, self._probe(probe_ms), now_ms=probe_ms
                )
            else:
                self._fold(heappop(self._stream)[2], now_ms=told_ms)

    def _fold(self, job: Job, *, now_ms: int) -> None:
        calls = [Call(observation=self._observation(each), tiers=(TIER,)) for each in job.attempts]
        ended = JobEnded(
            tier=TIER,
            ended_at_ms=job.ended_ms,
            success=job.served_by is not None,
            time_ms=job.ended_ms - job.arrived_ms,
            retries=len(job.attempts) - 1,
        )
        document = fold_calls(self._store.document, calls, now_ms=now_ms)
        self._store.document = fold_jobs(document, [ended], now_ms=now_ms)

    def _observation(self, attempt: Attempt) -> Observation:
        offer, fault = self._offers[attempt.offer], attempt.fault
        return Observation(
            offer_id=offer.id,
            upstream=offer.upstream,
            ended_at_ms=attempt.ended_ms,
            failure=None if fault is None else fault.failure,
            time_ms=attempt.ended_ms - attempt.started_ms,
            cost_ratio=attempt.cost_ratio if fault is None else None,
            retry_after_ms=None if fault is None else fault.retry_after_ms,
        )


class VirtualClock:
    """Time that passes by being told to."""

    def __init__(self, time_ms: int) -> None:
        self.time_ms = time_ms

    def now_ms(self) -> int:
        """As told."""
        return self.time_ms

    def monotonic_s(self) -> float:
        """As told."""
        return self.time_ms / 1000

    def sleep(self, duration_s: float) -> None:
        """Nobody waits here."""
        raise AssertionError(f"slept for {duration_s} s")


class MemoryHealth:
    """HealthStore in memory, as far as routing asks it."""

    def __init__(self) -> None:
        self.document = HealthDocument()
        self._trials: dict[str, int] = {}

    def read(self) -> HealthDocument:
        """All that was folded."""
        return self.document

    def update(self, fold: Callable[[HealthDocument], HealthDocument]) -> HealthDocument:
        """Nobody comes between."""
        self.document = fold(self.document)
        return self.document

    def read_status(self) -> StatusDocument:
        """Nothing is published here."""
        return StatusDocument()

    def update_status(self, step: Callable[[StatusDocument], StatusDocument]) -> None:
        """Nothing is published here."""

    def claim_trial(self, offer_id: str, *, now_ms: int, until_ms: int) -> bool:
        """One at a time, until its lease is over."""
        if now_ms < self._trials.get(offer_id, 0):
            return False
        self._trials[offer_id] = until_ms
        return True


def _probe_minutes(world: World) -> Iterator[int]:
    return iter(range(world.start_ms, world.end_ms, MINUTE_MS))


def _account_probes(world: World) -> Callable[[int], list[Call]]:
    """Ask each upstream's account, through the state of its first offer."""
    firsts = {offer.upstream: place for place, offer in reversed(tuple(enumerate(world.offers)))}

    def probe(now_ms: int) -> list[Call]:
        return [
            Call(
                observation=Observation(
                    offer_id="",
                    upstream=upstream,
                    ended_at_ms=now_ms,
                    failure=world.timelines[place].at(now_ms).account,
                    weight=PROBE_WEIGHT,
                ),
                tiers=(),
            )
            for upstream, place in firsts.items()
        ]

    return probe
