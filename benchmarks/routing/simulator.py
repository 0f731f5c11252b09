"""One policy in one world: requests arrive, attempts are made in the policy's order, and end.

The rules of the house hold for every policy: at most three attempts, each at another offer; one more after
an answer that was lost, as it may have been billed; none that cannot be expected to end before the deadline.
What an attempt comes to is drawn from the seed, the request and the offer (a request never tries one twice),
so that all policies meet the same luck.
"""

from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import exp
from typing import Final, Protocol

from benchmarks.routing.chance import normal, uniform
from benchmarks.routing.worlds import LIMITED, MINUTE_MS, SIGMA, Fault, State, World
from corent.core.upstream import Failure
from corent.jobs.job import IMAGE_DEADLINE_MS
from corent.routing.decide import ATTEMPTS_MAX
from corent.usecases.next_step import IMAGE_ATTEMPT_MAX_MS, SETTLE_RESERVE_MS

HEALTHY_FROM: Final = 0.9
TOO_LONG: Final = Fault(Failure.UNAVAILABLE, IMAGE_ATTEMPT_MAX_MS, is_billed=True)
# What a draw is for.
SUCCEEDS, HOW_LONG, WHICH_FAULT = range(2, 5)


@dataclass(frozen=True, slots=True)
class Plan:
    """Offers by their places in the catalog, in the order in which they are tried."""

    order: tuple[int, ...]
    attempts_max: int = ATTEMPTS_MAX


@dataclass(frozen=True, slots=True)
class Attempt:
    """One that ended: `fault` is None for a delivered result."""

    offer: int
    started_ms: int
    ended_ms: int
    cost_micros: float
    cost_ratio: float
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class Job:
    """A request that ended. `was_healthy` when it came while an offer could well have served it."""

    number: int
    arrived_ms: int
    ended_ms: int
    was_healthy: bool
    attempts: tuple[Attempt, ...]

    @property
    def served_by(self) -> int | None:
        """The offer that delivered, if one did."""
        last = self.attempts[-1]
        return last.offer if last.fault is None else None


@dataclass(slots=True)
class Traffic:
    """What is under way, and what began in this minute, by offer."""

    in_flight: list[int]
    minute: int = 0
    begun: list[int] = field(default_factory=list)

    def has_room(self, offer: int, state: State, *, now_ms: int) -> bool:
        """Whether the offer takes one more now."""
        if state.concurrent_max is not None and self.in_flight[offer] >= state.concurrent_max:
            return False
        if state.minute_max is None or now_ms // MINUTE_MS != self.minute:
            return True
        return self.begun[offer] < state.minute_max

    def begin(self, offer: int, *, now_ms: int) -> None:
        """Count one that was taken."""
        if now_ms // MINUTE_MS != self.minute:
            self.minute = now_ms // MINUTE_MS
            self.begun = [0] * len(self.in_flight)
        self.in_flight[offer] += 1
        self.begun[offer] += 1


class Policy(Protocol):
    """What decides the order, and is told how it went."""

    def plan(self, number: int, *, now_ms: int, traffic: Traffic) -> Plan:
        """The order for that request, best first; not empty."""
        ...

    def ended(self, attempt: Attempt) -> None:
        """An attempt has ended just now."""
        ...

    def finished(self, job: Job) -> None:
        """A request has ended just now."""
        ...


@dataclass(slots=True)
class _Open:
    """A request under way."""

    number: int
    arrived_ms: int
    was_healthy: bool
    plan: Plan
    attempts: list[Attempt] = field(default_factory=list)


def simulate(world: World, policy: Policy, *, seed: int) -> list[Job]:
    """Every request of that world, in the order they ended."""
    return _Run(world, policy, seed=seed).jobs()


class _Run:
    def __init__(self, world: World, policy: Policy, *, seed: int) -> None:
        self._world = world
        self._policy = policy
        self._seed = seed
        self._timelines = world.timelines
        count = len(world.offers)
        self._traffic = Traffic(in_flight=[0] * count, begun=[0] * count)
        # When, in which order of those at once, the attempt that ends, whether it was taken, its request.
        self._ends: list[tuple[int, int, Attempt, bool, _Open]] = []
        self._begun = 0
        self._done: list[Job] = []

    def jobs(self) -> list[Job]:
        """Play it."""
        for number, at_ms in enumerate(self._world.arrivals_ms(self._seed)):
            while self._ends and self._ends[0][0] <= at_ms:
                self._end(*heappop(self._ends))
            plan = self._policy.plan(number, now_ms=at_ms, traffic=self._traffic)
            self._begin(_Open(number, at_ms, self._is_healthy(at_ms), plan), now_ms=at_ms)
        while self._ends:
            self._end(*heappop(self._ends))
        return self._done

    def _is_healthy(self, now_ms: int) -> bool:
        for offer, timeline in enumerate(self._timelines):
            state = timeline.at(now_ms)
            if state.success >= HEALTHY_FROM and self._traffic.has_room(offer, state, now_ms=now_ms):
                return True
        return False

    def _begin(self, job: _Open, *, now_ms: int) -> None:
        offer = job.plan.order[len(job.attempts)]
        state = self._timelines[offer].at(now_ms)
        is_taken = self._traffic.has_room(offer, state, now_ms=now_ms)
        if is_taken:
            self._traffic.begin(offer, now_ms=now_ms)
        attempt = self._attempt(job.number, offer, state if is_taken else None, now_ms=now_ms)
        self._begun += 1
        heappush(self._ends, (attempt.ended_ms, self._begun, attempt, is_taken, job))

    def _attempt(self, number: int, offer: int, state: State | None, *, now_ms: int) -> Attempt:
        fault: Fault | None
        cost_micros, cost_ratio, took_ms = 0.0, 1.0, 0
        if state is None:
            fault = LIMITED
        elif uniform(self._seed, number, offer, SUCCEEDS) < state.success:
            took_ms = round(state.median_ms * exp(SIGMA * normal(self._seed, number, offer, HOW_LONG)))
            fault = TOO_LONG if took_ms > IMAGE_ATTEMPT_MAX_MS else None
        else:
            fault = _fault(state, uniform(self._seed, number, offer, WHICH_FAULT))
        if state is not None and (fault is None or fault.is_billed):
            cost_micros, cost_ratio = state.cost_micros, state.cost_ratio
        ended_ms = now_ms + (took_ms if fault is None else fault.duration_ms)
        return Attempt(offer, now_ms, ended_ms, cost_micros, cost_ratio, fault)

    def _end(self, now_ms: int, _order: int, attempt: Attempt, is_taken: bool, job: _Open) -> None:  # noqa: FBT001 - a row of the heap
        if is_taken:
            self._traffic.in_flight[attempt.offer] -= 1
        job.attempts.append(attempt)
        self._policy.ended(attempt)
        if attempt.fault is not None and self._may_go_on(job, now_ms=now_ms):
            self._begin(job, now_ms=now_ms)
            return
        done = Job(job.number, job.arrived_ms, now_ms, job.was_healthy, tuple(job.attempts))
        self._policy.finished(done)
        self._done.append(done)

    def _may_go_on(self, job: _Open, *, now_ms: int) -> bool:
        made = len(job.attempts)
        if made >= min(job.plan.attempts_max, ATTEMPTS_MAX, len(job.plan.order)):
            return False
        if any(
            each.fault is not None and each.fault.failure is Failure.UNKNOWN for each in job.attempts[:-1]
        ):
            return False
        typical_ms = self._world.offers[job.plan.order[made]].typical_latency_ms
        return typical_ms <= job.arrived_ms + IMAGE_DEADLINE_MS - SETTLE_RESERVE_MS - now_ms


def _fault(state: State, drawn: float) -> Fault:
    for share, fault in state.faults:
        drawn -= share
        if drawn < 0:
            return fault
    return state.faults[-1][1]
