"""What is known of one offer, or of one upstream, from its own calls: counts that fade, times, cost, a rest.

Live calls weigh four times a probe's (0.8 to 0.2). Counts fade with time (half of them in FADE_HALF_MS) and
with newer calls (never more than WEIGHT_MAX together), so that what is known follows the world within a
minute under load, and without load gives way to the priors again. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from corent.core.upstream import Failure
from corent.health.breaker import Breaker, observe, recovers, trip

LIVE_WEIGHT: Final = 4
PROBE_WEIGHT: Final = 1
# A rate limit has a rest of its own, and is half a failure. Hardly counted, its offer would be asked first
# after each rest and use up the failovers; counted whole, it would stand behind all others long after a rush.
LIMIT_WEIGHT: Final = 2
FADE_HALF_MS: Final = 600_000
# About forty live calls.
WEIGHT_MAX: Final = 160.0
TIMES_KEPT: Final = 20
# A rate limit that does not say how long to wait, doubled with each one in a row.
REST_MS: Final = 5_000
REST_MAX_MS: Final = 300_000
RESTS_MAX: Final = 6
# Share of the newest call in the measured cost.
COST_SHARE: Final = 0.2

# What says nothing about an upstream: the caller's own doing.
CALLERS_DOING: Final = frozenset({Failure.REFUSED, Failure.INVALID_INPUT})
# What concerns our whole account there, and is not over with the next call.
ACCOUNT_FAILURES: Final = frozenset({Failure.AUTH, Failure.QUOTA})


@dataclass(frozen=True, slots=True)
class Observation:
    """One call that ended: `failure` is None for a delivered result.

    `time_ms` is how long a success took, a video's brought to the catalog's length. `cost_ratio` is what it
    cost over what was expected, None where nobody said.
    """

    offer_id: str
    upstream: str
    ended_at_ms: int
    failure: Failure | None
    time_ms: int = 0
    cost_ratio: float | None = None
    retry_after_ms: int | None = None
    weight: int = LIVE_WEIGHT


@dataclass(frozen=True, slots=True)
class Counts:
    """Weighted successes and failures as they stood at `at_ms`."""

    successes: float = 0.0
    failures: float = 0.0
    at_ms: int = 0

    @property
    def total(self) -> float:
        return self.successes + self.failures

    def at(self, now_ms: int) -> "Counts":
        """Faded to `now_ms`; a clock that went back fades nothing."""
        passed_ms = max(0, now_ms - self.at_ms)
        kept = 0.5 ** (passed_ms / FADE_HALF_MS)
        return Counts(self.successes * kept, self.failures * kept, max(now_ms, self.at_ms))

    def with_call(self, *, success: bool, weight: int, now_ms: int) -> "Counts":
        """With one call more, the older ones making room for it."""
        now = self.at(now_ms)
        kept = min(1.0, (WEIGHT_MAX - weight) / now.total) if now.total else 1.0
        return Counts(
            successes=now.successes * kept + weight * success,
            failures=now.failures * kept + weight * (not success),
            at_ms=now.at_ms,
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one offer. `times` are (ended at, took) of its last successes, oldest first.

    `rests_until_ms` is when its rate limit is over, `rests_in_a_row` how often it was met since the last
    success. `suspect` since a probe's generation failed, until something succeeds. `checked_at_ms` is its
    last call of any kind.
    """

    counts: Counts = field(default_factory=Counts)
    breaker: Breaker = field(default_factory=Breaker)
    times: tuple[tuple[int, int], ...] = ()
    cost_ratio: float = 1.0
    rests_until_ms: int = 0
    rests_in_a_row: int = 0
    suspect: bool = False
    checked_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class UpstreamEvidence:
    """What is known of a whole upstream; its breaker opens when our account there cannot be used."""

    counts: Counts = field(default_factory=Counts)
    breaker: Breaker = field(default_factory=Breaker)


def without_failures(counts: Counts) -> Counts:
    """Once what failed is over."""
    return replace(counts, failures=0.0)


def is_recovery(evidence: Evidence, call: Observation, *, now_ms: int) -> bool:
    """Whether that call shows that an offer which was down is well again.

    Else its old failures would keep it behind all others, where nobody would find out, for another half hour.
    """
    return call.failure is None and recovers(evidence.breaker, now_ms=now_ms)


def after_call(evidence: Evidence, call: Observation, *, now_ms: int) -> Evidence:
    """What is known once that call is folded in at `now_ms`."""
    if call.failure in CALLERS_DOING:
        return replace(evidence, checked_at_ms=now_ms)
    if call.failure in ACCOUNT_FAILURES:
        # Its upstream's breaker opens, for all offers at once; it says nothing of this one.
        return replace(evidence, checked_at_ms=now_ms)
    success = call.failure is None
    is_over = is_recovery(evidence, call, now_ms=now_ms)
    before = without_failures(evidence.counts) if is_over else evidence.counts
    counts = before.with_call(success=success, weight=_weight(call), now_ms=now_ms)
    known = replace(evidence, counts=counts, checked_at_ms=now_ms)
    if success:
        return _after_success(known, call, now_ms=now_ms)
    if call.failure is Failure.RATE_LIMITED:
        return _after_rate_limit(known, call, now_ms=now_ms)
    is_probe = call.weight == PROBE_WEIGHT
    breaker = observe(known.breaker, success=False, now_ms=now_ms)
    return replace(known, breaker=breaker, suspect=known.suspect or is_probe)


def after_upstream_call(evidence: UpstreamEvidence, call: Observation, *, now_ms: int) -> UpstreamEvidence:
    """The same for the upstream that served it."""
    if call.failure in CALLERS_DOING:
        return evidence
    breaker = evidence.breaker
    if call.failure in ACCOUNT_FAILURES:
        breaker = trip(breaker, now_ms=now_ms) if _may_trip(breaker, now_ms=now_ms) else breaker
        return replace(evidence, breaker=breaker)
    success = call.failure is None
    counts = evidence.counts.with_call(success=success, weight=_weight(call), now_ms=now_ms)
    # That the account answers says nothing of its money: only what was bought closes the breaker.
    if success and call.offer_id and breaker.open_until_ms is not None:
        breaker = observe(breaker, success=True, now_ms=now_ms)
    return UpstreamEvidence(counts=counts, breaker=breaker)


def _weight(call: Observation) -> int:
    return min(call.weight, LIMIT_WEIGHT) if call.failure is Failure.RATE_LIMITED else call.weight


def median_ms(times_ms: Sequence[int]) -> int | None:
    """The middle of some times, None of none."""
    ordered = sorted(times_ms)
    return ordered[len(ordered) // 2] if ordered else None


def slow_ms(times_ms: Sequence[int]) -> int | None:
    """The 95th of a hundred times in order, None of none."""
    ordered = sorted(times_ms)
    return ordered[(95 * len(ordered) - 1) // 100] if ordered else None


def _after_success(known: Evidence, call: Observation, *, now_ms: int) -> Evidence:
    ratio = known.cost_ratio
    if call.cost_ratio is not None:
        ratio += COST_SHARE * (call.cost_ratio - ratio)
    return replace(
        known,
        breaker=observe(known.breaker, success=True, now_ms=now_ms),
        times=(*known.times, (now_ms, call.time_ms))[-TIMES_KEPT:],
        cost_ratio=ratio,
        rests_in_a_row=0,
        suspect=False,
    )


def _after_rate_limit(known: Evidence, call: Observation, *, now_ms: int) -> Evidence:
    # Many calls under way meet the same limit: that is one rest, and no longer one for each of them.
    is_new = now_ms >= known.rests_until_ms
    in_a_row = min(known.rests_in_a_row + is_new, RESTS_MAX)
    asked_ms = call.retry_after_ms
    rest_ms = REST_MS * 2 ** (in_a_row - 1) if asked_ms is None else asked_ms
    until_ms = now_ms + min(rest_ms, REST_MAX_MS)
    return replace(known, rests_until_ms=max(known.rests_until_ms, until_ms), rests_in_a_row=in_a_row)


def _may_trip(breaker: Breaker, *, now_ms: int) -> bool:
    """Not while it is open: what was bought before must not lengthen it."""
    return breaker.open_until_ms is None or now_ms >= breaker.open_until_ms
