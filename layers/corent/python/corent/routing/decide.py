"""Decide the order of appraised offers. Pure: from what a route stores it decides the same, byte for byte.

A candidate's *value* is what a delivery is worth times how likely it is:

    value = reliability x (w_reliability + w_cost x cost + w_latency x latency + w_quality x quality)

and its *score* adds what remains when it fails: the best other value, less what failing over costs.

    score = value + (1 - reliability) x FAILOVER_WORTH x (best other value)

The best score stands first, but for five things. Those that fail more often than one in five, and those whose
last probe failed, stand behind all others: each of them alone would use up the failovers there are. A trial
comes first. One request in a hundred goes to an offer of which little is known, if that looks nearly as good.
After the first, an upstream that stands there already counts less: upstreams fail as a whole. And the last
place that is tried goes to what is likely to deliver, whatever that is worth.
"""

from collections.abc import Sequence
from random import Random
from typing import Final

from corent.core.tiers import Preference
from corent.routing.route import (
    Appraisal,
    Candidate,
    Choice,
    Excluded,
    Flag,
    Route,
    Weights,
    dump_route,
    load_route,
)

ATTEMPTS_MAX: Final = 3
# A route names no more: three are tried at most, and each has to fit the job's record.
CANDIDATES_MAX: Final = 8
FAILOVER_WORTH_MILLI: Final = 800
# Below this a candidate would spend all failovers that its tier has.
SHAKY_BELOW_MILLI: Final = 800
# The same while failovers are short: what then stands first must hardly need any.
SHAKY_WHILE_TIGHT_MILLI: Final = 950
# Offers closer than this share the traffic; the seed decides which goes first.
TIE_BREAK_MILLI: Final = 8
# The last attempt is spread wider, over all that are about as reliable: where a rush has filled two offers,
# the third in line would be full as well.
LAST_SPREAD: Final = 4
# Exploring costs a little at all times; what it finds may wait for some hours.
EXPLORED_MILLI: Final = 10
EXPLORED_WITHIN_MILLI: Final = 100
SAME_UPSTREAM_MILLI: Final = 700
# While failovers are short, so many requests may make theirs that a fifth of all requests is expected to, if
# candidates fail twice as often as they seem to: just then, what is known lags behind.
TIGHT_SHARE_MILLI: Final = 200
TIGHT_DOUBT: Final = 2
TRIAL_WHILE_TIGHT: Final = 2


def decide(
    appraisals: Sequence[Appraisal],
    *,
    seed: int,
    preference: Preference,
    weights: Weights,
    excluded: tuple[Excluded, ...] = (),
    outranked: int = 0,
    incapable: int = 0,
    is_tight: bool = False,
    wait_s: int = 0,
) -> Route:
    """The route of those appraised offers, in whichever order they are given. Raises nothing.

    Blocked ones are only given where there are no others: then the least bad is tried, once.
    """
    shaky_milli = _shaky_below(is_tight=is_tight)
    ordered = _ordered(appraisals, seed=seed, weights=weights, shaky_milli=shaky_milli)
    choice = Choice.BEST
    attempts_max = 1 if is_tight and not _may_fail_over(ordered, seed=seed) else ATTEMPTS_MAX
    if any(Flag.BLOCKED in each.flags for each in appraisals):
        choice, attempts_max = Choice.LAST_RESORT, 1
    elif (trial := _first(ordered, Flag.TRIAL)) is not None:
        # Whoever makes a trial must not pay for it with a failure, even while failovers are short.
        choice, ordered = Choice.TRIAL, _in_front(ordered, trial)
        attempts_max = TRIAL_WHILE_TIGHT if is_tight else ATTEMPTS_MAX
    elif not is_tight and (new := _to_explore(ordered, seed=seed)) is not None:
        choice, ordered = Choice.EXPLORATION, _in_front(ordered, new)
    return Route(
        seed=seed,
        preference=preference,
        weights=weights,
        choice=choice,
        attempts_max=attempts_max,
        candidates=tuple(ordered),
        excluded=excluded,
        outranked=outranked,
        incapable=incapable,
        is_tight=is_tight,
        wait_s=wait_s,
    )


def best_alone(appraisals: Sequence[Appraisal], *, weights: Weights, is_tight: bool) -> list[Appraisal]:
    """The CANDIDATES_MAX best by their own values, a trial always: no more of them are ever of use."""
    shaky_milli = _shaky_below(is_tight=is_tight)

    def place(each: Appraisal) -> tuple[bool, bool, int, str]:
        is_trial = Flag.TRIAL in each.flags
        return (
            not is_trial,
            _is_shaky(each, shaky_milli=shaky_milli),
            -_value_milli(each, weights),
            each.offer_id,
        )

    return sorted(appraisals, key=place)[:CANDIDATES_MAX]


def replay(text: str) -> str:
    """The stored form of the route decided anew from what a stored one says. Raises as `load_route`."""
    route = load_route(text)
    again = decide(
        [candidate.appraisal for candidate in route.candidates],
        seed=route.seed,
        preference=route.preference,
        weights=route.weights,
        excluded=route.excluded,
        outranked=route.outranked,
        incapable=route.incapable,
        is_tight=route.is_tight,
        wait_s=route.wait_s,
    )
    return dump_route(again)


def _ordered(
    appraisals: Sequence[Appraisal], *, seed: int, weights: Weights, shaky_milli: int
) -> list[Candidate]:
    values = {each.offer_id: _value_milli(each, weights) for each in appraisals}
    left = []
    for each in appraisals:
        others = [value for offer_id, value in values.items() if offer_id != each.offer_id]
        rescue = (1000 - each.reliability_milli) * FAILOVER_WORTH_MILLI * max(others, default=0) // 1_000_000
        left.append(Candidate(appraisal=each, score_milli=values[each.offer_id] + rescue))
    jitter = {
        each.offer_id: Random(f"{seed}:{each.offer_id}").randrange(TIE_BREAK_MILLI + 1)  # noqa: S311 - spreads load; guards nothing
        for each in left
    }
    ordered: list[Candidate] = []
    upstreams: set[str] = set()

    def place(candidate: Candidate) -> tuple[bool, int, str]:
        jitter_milli = jitter[candidate.offer_id]
        if len(ordered) == ATTEMPTS_MAX - 1:
            return _last_place(candidate, upstreams, jitter_milli=jitter_milli)
        return _place(candidate, upstreams, shaky_milli=shaky_milli, jitter_milli=jitter_milli)

    while left:
        best = min(left, key=place)
        left.remove(best)
        ordered.append(best)
        upstreams.add(best.appraisal.upstream)
    return ordered


def _place(
    candidate: Candidate, upstreams: set[str], *, shaky_milli: int, jitter_milli: int
) -> tuple[bool, int, str]:
    """What to sort by, given which upstreams stand before it."""
    appraisal = candidate.appraisal
    score_milli = candidate.score_milli
    if appraisal.upstream in upstreams:
        score_milli = score_milli * SAME_UPSTREAM_MILLI // 1000
    is_shaky = _is_shaky(appraisal, shaky_milli=shaky_milli)
    return (is_shaky, -(score_milli + jitter_milli), appraisal.offer_id)


def _is_shaky(appraisal: Appraisal, *, shaky_milli: int) -> bool:
    return appraisal.reliability_milli < shaky_milli or Flag.SUSPECT in appraisal.flags


def _shaky_below(*, is_tight: bool) -> int:
    return SHAKY_WHILE_TIGHT_MILLI if is_tight else SHAKY_BELOW_MILLI


def _last_place(candidate: Candidate, upstreams: set[str], *, jitter_milli: int) -> tuple[bool, int, str]:
    """What to sort by for the last place that is tried: what is likely to deliver, whatever it is worth."""
    appraisal = candidate.appraisal
    reliability_milli = appraisal.reliability_milli + LAST_SPREAD * jitter_milli
    if appraisal.upstream in upstreams:
        reliability_milli = reliability_milli * SAME_UPSTREAM_MILLI // 1000
    return (Flag.SUSPECT in appraisal.flags, -reliability_milli, appraisal.offer_id)


def _value_milli(appraisal: Appraisal, weights: Weights) -> int:
    worth = (
        1000 * weights.reliability
        + weights.cost * appraisal.cost_milli
        + weights.latency * appraisal.latency_milli
        + weights.quality * appraisal.quality_milli
    )
    return appraisal.reliability_milli * worth // 1_000_000


def _may_fail_over(ordered: Sequence[Candidate], *, seed: int) -> bool:
    """By lot, as often as the failovers that are to be expected leave room for."""
    expected_milli, failing_milli = 0, 1000
    for candidate in ordered[: ATTEMPTS_MAX - 1]:
        fails_milli = min(1000, TIGHT_DOUBT * (1000 - candidate.appraisal.reliability_milli))
        failing_milli = failing_milli * fails_milli // 1000
        expected_milli += failing_milli
    drawn = Random(f"{seed}:tight").randrange(1000)  # noqa: S311 - as above
    return drawn * expected_milli < 1000 * TIGHT_SHARE_MILLI


def _to_explore(ordered: Sequence[Candidate], *, seed: int) -> Candidate | None:
    if Random(f"{seed}:explore").randrange(1000) >= EXPLORED_MILLI:  # noqa: S311 - as above
        return None
    new = max((each for each in ordered if Flag.NEW in each.appraisal.flags), key=_score_milli, default=None)
    if new is None or new is ordered[0] or new.score_milli < ordered[0].score_milli - EXPLORED_WITHIN_MILLI:
        return None
    return None if Flag.SUSPECT in new.appraisal.flags else new


def _score_milli(candidate: Candidate) -> int:
    return candidate.score_milli


def _first(ordered: Sequence[Candidate], flag: Flag) -> Candidate | None:
    return next((each for each in ordered if flag in each.appraisal.flags), None)


def _in_front(ordered: Sequence[Candidate], first: Candidate) -> list[Candidate]:
    return [first, *(each for each in ordered if each is not first)]
