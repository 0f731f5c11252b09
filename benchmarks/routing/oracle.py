"""The oracle: knows the truth of the moment and takes the order of the best expected utility.

It knows each offer's share of successes, its distribution of times, its cost and whether it has room, but
not how one attempt will end. The rules of the house are its own, too: three attempts, and first never an
offer that fails more than one in five where a better one is.
"""

from itertools import permutations
from math import exp
from statistics import NormalDist
from typing import Final

from benchmarks.routing.simulator import Attempt, Job, Plan, Traffic
from benchmarks.routing.utility import utility
from benchmarks.routing.worlds import SIGMA, State, World
from corent.core.tiers import Preference
from corent.core.upstream import Failure
from corent.routing.decide import ATTEMPTS_MAX
from corent.routing.rank import WEIGHTS

FIRST_FROM: Final = 0.8
# Middles of equally likely parts of a lognormal time.
_PARTS: Final = 5
_FACTORS: Final = tuple(exp(SIGMA * NormalDist().inv_cdf((part + 0.5) / _PARTS)) for part in range(_PARTS))


class Oracle:
    """One for a preference; orders are kept for as long as the same truth comes again."""

    def __init__(self, world: World, preference: Preference) -> None:
        self._timelines = world.timelines
        self._qualities = [offer.quality for offer in world.offers]
        self._weights = WEIGHTS[preference]
        self._known: dict[tuple[State | None, ...], Plan] = {}

    def plan(self, number: int, *, now_ms: int, traffic: Traffic) -> Plan:  # noqa: ARG002 - a port's
        """The best order for this moment."""
        truth: tuple[State | None, ...] = tuple(
            state if traffic.has_room(offer, state, now_ms=now_ms) else None
            for offer, timeline in enumerate(self._timelines)
            if (state := timeline.at(now_ms))
        )
        if truth not in self._known:
            self._known[truth] = self._best(truth)
        return self._known[truth]

    def ended(self, attempt: Attempt) -> None:
        """It knew before."""

    def finished(self, job: Job) -> None:
        """It knew before."""

    def _best(self, truth: tuple[State | None, ...]) -> Plan:
        with_room = [offer for offer, state in enumerate(truth) if state is not None and state.success > 0]
        if not with_room:
            return Plan(tuple(range(len(truth))))
        firsts = {offer for offer in with_room if _success(truth, offer) >= FIRST_FROM} or set(with_room)
        # Two steps: the pairs, each worth more than what comes of a third; then the third behind the best.
        length = min(2, len(with_room))
        pair = max(
            (order for order in permutations(with_room, length) if order[0] in firsts),
            key=lambda order: self._expected(truth, order),
        )
        rest = [offer for offer in with_room if offer not in pair]
        thirds = [(*pair, offer) for offer in rest] or [pair]
        return Plan(max(thirds, key=lambda order: self._expected(truth, order)), attempts_max=ATTEMPTS_MAX)

    def _expected(
        self,
        truth: tuple[State | None, ...],
        order: tuple[int, ...],
        *,
        passed_ms: float = 0.0,
        paid_micros: float = 0.0,
        may_fail_over: bool = True,
    ) -> float:
        """Expected utility of trying these in order, after what has passed and was paid."""
        state = truth[order[0]]
        assert state is not None
        delivered = sum(
            utility(
                self._weights,
                time_ms=passed_ms + state.median_ms * factor,
                paid_micros=paid_micros + state.cost_micros,
                quality=self._qualities[order[0]],
            )
            for factor in _FACTORS
        )
        worth = state.success * delivered / _PARTS
        if len(order) == 1 or not may_fail_over or state.success == 1:
            return worth
        for share, fault in state.faults:
            worth += (
                (1 - state.success)
                * share
                * self._expected(
                    truth,
                    order[1:],
                    passed_ms=passed_ms + fault.duration_ms,
                    paid_micros=paid_micros + state.cost_micros * fault.is_billed,
                    may_fail_over=fault.failure is not Failure.UNKNOWN,
                )
            )
        return worth


def _success(truth: tuple[State | None, ...], offer: int) -> float:
    state = truth[offer]
    return 0.0 if state is None else state.success
