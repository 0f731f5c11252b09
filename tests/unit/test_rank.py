"""Ranking: who may serve a request, in which order, and that the same input always gives the same route."""

import itertools
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corent.core.tiers import AspectRatio, ImageFormat, Preference
from corent.routing.health import OfferHealth
from corent.routing.offers import Offer
from corent.routing.rank import TIE_BREAK_MILLI, WEIGHTS, RouteRequest, rank
from corent.routing.route import Exclusion, Route, dump_route, load_route
from tests.image_world import TIER, an_offer

TODAY = date(2026, 11, 22)


def a_request(preference: Preference = Preference.FAST, **changes: Any) -> RouteRequest:
    fields: dict[str, Any] = {
        "tier": TIER.name,
        "preference": preference,
        "aspect_ratio": AspectRatio.SQUARE,
        "output_format": ImageFormat.PNG,
        "count": 1,
        "seeded": False,
        "image": False,
        "day": TODAY,
    }
    return RouteRequest(**{**fields, **changes})


def ranked(
    *offers: Offer,
    request: RouteRequest | None = None,
    health: dict[str, OfferHealth] | None = None,
    seed: int = 1,
) -> Route:
    return rank(request or a_request(), offers=offers, health=health or {}, seed=seed)


def order(route: Route) -> list[str]:
    return [candidate.offer_id for candidate in route.candidates]


def orders(*offers: Offer, request: RouteRequest | None = None) -> set[tuple[str, ...]]:
    return {tuple(order(ranked(*offers, request=request, seed=seed))) for seed in range(100)}


def health(
    results: int, successes: int, *, p50_ms: int | None = 1_000, degraded: bool = False
) -> OfferHealth:
    return OfferHealth(results=results, successes=successes, latency_ms_p50=p50_ms, degraded=degraded)


TWINS = tuple(an_offer(name) for name in "abcd")


# ---- The same again ----------------------------------------------------------------------------------


def test_the_same_input_gives_the_same_text() -> None:
    seen = {"a": health(20, 18), "c": health(7, 7, p50_ms=300)}
    texts = {dump_route(ranked(*TWINS, health=seen, seed=42)) for _ in range(20)}
    assert len(texts) == 1


def test_the_order_in_the_catalog_does_not_matter() -> None:
    assert dump_route(ranked(*TWINS)) == dump_route(ranked(*reversed(TWINS)))


def test_a_known_route_is_still_written_the_same_way() -> None:
    offers = (an_offer("near", typical_latency_ms=500), an_offer("far"), an_offer("gone", retired_on=TODAY))
    assert dump_route(ranked(*offers, seed=7)) == (
        '{"s":7,"p":"fast","w":[100,600,250,50],'
        '"c":"near 967 1000 1000 970;far 667 1000 500 970","x":"gone retired"}'
    )


def test_a_stored_route_is_read_back_as_it_was() -> None:
    route = ranked(*TWINS, an_offer("gone", retired_on=TODAY), health={"b": health(9, 1, degraded=True)})
    assert load_route(dump_route(route)) == route


def test_a_long_route_is_packed_and_read_back_as_it_was() -> None:
    offers = [an_offer(f"company/model-{number}", typical_latency_ms=1000 + number) for number in range(20)]
    route = ranked(*offers, health={"company/model-3": health(9, 1, degraded=True)})
    stored = dump_route(route)
    assert len(stored) < 500
    assert load_route(stored) == route
    assert dump_route(route) == stored


def test_a_stored_route_says_with_which_seed_to_replay_it() -> None:
    for seed in range(50):
        stored = dump_route(ranked(*TWINS, seed=seed))
        assert dump_route(ranked(*TWINS, seed=load_route(stored).seed)) == stored


# ---- Who may serve -----------------------------------------------------------------------------------

UNABLE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "ratio": ({"aspect_ratios": (AspectRatio.WIDE,)}, {}),
    "format": ({"formats": (ImageFormat.JPEG, ImageFormat.WEBP)}, {}),
    "count": ({"count_max": 3}, {"count": 4}),
    "seed": ({"takes_seed": False}, {"seeded": True}),
    "image": ({"takes_image": False}, {"image": True}),
}


@pytest.mark.parametrize("name", UNABLE)
def test_an_offer_that_cannot_serve_is_no_candidate(name: str) -> None:
    lack, asked = UNABLE[name]
    route = ranked(an_offer("able"), an_offer("unable", **lack), request=a_request(**asked))
    assert order(route) == ["able"]
    assert [(each.offer_id, each.reason) for each in route.excluded] == [("unable", Exclusion.NOT_CAPABLE)]


@pytest.mark.parametrize("name", ["count", "seed", "image"])
def test_what_is_not_asked_for_excludes_nobody(name: str) -> None:
    lack, _ = UNABLE[name]
    assert order(ranked(an_offer("plain", **lack))) == ["plain"]


def test_a_negative_prompt_excludes_nobody() -> None:
    assert order(ranked(an_offer("plain", takes_negative_prompt=False))) == ["plain"]


@pytest.mark.parametrize(("days", "serves"), [(-1, False), (0, False), (1, True)])
def test_an_offer_serves_until_the_day_it_is_retired(days: int, serves: bool) -> None:
    route = ranked(an_offer("old", retired_on=TODAY + timedelta(days=days)))
    assert order(route) == (["old"] if serves else [])
    assert [each.reason for each in route.excluded] == ([] if serves else [Exclusion.RETIRED])


def test_offers_of_other_tiers_are_not_even_mentioned() -> None:
    route = ranked(an_offer("mine"), an_offer("other", tier="corent-image-studio"))
    assert order(route) == ["mine"]
    assert route.excluded == ()


def test_a_tier_without_offers_has_a_route_without_candidates() -> None:
    assert ranked().candidates == ()


# ---- In which order ----------------------------------------------------------------------------------


@pytest.mark.parametrize("preference", Preference)
def test_the_weights_of_a_preference_are_one_whole(preference: Preference) -> None:
    weights = WEIGHTS[preference]
    assert weights.cost + weights.latency + weights.reliability + weights.quality == 1000


@pytest.mark.parametrize(
    ("preference", "first"),
    [(Preference.FAST, "quick"), (Preference.CHEAP, "cheap"), (Preference.QUALITY, "fine")],
)
def test_a_preference_puts_the_offer_first_that_is_best_at_it(preference: Preference, first: str) -> None:
    offers = (
        an_offer("quick", typical_latency_ms=500, cost_micros=20_000, quality=0.4),
        an_offer("cheap", typical_latency_ms=4_000, cost_micros=2_000, quality=0.4),
        an_offer("fine", typical_latency_ms=4_000, cost_micros=20_000, quality=1.0),
    )
    assert {each[0] for each in orders(*offers, request=a_request(preference))} == {first}


def test_balance_prefers_the_one_that_is_good_at_everything() -> None:
    offers = (
        an_offer("quick", typical_latency_ms=500, cost_micros=40_000, quality=0.3),
        an_offer("cheap", typical_latency_ms=9_000, cost_micros=2_000, quality=0.3),
        an_offer("even", typical_latency_ms=900, cost_micros=4_000, quality=0.7),
    )
    assert {each[0] for each in orders(*offers, request=a_request(Preference.BALANCED))} == {"even"}


def test_a_free_offer_is_best_on_cost_and_leaves_the_others_their_order() -> None:
    free, cheap, dear = (
        an_offer(n, cost_micros=c) for n, c in (("free", 0), ("cheap", 3_000), ("dear", 90_000))
    )
    route = ranked(free, cheap, dear, request=a_request(Preference.CHEAP))
    costs = {candidate.offer_id: candidate.cost_milli for candidate in route.candidates}
    assert costs["free"] == 1000
    assert costs["free"] > costs["cheap"] > costs["dear"] > 0


def test_measured_slowness_counts_against_a_fast_prior() -> None:
    offers = (an_offer("boasts", typical_latency_ms=500), an_offer("honest", typical_latency_ms=900))
    assert order(ranked(*offers))[0] == "boasts"
    assert order(ranked(*offers, health={"boasts": health(20, 20, p50_ms=5_000)}))[0] == "honest"


def test_one_result_alone_hardly_moves_an_offer() -> None:
    offers = (an_offer("a", typical_latency_ms=500), an_offer("b", typical_latency_ms=900))
    assert order(ranked(*offers, health={"a": health(1, 0, p50_ms=None)}))[0] == "a"


def test_failures_count_against_an_offer() -> None:
    route = ranked(*TWINS, health={"a": health(20, 12), "b": health(20, 20)})
    assert order(route)[-1] == "a"
    reliability = {candidate.offer_id: candidate.reliability_milli for candidate in route.candidates}
    assert reliability["b"] > reliability["c"] == reliability["d"] > reliability["a"]


def test_a_degraded_offer_comes_last_however_well_it_scores() -> None:
    offers = (an_offer("quick", typical_latency_ms=100), an_offer("slow", typical_latency_ms=9_000))
    route = ranked(*offers, health={"quick": health(20, 9, p50_ms=100, degraded=True)})
    assert order(route) == ["slow", "quick"]
    assert route.candidates[1].score_milli > route.candidates[0].score_milli


def test_when_all_are_degraded_all_are_still_tried() -> None:
    sick = {offer.id: health(20, 0, p50_ms=None, degraded=True) for offer in TWINS}
    assert sorted(order(ranked(*TWINS, health=sick))) == list("abcd")


def test_equal_offers_share_the_first_place_about_evenly() -> None:
    firsts = [order(ranked(*TWINS, seed=seed))[0] for seed in range(1_000)]
    assert {name: 150 < firsts.count(name) < 350 for name in "abcd"} == dict.fromkeys("abcd", True)


def test_the_seed_moves_nobody_past_a_better_one_by_more_than_the_tie_break() -> None:
    for seed in range(300):
        scores = [c.score_milli for c in ranked(*TWINS, an_offer("e", quality=0.0), seed=seed).candidates]
        assert all(later - earlier <= TIE_BREAK_MILLI for earlier, later in itertools.pairwise(scores))
    near, far = an_offer("near", typical_latency_ms=1_000), an_offer("far", typical_latency_ms=1_100)
    assert orders(near, far) == {("near", "far")}


# ---- Whatever comes ----------------------------------------------------------------------------------

OFFERS = st.builds(
    an_offer,
    st.text(alphabet="abcdefgh", min_size=1, max_size=3),
    quality=st.floats(0, 1),
    tier=st.sampled_from([TIER.name, "corent-image-studio"]),
    cost_micros=st.integers(0, 10**7),
    typical_latency_ms=st.integers(1, 10**6),
    count_max=st.integers(1, 4),
    takes_seed=st.booleans(),
    takes_image=st.booleans(),
    retired_on=st.one_of(st.none(), st.dates(date(2026, 11, 1), date(2026, 12, 31))),
)
REQUESTS = st.builds(
    a_request,
    st.sampled_from(Preference),
    count=st.integers(1, 4),
    seeded=st.booleans(),
    image=st.booleans(),
)
HEALTH = st.builds(
    lambda failures, successes, p50_ms, degraded: OfferHealth(
        results=failures + successes, successes=successes, latency_ms_p50=p50_ms, degraded=degraded
    ),
    st.integers(0, 20),
    st.integers(0, 20),
    st.one_of(st.none(), st.integers(0, 10**6)),
    st.booleans(),
)


@given(
    offers=st.lists(OFFERS, max_size=12, unique_by=lambda offer: offer.id),
    request=REQUESTS,
    seen=st.dictionaries(st.text(alphabet="abcdefgh", min_size=1, max_size=3), HEALTH, max_size=8),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=400, deadline=None)
def test_a_route_names_every_offer_of_the_tier_exactly_once(
    offers: list[Offer], request: RouteRequest, seen: dict[str, OfferHealth], seed: int
) -> None:
    route = rank(request, offers=tuple(offers), health=seen, seed=seed)
    named = order(route) + [each.offer_id for each in route.excluded]
    assert sorted(named) == sorted(offer.id for offer in offers if offer.tier == request.tier)
    for candidate in route.candidates:
        shares = (candidate.cost_milli, candidate.latency_milli, candidate.reliability_milli)
        assert all(0 <= share <= 1000 for share in (*shares, candidate.score_milli))
    assert load_route(dump_route(route)) == route


def test_an_upstream_that_is_spent_up_is_left_out_and_said_so() -> None:
    offers = (an_offer("a", upstream="one"), an_offer("b", upstream="two"))
    route = rank(a_request(), offers=offers, health={}, seed=1, spent_up=frozenset({"one"}))
    assert order(route) == ["b"]
    assert [(each.offer_id, each.reason) for each in route.excluded] == [("a", Exclusion.DAILY_CAP)]
    assert load_route(dump_route(route)) == route


def test_an_offer_that_cannot_take_the_request_is_not_capable_whatever_it_cost() -> None:
    offer = an_offer("a", upstream="one", retired_on=TODAY)
    route = rank(a_request(), offers=(offer,), health={}, seed=1, spent_up=frozenset({"one"}))
    assert [each.reason for each in route.excluded] == [Exclusion.RETIRED]
