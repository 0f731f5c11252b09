"""The explanation of a route: letters instead of names, and what happened in order."""

import json
from dataclasses import replace

import pytest

from corent.core.tiers import Preference
from corent.routing.explanation import explain
from corent.routing.route import (
    Appraisal,
    Candidate,
    Choice,
    Excluded,
    Exclusion,
    Flag,
    Route,
    Weights,
)
from tests.image_world import TIER

Attempts = list[tuple[int, str, int]]


def a_route(
    candidates: int = 3,
    *,
    excluded: int = 2,
    preference: Preference = Preference.FAST,
    choice: Choice = Choice.BEST,
) -> Route:
    return Route(
        seed=1,
        preference=preference,
        weights=Weights(cost=100, latency=600, reliability=250, quality=50),
        choice=choice,
        attempts_max=3,
        candidates=tuple(
            Candidate(
                appraisal=Appraisal(
                    offer_id=f"vendor-model-{number}",
                    cost_milli=1000,
                    latency_milli=500,
                    reliability_milli=799 if number == 1 else 970,
                    quality_milli=600,
                    typical_ms=1_000,
                    flags=frozenset({Flag.SUSPECT} if number == 2 else {Flag.NEW}),
                ),
                score_milli=900 - number,
            )
            for number in range(candidates)
        ),
        excluded=tuple(
            Excluded(offer_id=f"vendor-other-{number}", reason=list(Exclusion)[number % 2])
            for number in range(excluded)
        ),
    )


def explained(route: Route | None = None, *, attempts: Attempts | None = None) -> dict[str, object]:
    return explain(route or a_route(), attempts=attempts or [], tier=TIER.name, quote_cents=2)


def names(document: dict[str, object], field: str) -> list[str]:
    rows = document[field]
    assert isinstance(rows, list)
    return [row["name"] for row in rows]


def test_a_whole_explanation() -> None:
    assert explained(a_route(1, excluded=1), attempts=[(0, "completed", 1432)]) == {
        "model": "corent-image-fast",
        "reasoning": "Optimized for speed, then reliability.",
        "choice": "best",
        "candidates_considered": 2,
        "failover_occurred": False,
        "candidates": [
            {
                "name": "A",
                "score": 0.9,
                "cost": 1.0,
                "latency": 0.5,
                "reliability": 0.97,
                "quality": 0.6,
                "health": "operational",
            }
        ],
        "excluded": [{"name": "B", "reason": "retired"}],
        "attempts": [{"candidate": "A", "outcome": "completed", "duration_ms": 1432}],
        "quote_cents": 2,
        "weights": {"cost": 0.1, "latency": 0.6, "reliability": 0.25, "quality": 0.05},
    }


def test_candidates_and_excluded_have_letters_of_their_own() -> None:
    document = explained()
    assert names(document, "candidates") == ["A", "B", "C"]
    assert names(document, "excluded") == ["D", "E"]


def test_what_was_only_counted_has_letters_too_and_is_considered() -> None:
    route = replace(a_route(2, excluded=1), outranked=2, incapable=1)
    document = explained(route)
    assert names(document, "excluded") == ["C", "D", "E", "F"]
    excluded = document["excluded"]
    assert isinstance(excluded, list)
    assert [each["reason"] for each in excluded] == ["retired", "outranked", "outranked", "not_capable"]
    assert document["candidates_considered"] == 6


def test_after_z_come_two_letters() -> None:
    document = explained(a_route(54, excluded=1))
    seen = names(document, "candidates")
    assert (seen[25], seen[26], seen[51], seen[52]) == ("Z", "AA", "AZ", "BA")
    assert len(set(seen)) == 54


def test_no_offer_is_named() -> None:
    text = json.dumps(explained(attempts=[(0, "unavailable", 10), (1, "completed", 20)]))
    assert "vendor" not in text


def test_a_degraded_candidate_is_said_to_be_one() -> None:
    rows = explained()["candidates"]
    assert isinstance(rows, list)
    assert [row["health"] for row in rows] == ["operational", "degraded", "degraded"]


@pytest.mark.parametrize(
    ("attempts", "occurred"),
    [
        ([], False),
        ([(0, "completed", 5)], False),
        ([(0, "unavailable", 5)], False),
        ([(0, "unavailable", 5), (1, "completed", 5)], True),
        ([(0, "unavailable", 5), (1, "bad_reply", 5), (2, "quota", 5)], True),
    ],
)
def test_failover_means_that_a_second_candidate_was_asked(attempts: Attempts, occurred: bool) -> None:
    assert explained(attempts=attempts)["failover_occurred"] is occurred


def test_attempts_stand_in_the_order_they_were_made() -> None:
    attempts = [(0, "rate_limited", 30), (1, "unknown", 9_000), (2, "completed", 1_200)]
    assert explained(attempts=attempts)["attempts"] == [
        {"candidate": "A", "outcome": "rate_limited", "duration_ms": 30},
        {"candidate": "B", "outcome": "unknown", "duration_ms": 9_000},
        {"candidate": "C", "outcome": "completed", "duration_ms": 1_200},
    ]


def test_every_preference_has_a_reasoning_of_its_own() -> None:
    said = {explained(a_route(preference=preference))["reasoning"] for preference in Preference}
    assert len(said) == len(Preference)


def test_every_way_to_choose_the_first_is_said_in_words_of_its_own() -> None:
    said = {explained(a_route(choice=choice))["reasoning"] for choice in Choice}
    assert len(said) == len(Choice)
    assert {explained(a_route(choice=choice))["choice"] for choice in Choice} == {c.value for c in Choice}
