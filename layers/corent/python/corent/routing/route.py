"""A route: the ranked candidates as they were decided, and its stored form.

The stored form is compact JSON (an image's job has to fit one kilobyte with a 200-character prompt):

    {"s": seed, "p": preference, "w": [cost, latency, reliability, quality], "c": candidates, "x": excluded}
    candidates  "<offer id> <score> <cost> <latency> <reliability>" joined by ";", " degraded" where it was
    excluded    "<offer id>" joined by ";", with " <reason>" where it is not that the offer is not capable

All scores and weights are thousandths. Offer ids hold neither space nor semicolon. A form longer than
PLAIN_MAX_CHARACTERS, of a tier that many upstreams serve, is packed: "z" and the deflated JSON in base85.
"""

import base64
import json
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from corent.core.tiers import Preference

_DEGRADED: Final = "degraded"
_PACKED: Final = "z"
# What a job of a 200-character prompt has room for in its kilobyte, and some to spare.
PLAIN_MAX_CHARACTERS: Final = 400


class Exclusion(StrEnum):
    """Why an offer of the tier was no candidate."""

    RETIRED = "retired"
    NOT_CAPABLE = "not_capable"
    DAILY_CAP = "daily_cap"  # Its upstream has cost as much today as it may.


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
        "c": ";".join(_dump_candidate(candidate) for candidate in route.candidates),
        "x": ";".join(_dump_excluded(excluded) for excluded in route.excluded),
    }
    plain = json.dumps(record, separators=(",", ":"))
    if len(plain) <= PLAIN_MAX_CHARACTERS:
        return plain
    return _PACKED + base64.b85encode(zlib.compress(plain.encode("ascii"), level=9)).decode("ascii")


def load_route(text: str) -> Route:
    """The route a stored form came from."""
    plain = zlib.decompress(base64.b85decode(text[1:])) if text.startswith(_PACKED) else text
    record: dict[str, Any] = json.loads(plain)
    cost, latency, reliability, quality = record["w"]
    return Route(
        seed=record["s"],
        preference=Preference(record["p"]),
        weights=Weights(cost=cost, latency=latency, reliability=reliability, quality=quality),
        candidates=tuple(_load_candidate(row) for row in record["c"].split(";") if row),
        excluded=tuple(_load_excluded(row) for row in record["x"].split(";") if row),
    )


def _dump_candidate(candidate: Candidate) -> str:
    c = candidate
    row = f"{c.offer_id} {c.score_milli} {c.cost_milli} {c.latency_milli} {c.reliability_milli}"
    return f"{row} {_DEGRADED}" if candidate.degraded else row


def _load_candidate(row: str) -> Candidate:
    offer_id, score, cost, latency, reliability, *rest = row.split(" ")
    return Candidate(
        offer_id=offer_id,
        score_milli=int(score),
        cost_milli=int(cost),
        latency_milli=int(latency),
        reliability_milli=int(reliability),
        degraded=rest == [_DEGRADED],
    )


def _dump_excluded(excluded: Excluded) -> str:
    usual = excluded.reason is Exclusion.NOT_CAPABLE
    return excluded.offer_id if usual else f"{excluded.offer_id} {excluded.reason.value}"


def _load_excluded(row: str) -> Excluded:
    offer_id, _, reason = row.partition(" ")
    return Excluded(offer_id=offer_id, reason=Exclusion(reason) if reason else Exclusion.NOT_CAPABLE)
