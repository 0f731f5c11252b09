"""The explanation of a route: the stored record in a caller's words, offers as letters."""

from collections.abc import Sequence
from typing import Any, Final

from corent.core.tiers import Preference
from corent.routing.route import Route

_REASONING: Final = {
    Preference.FAST: "Optimized for speed, then reliability.",
    Preference.CHEAP: "Optimized for cost, then reliability.",
    Preference.BALANCED: "Balanced between cost, speed, reliability and quality.",
    Preference.QUALITY: "Optimized for quality, then reliability.",
}


def explain(
    route: Route, *, attempts: Sequence[tuple[int, str, int]], tier: str, quote_cents: int
) -> dict[str, Any]:
    """The body of `GET /v1/routing/explain`. `attempts` are (candidate, outcome, duration in ms).

    Letters follow the order of score and say nothing outside this one request.
    """
    candidates = [
        {
            "name": _letter(place),
            "score": candidate.score_milli / 1000,
            "cost": candidate.cost_milli / 1000,
            "latency": candidate.latency_milli / 1000,
            "reliability": candidate.reliability_milli / 1000,
            "health": "degraded" if candidate.degraded else "operational",
        }
        for place, candidate in enumerate(route.candidates)
    ]
    excluded = [
        {"name": _letter(len(candidates) + place), "reason": each.reason.value}
        for place, each in enumerate(route.excluded)
    ]
    weights = route.weights
    return {
        "model": tier,
        "reasoning": _REASONING[route.preference],
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


def _letter(place: int) -> str:
    """A, B to Z, then AA, AB and so on."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
