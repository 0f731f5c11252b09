"""A route: the candidates as appraised, the order decided from that alone, and the stored form of both.

The stored form is compact JSON (an image's job has to fit one kilobyte with a 200-character prompt):

    {"v": 2, "s": seed, "p": preference, "w": [cost, latency, reliability, quality], "k": choice,
     "n": attempts, "t": 1 where failovers were short, "r": seconds until an offer may be tried again,
     "c": candidates, "x": excluded, "m": how many were outranked, "u": how many are not capable}
    candidates  "<offer id> <score> <cost> <latency> <reliability> <quality> <typical ms> <flags>", joined
                by ";"
    excluded    "<offer id> <reason>", joined by ";"

Scores, parts and weights are thousandths. Flags are letters of `Flag`, "-" for none. Offer ids hold neither
space nor semicolon. What the order was decided from is all in it: `decide.replay` decides again.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from corent.core.tiers import Preference

FORM: Final = 2


class Exclusion(StrEnum):
    """Why an offer of the tier was no candidate."""

    RETIRED = "retired"
    DAILY_CAP = "daily_cap"  # Its upstream has cost as much today as it may.
    CIRCUIT_OPEN = "circuit_open"
    RATE_LIMITED = "rate_limited"


class Choice(StrEnum):
    """Why the first candidate stands first."""

    BEST = "best"
    TRIAL = "trial"  # Its breaker is half open, and this request may find out how it does.
    EXPLORATION = "exploration"  # Little is known of it lately.
    LAST_RESORT = "last_resort"  # All look bad: the least bad is tried, once.


class Flag(StrEnum):
    """What else is known of a candidate."""

    SUSPECT = "s"  # A probe of it failed, and nothing has succeeded since.
    NEW = "n"  # Hardly measured lately.
    TRIAL = "t"
    BLOCKED = "b"  # Its breaker is open, or it asked us to wait.


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part counts, in thousandths."""

    cost: int
    latency: int
    reliability: int
    quality: int


@dataclass(frozen=True, slots=True)
class Appraisal:
    """One offer that can serve the request, as it was judged by itself. Parts are better when higher."""

    offer_id: str
    cost_milli: int
    latency_milli: int
    reliability_milli: int
    quality_milli: int
    typical_ms: int
    flags: frozenset[Flag] = frozenset()

    @property
    def upstream(self) -> str:
        """Who serves it: ids begin with that."""
        return self.offer_id.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An appraised offer in its place, with the score that put it there."""

    appraisal: Appraisal
    score_milli: int

    @property
    def offer_id(self) -> str:
        """The offer's id; with the tier it is unique."""
        return self.appraisal.offer_id


@dataclass(frozen=True, slots=True)
class Excluded:
    """One offer of the tier that could serve the request, were it not for that."""

    offer_id: str
    reason: Exclusion


@dataclass(frozen=True, slots=True)
class Route:
    """The decision for one request, best candidate first; at most the first `attempts_max` of them are tried.

    `outranked` of the tier's offers looked worse by themselves than all candidates, and `incapable` cannot
    take the request: those are counted and not named. `is_tight` is set where the tier's failovers were used
    up. `wait_s` is how long until the first of the offers that had to wait may be tried again, 0 where none
    has to.
    """

    seed: int
    preference: Preference
    weights: Weights
    choice: Choice
    attempts_max: int
    candidates: tuple[Candidate, ...]
    excluded: tuple[Excluded, ...]
    outranked: int = 0
    incapable: int = 0
    is_tight: bool = False
    wait_s: int = 0

    @property
    def tried(self) -> tuple[Candidate, ...]:
        """The candidates that may be bought from, in order."""
        return self.candidates[: self.attempts_max]


def dump_route(route: Route) -> str:
    """The stored form; equal routes give equal text."""
    weights = route.weights
    record: dict[str, Any] = {
        "v": FORM,
        "s": route.seed,
        "p": route.preference.value,
        "w": [weights.cost, weights.latency, weights.reliability, weights.quality],
        "k": route.choice.value,
        "n": route.attempts_max,
        "c": ";".join(_dump_candidate(candidate) for candidate in route.candidates),
        "x": ";".join(f"{each.offer_id} {each.reason.value}" for each in route.excluded),
    }
    seldom = {"m": route.outranked, "u": route.incapable, "t": int(route.is_tight), "r": route.wait_s}
    record |= {name: number for name, number in seldom.items() if number}
    return json.dumps(record, separators=(",", ":"))


def load_route(text: str) -> Route:
    """The route a stored form came from. Raises ValueError or KeyError for a text that is none."""
    record: dict[str, Any] = json.loads(text)
    if record["v"] != FORM:
        raise ValueError(f"a route in form {record['v']}")
    cost, latency, reliability, quality = record["w"]
    return Route(
        seed=record["s"],
        preference=Preference(record["p"]),
        weights=Weights(cost=cost, latency=latency, reliability=reliability, quality=quality),
        choice=Choice(record["k"]),
        attempts_max=record["n"],
        candidates=tuple(_load_candidate(row) for row in record["c"].split(";") if row),
        excluded=tuple(_load_excluded(row) for row in record["x"].split(";") if row),
        outranked=record.get("m", 0),
        incapable=record.get("u", 0),
        is_tight="t" in record,
        wait_s=record.get("r", 0),
    )


def _dump_candidate(candidate: Candidate) -> str:
    a = candidate.appraisal
    flags = "".join(flag.value for flag in Flag if flag in a.flags) or "-"
    parts = f"{a.cost_milli} {a.latency_milli} {a.reliability_milli} {a.quality_milli} {a.typical_ms}"
    return f"{a.offer_id} {candidate.score_milli} {parts} {flags}"


def _load_candidate(row: str) -> Candidate:
    offer_id, score, cost, latency, reliability, quality, typical, flags = row.split(" ")
    appraisal = Appraisal(
        offer_id=offer_id,
        cost_milli=int(cost),
        latency_milli=int(latency),
        reliability_milli=int(reliability),
        quality_milli=int(quality),
        typical_ms=int(typical),
        flags=frozenset(Flag(letter) for letter in flags if letter != "-"),
    )
    return Candidate(appraisal=appraisal, score_milli=int(score))


def _load_excluded(row: str) -> Excluded:
    offer_id, reason = row.split(" ")
    return Excluded(offer_id=offer_id, reason=Exclusion(reason))
