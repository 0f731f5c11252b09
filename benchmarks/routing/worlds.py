"""The worlds: eight offers of four upstreams, and a month of what happens to them.

Every offer's truth is constant between two moments of a `Timeline`. What happens is a list of `Change`s, each
a `Shift` away from the offer's usual state for a while; requests come as a Poisson process, with bursts
around what happens, because there the policies differ.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Final

from benchmarks.routing.chance import pause_ms, uniform
from corent.core.tiers import AspectRatio, ImageFormat
from corent.core.upstream import Failure
from corent.routing.offers import Offer

START_MS: Final = 1_785_542_400_000  # 2026-08-01, midnight UTC.
SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
MONTH_DAYS: Final = 30
TIER: Final = "bench-image"
PRICE_MICROS: Final = 50_000
# A quiet hour has a request a minute; a burst begins before an event and outlasts its first minutes.
QUIET_MEAN_MS: Final = 60 * SECOND_MS
BURST_BEFORE_MS: Final = 2 * MINUTE_MS
BURST_AFTER_MS: Final = 6 * MINUTE_MS
BURST_RATES: Final = (1.0, 2.0, 5.0, 1.0)
# Spread of the lognormal times: p95 is about 1.9 times the median.
SIGMA: Final = 0.4


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail. `is_billed` is what we pay for without a result."""

    failure: Failure
    duration_ms: int
    is_billed: bool = False
    retry_after_ms: int | None = None


type Faults = tuple[tuple[float, Fault], ...]

REFUSES: Final = Fault(Failure.UNAVAILABLE, 800)
HANGS: Final = Fault(Failure.UNAVAILABLE, 30_000)
GARBAGE: Final = Fault(Failure.BAD_REPLY, 5_000, is_billed=True)
LOST: Final = Fault(Failure.UNKNOWN, 30_000, is_billed=True)
LIMITED: Final = Fault(Failure.RATE_LIMITED, 200, retry_after_ms=20_000)
# Shares of the ways in which an offer fails, when it fails.
USUAL: Final = ((0.6, REFUSES), (0.15, HANGS), (0.15, GARBAGE), (0.1, LOST))
DOWN: Final = ((0.7, REFUSES), (0.3, HANGS))
HANGING: Final = ((1.0, HANGS),)
LOCKED_OUT: Final = ((1.0, Fault(Failure.AUTH, 300)),)
USED_UP: Final = ((1.0, Fault(Failure.QUOTA, 300)),)


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """The truth of one offer for a while; two states are the same only if they are one object.

    `account` is what a question to its upstream's account is answered with.
    """

    success: float
    median_ms: float
    cost_micros: float
    cost_ratio: float = 1.0
    faults: Faults = USUAL
    concurrent_max: int | None = None
    minute_max: int | None = None
    account: Failure | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """How a state differs from the usual one; None leaves it."""

    success: float | None = None
    slower: float = 1.0
    cost_ratio: float = 1.0
    faults: Faults | None = None
    concurrent_max: int | None = None
    minute_max: int | None = None
    account: Failure | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A shift of some offers, by their places in the catalog, from one moment to another."""

    offers: tuple[int, ...]
    start_ms: int
    end_ms: int
    shift: Shift


@dataclass(frozen=True, slots=True)
class Timeline:
    """States of one offer, each from its start on."""

    starts_ms: tuple[int, ...]
    states: tuple[State, ...]

    def at(self, now_ms: int) -> State:
        """The state at a moment."""
        return self.states[bisect_right(self.starts_ms, now_ms) - 1]


@dataclass(frozen=True, slots=True)
class Burst:
    """More requests for a while."""

    start_ms: int
    end_ms: int
    per_s: float


@dataclass(frozen=True)
class World:
    """One script. Its timelines and arrivals follow from it and the seed alone."""

    name: str
    changes: tuple[Change, ...]
    bursts: tuple[Burst, ...]
    start_ms: int = START_MS
    end_ms: int = START_MS + MONTH_DAYS * DAY_MS

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The catalog."""
        return OFFERS

    @cached_property
    def timelines(self) -> tuple[Timeline, ...]:
        """The truth of each offer."""
        return tuple(_timeline(place, self.changes) for place in range(len(self.offers)))

    def arrivals_ms(self, seed: int) -> list[int]:
        """When the requests come, in order."""
        streams = [_arrivals(self.start_ms, self.end_ms, QUIET_MEAN_MS, seed=seed, stream=0)]
        for place, burst in enumerate(self.bursts, start=1):
            streams.append(
                _arrivals(
                    max(burst.start_ms, self.start_ms),
                    min(burst.end_ms, self.end_ms),
                    SECOND_MS / burst.per_s,
                    seed=seed,
                    stream=place,
                )
            )
        return sorted(at_ms for stream in streams for at_ms in stream)

    def within(self, start_ms: int, end_ms: int) -> "World":
        """The same world, looked at only from one moment to another."""
        return replace(self, start_ms=start_ms, end_ms=end_ms)


def _offer(name: str, *, cost_micros: int, typical_ms: int, quality: float) -> Offer:
    return Offer(
        id=name,
        tier=TIER,
        upstream=name.partition("/")[0],
        model=name,
        cost_micros=cost_micros,
        cost_source="benchmark",
        cost_read_on=date(2026, 8, 1),
        typical_latency_ms=typical_ms,
        slow_latency_ms=2 * typical_ms,
        quality=quality,
        asynchronous=True,
        aspect_ratios=(AspectRatio.SQUARE,),
        takes_seed=True,
        takes_negative_prompt=True,
        takes_image=True,
        formats=(ImageFormat.PNG,),
    )


# What the catalog says of them.
OFFERS: Final = (
    _offer("alpha/quick", cost_micros=14_000, typical_ms=2_500, quality=0.60),
    _offer("alpha/large", cost_micros=38_000, typical_ms=9_000, quality=0.92),
    _offer("beta/turbo", cost_micros=10_000, typical_ms=4_000, quality=0.58),
    _offer("beta/pro", cost_micros=30_000, typical_ms=7_000, quality=0.88),
    _offer("gamma/mini", cost_micros=8_000, typical_ms=6_000, quality=0.50),
    _offer("gamma/max", cost_micros=42_000, typical_ms=11_000, quality=0.95),
    _offer("delta/std", cost_micros=20_000, typical_ms=3_500, quality=0.72),
    _offer("delta/plus", cost_micros=26_000, typical_ms=5_000, quality=0.80),
)
ALPHA_QUICK, ALPHA_LARGE, BETA_TURBO, BETA_PRO, GAMMA_MINI, GAMMA_MAX, DELTA_STD, DELTA_PLUS = range(8)
# What is true on a usual day: the share that succeeds, and the median time over the catalog's.
_SUCCESS: Final = (0.985, 0.990, 0.975, 0.990, 0.985, 0.980, 0.995, 0.990)
_TIMES: Final = (1.1, 0.9, 1.2, 1.0, 0.9, 1.1, 1.0, 0.9)
# Events go round those that stand first for some preference, the others less often.
_ROUND: Final = (ALPHA_QUICK, GAMMA_MAX, BETA_TURBO, GAMMA_MINI, ALPHA_LARGE, BETA_PRO, DELTA_STD)
# One upstream after another, by the places of its offers.
_UPSTREAMS: Final = ((0, 1), (4, 5), (2, 3), (6, 7))


def _usual(place: int) -> State:
    offer = OFFERS[place]
    return State(
        success=_SUCCESS[place],
        median_ms=_TIMES[place] * offer.typical_latency_ms,
        cost_micros=offer.cost_micros,
    )


def _timeline(place: int, changes: Iterable[Change]) -> Timeline:
    mine = [change for change in changes if place in change.offers]
    moments = [(change.start_ms, 1, change.shift) for change in mine]
    moments += [(change.end_ms, 0, change.shift) for change in mine]
    usual = _usual(place)
    made: dict[tuple[int, ...], State] = {(): usual}
    active: list[Shift] = []
    starts_ms, states = [0], [usual]
    for at_ms, begins, shift in sorted(moments, key=lambda each: each[:2]):
        if begins:
            active.append(shift)
        else:
            active.remove(shift)
        key = tuple(id(each) for each in active)
        if key not in made:
            made[key] = _shifted(usual, active)
        if starts_ms[-1] == at_ms:
            states[-1] = made[key]
        else:
            starts_ms.append(at_ms)
            states.append(made[key])
    return Timeline(tuple(starts_ms), tuple(states))


def _shifted(usual: State, shifts: Sequence[Shift]) -> State:
    state = usual
    for shift in shifts:
        state = replace(
            state,
            success=state.success if shift.success is None else min(state.success, shift.success),
            median_ms=state.median_ms * shift.slower,
            cost_micros=state.cost_micros * shift.cost_ratio,
            cost_ratio=state.cost_ratio * shift.cost_ratio,
            faults=shift.faults or state.faults,
            concurrent_max=shift.concurrent_max or state.concurrent_max,
            minute_max=shift.minute_max or state.minute_max,
            account=shift.account or state.account,
        )
    return state


def _arrivals(start_ms: int, end_ms: int, mean_ms: float, *, seed: int, stream: int) -> list[int]:
    times_ms, at_ms, number = [], float(start_ms), 0
    while (at_ms := at_ms + pause_ms(mean_ms, seed, 1, stream, number)) < end_ms:
        times_ms.append(int(at_ms))
        number += 1
    return times_ms


def _around(changes: Sequence[Change]) -> tuple[Burst, ...]:
    """Bursts at the beginning and, a little shorter, at the end of each change."""
    bursts = []
    for place, change in enumerate(changes):
        per_s = BURST_RATES[place % len(BURST_RATES)]
        bursts.append(Burst(change.start_ms - BURST_BEFORE_MS, change.start_ms + BURST_AFTER_MS, per_s))
        bursts.append(Burst(change.end_ms - BURST_BEFORE_MS, change.end_ms + BURST_AFTER_MS // 2, per_s / 2))
    return tuple(bursts)


def _hours(least: float, most: float, *key: int) -> int:
    """A length between two, evenly on a logarithmic scale."""
    length: float = HOUR_MS * least * (most / least) ** uniform(*key)
    return round(length)


def calm(seed: int) -> World:
    """Nothing happens; every other day has a burst."""
    bursts = tuple(
        Burst(start, start + 10 * MINUTE_MS, BURST_RATES[day % len(BURST_RATES)])
        for day in range(0, MONTH_DAYS, 2)
        if (start := START_MS + day * DAY_MS + _hours(1, 22, seed, 10, day))
    )
    return World("calm", (), bursts)


def brown_out(seed: int) -> World:
    """Ten times an offer, twice two at once, fails 30-60 % for two to six hours."""
    changes = []
    for event in range(10):
        start_ms = START_MS + event * 3 * DAY_MS + _hours(1, 40, seed, 20, event)
        share = 0.3 + 0.3 * uniform(seed, 21, event)
        places: tuple[int, ...] = (_ROUND[event % len(_ROUND)],)
        if event % 5 == 4:
            places += (_ROUND[(event + 2) % len(_ROUND)],)
        length_ms = _hours(2, 6, seed, 22, event)
        changes.append(Change(places, start_ms, start_ms + length_ms, Shift(success=1 - share)))
    return World("brown-out", tuple(changes), _around(changes))


def outage(seed: int) -> World:
    """Twelve times an offer, three times two at once, is down for ten minutes to six hours."""
    changes = []
    for event in range(12):
        start_ms = START_MS + event * 5 * DAY_MS // 2 + _hours(1, 40, seed, 30, event)
        places: tuple[int, ...] = (_ROUND[event % len(_ROUND)],)
        if event % 4 == 2:
            places += (_ROUND[(event + 1) % len(_ROUND)],)
        faults = HANGING if event % 4 == 3 else DOWN
        length_ms = _hours(1 / 6, 6, seed, 31, event)
        changes.append(Change(places, start_ms, start_ms + length_ms, Shift(success=0.0, faults=faults)))
    return World("outage", tuple(changes), _around(changes))


def drift(seed: int) -> World:
    """Offers grow slower for days, one is fast for a day, then slow, others are slow for an hour or so."""
    changes: list[Change] = []
    for places, first_day, factor in (((ALPHA_QUICK,), 2, 4.0), ((GAMMA_MAX, BETA_PRO), 6, 3.0)):
        hours = 6 * 24
        changes += (
            Change(
                places,
                START_MS + first_day * DAY_MS + hour * HOUR_MS,
                START_MS + first_day * DAY_MS + (hour + 1) * HOUR_MS,
                Shift(slower=1 + (factor - 1) * hour / hours),
            )
            for hour in range(hours)
        )
        full_ms = START_MS + (first_day + 6) * DAY_MS
        changes.append(Change(places, full_ms, full_ms + 6 * DAY_MS, Shift(slower=factor)))
    fast_ms = START_MS + 20 * DAY_MS
    changes.append(Change((BETA_TURBO,), fast_ms, fast_ms + DAY_MS, Shift(slower=0.5)))
    changes.append(Change((BETA_TURBO,), fast_ms + DAY_MS, fast_ms + 4 * DAY_MS, Shift(slower=5.0)))
    for event in range(8):
        # Between and beside the long ones, each 3-5 times slower for half an hour to three hours.
        start_ms = START_MS + (0, 1, 14, 15, 18, 19, 26, 28)[event] * DAY_MS + _hours(1, 20, seed, 41, event)
        length_ms = _hours(0.5, 3, seed, 42, event)
        slower = 3 + 2 * uniform(seed, 43, event)
        place = _ROUND[event % len(_ROUND)]
        changes.append(Change((place,), start_ms, start_ms + length_ms, Shift(slower=slower)))
    days = tuple(
        Burst(start_ms, start_ms + 8 * MINUTE_MS, 1 + day % 2)
        for day in range(MONTH_DAYS)
        if (start_ms := START_MS + day * DAY_MS + _hours(1, 22, seed, 40, day))
    )
    return World("drift", tuple(changes), days)


def flapping(seed: int) -> World:
    """Four times an offer is bad in every other minute, for half a day to a day and a half."""
    bad = Shift(success=0.05, faults=DOWN)
    changes: list[Change] = []
    windows: list[Change] = []
    for event, place in enumerate(_ROUND[:4]):
        start_ms = START_MS + (3 + 6 * event) * DAY_MS + _hours(1, 20, seed, 50, event)
        end_ms = start_ms + _hours(12, 36, seed, 51, event)
        windows.append(Change((place,), start_ms, end_ms, bad))
        changes += (
            Change((place,), at_ms, at_ms + MINUTE_MS, bad)
            for at_ms in range(start_ms, end_ms, 2 * MINUTE_MS)
        )
    halfway = tuple(
        Burst(middle_ms, middle_ms + 20 * MINUTE_MS, 1.0)
        for window in windows
        if (middle_ms := (window.start_ms + window.end_ms) // 2)
    )
    return World("flapping", tuple(changes), _around(windows) + halfway)


def price_change(seed: int) -> World:
    """Costs of one offer after another double or halve for days; the answers say what they cost."""
    changes = []
    for event in range(8):
        place = _ROUND[event % 5]
        start_ms = START_MS + (1 + 3 * event) * DAY_MS + _hours(1, 20, seed, 60, event)
        ratio = 0.5 if event % 3 == 2 else 2.0
        changes.append(Change((place,), start_ms, start_ms + 5 * DAY_MS, Shift(cost_ratio=ratio)))
    return World("price", tuple(changes), _around(changes))


def capacity(seed: int) -> World:
    """Three offers take four requests at a time or thirty a minute; a burst comes every day."""
    start_ms, end_ms = START_MS, START_MS + MONTH_DAYS * DAY_MS
    changes = (
        Change((ALPHA_QUICK, GAMMA_MAX), start_ms, end_ms, Shift(concurrent_max=4)),
        Change((BETA_TURBO, GAMMA_MINI, ALPHA_LARGE), start_ms, end_ms, Shift(minute_max=30)),
    )
    bursts = tuple(
        Burst(at_ms, at_ms + 6 * MINUTE_MS, BURST_RATES[day % len(BURST_RATES)])
        for day in range(MONTH_DAYS)
        if (at_ms := START_MS + day * DAY_MS + _hours(1, 20, seed, 70, day))
    )
    return World("capacity", changes, bursts)


def correlated(seed: int) -> World:
    """Ten times all offers of one upstream fail together: down, locked out, or out of money."""
    down = Shift(success=0.0, faults=DOWN, account=Failure.UNAVAILABLE)
    locked_out = Shift(success=0.0, faults=LOCKED_OUT, account=Failure.AUTH)
    used_up = Shift(success=0.0, faults=USED_UP, account=Failure.QUOTA)
    kinds = (down, locked_out, used_up, down)
    changes = []
    for event in range(10):
        start_ms = START_MS + event * 3 * DAY_MS + _hours(1, 40, seed, 80, event)
        places = _UPSTREAMS[event % 3] if event % 5 else _UPSTREAMS[event % 4]
        length_ms = _hours(1 / 6, 5, seed, 81, event)
        changes.append(Change(places, start_ms, start_ms + length_ms, kinds[event % len(kinds)]))
    return World("correlated", tuple(changes), _around(changes))


WORLDS: Final[dict[str, Callable[[int], World]]] = {
    "calm": calm,
    "brown-out": brown_out,
    "outage": outage,
    "drift": drift,
    "flapping": flapping,
    "price": price_change,
    "capacity": capacity,
    "correlated": correlated,
}
