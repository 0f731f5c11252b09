"""A route: the ranked candidates as they were decided, and its stored form.

The stored form is compact JSON (an image's job has to fit one kilobyte with a 200-character prompt):

    {"s": seed, "p": preference, "w": [cost, latency, reliability, quality],
     "c": [[offer id, score, cost, latency, reliability, degraded], …], "x": [[offer id, reason], …]}

All scores and weights are thousandths.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from corent.core.tiers import Preference


class Exclusion(StrEnum):
    """Why an offer of the tier was no candidate."""

    RETIRED = "retired"
    NOT_CAPABLE = "not_capable"


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part counts, in thousandths."""

    cost: int
    latency: int
    reliability: int
    quality: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """One offer that can serve the request, with its score and the score's parts."""

    offer_id: str
    score_milli: int
    cost_milli: int
    latency_milli: int
    reliability_milli: int
    degraded: bool


@dataclass(frozen=True, slots=True)
class Excluded:
    """One offer of the tier that cannot serve the request."""

    offer_id: str
    reason: Exclusion


@dataclass(frozen=True, slots=True)
class Route:
    """The decision for one request, best candidate first."""

    seed: int
    preference: Preference
    weights: Weights
    candidates: tuple[Candidate, ...]
    excluded: tuple[Excluded, ...]


def dump_route(route: Route) -> str:
    """The stored form; equal routes give equal text."""
    weights = route.weights
    record = {
        "s": route.seed,
        "p": route.preference.value,
        "w": [weights.cost, weights.latency, weights.reliability, weights.quality],
        "c": [
            [c.offer_id, c.score_milli, c.cost_milli, c.latency_milli, c.reliability_milli, int(c.degraded)]
            for c in route.candidates
        ],
        "x": [[x.offer_id, x.reason.value] for x in route.excluded],
    }
    return json.dumps(record, separators=(",", ":"))


def load_route(text: str) -> Route:
    """The route a stored form came from."""
    record: dict[str, Any] = json.loads(text)
    cost, latency, reliability, quality = record["w"]
    return Route(
        seed=record["s"],
        preference=Preference(record["p"]),
        weights=Weights(cost=cost, latency=latency, reliability=reliability, quality=quality),
        candidates=tuple(
            Candidate(
                offer_id=row[0],
                score_milli=row[1],
                cost_milli=row[2],
                latency_milli=row[3],
                reliability_milli=row[4],
                degraded=bool(row[5]),
            )
            for row in record["c"]
        ),
        excluded=tuple(Excluded(offer_id=row[0], reason=Exclusion(row[1])) for row in record["x"]),
    )
