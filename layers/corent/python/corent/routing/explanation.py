"""The explanation of a route: the stored record in a caller's words, offers as letters."""

from collections.abc import Sequence
from typing import Any, Final

from corent.core.tiers import Preference
from corent.routing.decide import SHAKY_BELOW_MILLI
from corent.routing.route import Candidate, Choice, Flag, Route

_REASONING: Final = {
    Preference.FAST: "Optimized for speed, then reliability.",
    Preference.CHEAP: "Optimized for cost, then reliability.",
    Preference.BALANCED: "Balanced between cost, speed, reliability and quality.",
    Preference.QUALITY: "Optimized for quality, then reliability.",
}
_FIRST: Final = {
    Choice.BEST: "",
    Choice.TRIAL: " The first candidate was tried because it may have recovered.",
    Choice.EXPLORATION: " The first candidate was tried because little was known of it lately.",
    Choice.LAST_RESORT: " All candidates looked bad: the least bad was tried, once.",
}
_DEGRADED: Final = frozenset({Flag.SUSPECT, Flag.BLOCKED, Flag.TRIAL})


def explain(
    route: Route, *, attempts: Sequence[tuple[int, str, int]], tier: str, quote_cents: int
) -> dict[str, Any]:
    """The body of `GET /v1/routing/explain`. `attempts` are (candidate, outcome, duration in ms).

    Letters follow the order of the route and say nothing outside this one request.
    """
    candidates = [_candidate(each, name=_letter(place)) for place, each in enumerate(route.candidates)]
    reasons = [each.reason.value for each in route.excluded]
    reasons += ["outranked"] * route.outranked + ["not_capable"] * route.incapable
    excluded = [
        {"name": _letter(len(candidates) + place), "reason": reason} for place, reason in enumerate(reasons)
    ]
    weights = route.weights
    return {
        "model": tier,
        "reasoning": _REASONING[route.preference] + _FIRST[route.choice],
        "choice": route.choice.value,
        "candidates_considered": len(candidates) + len(excluded),
        "failover_occurred": len({candidate for candidate, _, _ in attempts}) > 1,
        "candidates": candidates,
        "excluded": excluded,
        "attempts": [
            {"candidate": _letter(candidate), "outcome": outcome, "duration_ms": duration_ms}
            for candidate, outcome, duration_ms in attempts
        ],
        "quote_cents": quote_cents,
        "weights": {
            "cost": weights.cost / 1000,
            "latency": weights.latency / 1000,
            "reliability": weights.reliability / 1000,
            "quality": weights.quality / 1000,
        },
    }


def _candidate(candidate: Candidate, *, name: str) -> dict[str, Any]:
    a = candidate.appraisal
    is_degraded = a.reliability_milli < SHAKY_BELOW_MILLI or bool(_DEGRADED & a.flags)
    return {
        "name": name,
        "score": candidate.score_milli / 1000,
        "cost": a.cost_milli / 1000,
        "latency": a.latency_milli / 1000,
        "reliability": a.reliability_milli / 1000,
        "quality": a.quality_milli / 1000,
        "health": "degraded" if is_degraded else "operational",
    }


def _letter(place: int) -> str:
    """A, B to Z, then AA, AB and so on."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
