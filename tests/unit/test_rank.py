"""Ranking: who may serve a request, in which order, and that the same input always gives the same route."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corent.core.tiers import AspectRatio, ImageFormat, Preference
from corent.health.breaker import Circuit
from corent.health.document import HealthDocument
from corent.routing.decide import CANDIDATES_MAX, replay
from corent.routing.health import HealthView, OfferHealth, view_health, with_trial
from corent.routing.offers import Offer
from corent.routing.rank import NEW_BELOW, WEIGHTS, RouteRequest, half_open, rank
from corent.routing.route import Choice, Exclusion, Flag, Route, dump_route, load_route
from tests.fakes import START_MS
from tests.image_world import PRICE, TIER, an_offer

TODAY = date(2026, 11, 22)


def a_request(preference: Preference = Preference.FAST, **changes: Any) -> RouteRequest:
    fields: dict[str, Any] = {
        "tier": TIER.name,
        "preference": preference,
        "unit_price_micros": PRICE,
        "aspect_ratio": AspectRatio.SQUARE,
        "output_format": ImageFormat.PNG,
        "count": 1,
        "seeded": False,
        "image": False,
        "day": TODAY,
    }
    return RouteRequest(**{**fields, **changes})


def view(*offers: Offer, **changes: dict[str, Any]) -> HealthView:
    """Every offer by its priors alone, but for those fields of the named ones."""
    plain = view_health(HealthDocument(), offers, now_ms=START_MS)
    changed = {name: replace(plain.offers[name], **fields) for name, fields in changes.items()}
    return replace(plain, offers={**plain.offers, **changed})


def ranked(
    *offers: Offer,
    request: RouteRequest | None = None,
    health: HealthView | None = None,
    seed: int = 1,
    spent_up: frozenset[str] = frozenset(),
) -> Route:
    return rank(
        request or a_request(),
        offers=offers,
        health=health or view(*offers),
        seed=seed,
        spent_up=spent_up,
    )


def order(route: Route) -> list[str]:
    return [candidate.offer_id for candidate in route.candidates]


def orders(*offers: Offer, request: RouteRequest | None = None) -> set[tuple[str, ...]]:
    return {tuple(order(ranked(*offers, request=request, seed=seed))) for seed in range(100)}


def reasons(route: Route) -> dict[str, Exclusion]:
    return {each.offer_id: each.reason for each in route.excluded}


OPEN: dict[str, Any] = {"circuit": Circuit.OPEN, "wait_ms": 30_000}
HALF_OPEN: dict[str, Any] = {"circuit": Circuit.HALF_OPEN}
RESTING: dict[str, Any] = {"is_resting": True, "wait_ms": 5_000}
TWINS = tuple(an_offer(name) for name in "abcd")


# ---- The same again ----------------------------------------------------------------------------------


def test_the_same_input_gives_the_same_text() -> None:
    seen = view(*TWINS, a={"reliability_milli": 900}, c={"speed_milli": 300})
    texts = {dump_route(ranked(*TWINS, health=seen, seed=42)) for _ in range(20)}
    assert len(texts) == 1


def test_the_order_in_the_catalog_does_not_matter() -> None:
    assert dump_route(ranked(*TWINS)) == dump_route(ranked(*reversed(TWINS)))


def test_a_stored_route_is_read_back_as_it_was() -> None:
    offers = (*TWINS, an_offer("gone", retired_on=TODAY))
    route = ranked(*offers, health=view(*offers, b={"is_suspect": True}))
    assert load_route(dump_route(route)) == route


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
    assert (route.incapable, route.excluded) == (1, ())


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


# ---- Whom to leave out for now --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "reason"),
    [(OPEN, Exclusion.CIRCUIT_OPEN), (HALF_OPEN, Exclusion.CIRCUIT_OPEN), (RESTING, Exclusion.RATE_LIMITED)],
    ids=["open", "half open", "resting"],
)
def test_an_offer_that_is_not_to_be_tried_now_is_left_out_and_said_so(
    state: dict[str, Any], reason: Exclusion
) -> None:
    route = ranked(*TWINS, health=view(*TWINS, b=state))
    assert sorted(order(route)) == ["a", "c", "d"]
    assert reasons(route) == {"b": reason}
    assert replay(dump_route(route)) == dump_route(route)


def test_the_last_one_is_never_left_out() -> None:
    route = ranked(
        *TWINS, health=view(*TWINS, a=OPEN, b=OPEN, c={**RESTING, "reliability_milli": 990}, d=OPEN)
    )
    assert (route.choice, route.attempts_max, route.wait_s) == (Choice.LAST_RESORT, 1, 5)
    assert order(route)[0] == "c"
    assert len(route.candidates) == 4
    assert replay(dump_route(route)) == dump_route(route)


def test_a_route_says_how_long_until_the_first_that_waits_may_be_tried() -> None:
    seen = view(*TWINS, a=OPEN, b={**OPEN, "wait_ms": 12_001})
    assert ranked(*TWINS, health=seen).wait_s == 13
    assert ranked(*TWINS).wait_s == 0


def test_a_half_open_one_is_tried_first_by_the_request_that_may() -> None:
    seen = with_trial(view(*TWINS, d=HALF_OPEN), "d")
    route = ranked(*TWINS, health=seen)
    assert (route.choice, order(route)[0]) == (Choice.TRIAL, "d")
    assert Flag.TRIAL in route.candidates[0].appraisal.flags


def test_only_half_open_ones_that_could_serve_the_request_are_worth_a_trial() -> None:
    offers = (
        an_offer("able"),
        an_offer("unable", takes_seed=False),
        an_offer("spent", upstream="poor"),
        an_offer("tired"),
        an_offer("open"),
        an_offer("closed"),
        an_offer("other", tier="corent-image-studio"),
    )
    states = {offer.id: HALF_OPEN for offer in offers} | {
        "tired": {**HALF_OPEN, "is_resting": True},
        "open": OPEN,
        "closed": {},
    }
    found = half_open(
        a_request(seeded=True),
        offers=offers,
        health=view(*offers, **states),
        spent_up=frozenset({"poor"}),
    )
    assert [offer.id for offer in found] == ["able"]


def test_a_tier_whose_failovers_are_used_up_says_so_in_the_route() -> None:
    plain = view(*TWINS)
    tight = replace(plain, out_of_retries=frozenset({TIER.name}))
    assert not ranked(*TWINS, health=plain).is_tight
    route = ranked(*TWINS, health=tight, seed=1)
    assert route.is_tight
    assert replay(dump_route(route)) == dump_route(route)


# ---- How an offer is appraised ---------------------------------------------------------------------------


def appraised(offer: Offer, *, request: RouteRequest | None = None, **state: Any) -> Any:
    route = ranked(offer, request=request, health=view(offer, **{offer.id: state}))
    return route.candidates[0].appraisal


@pytest.mark.parametrize(
    ("cost_micros", "ratio_milli", "cost_milli"),
    [(0, 1000, 1000), (5_000, 1000, 750), (20_000, 1000, 0), (5_000, 2000, 500), (5_000, 9000, 0)],
)
def test_cost_is_what_is_left_of_the_price(cost_micros: int, ratio_milli: int, cost_milli: int) -> None:
    seen = appraised(an_offer("a", cost_micros=cost_micros), cost_ratio_milli=ratio_milli)
    assert seen.cost_milli == cost_milli


def test_an_input_image_costs_what_the_catalog_says_it_does() -> None:
    offer = an_offer("a", cost_micros=5_000, cost_with_image_micros=15_000)
    assert appraised(offer).cost_milli == 750
    assert appraised(offer, request=a_request(image=True)).cost_milli == 250


def test_speed_reliability_and_time_are_those_of_its_health() -> None:
    seen = appraised(an_offer("a", quality=0.64), speed_milli=321, reliability_milli=765, typical_ms=4_321)
    assert (seen.latency_milli, seen.reliability_milli, seen.typical_ms, seen.quality_milli) == (
        321,
        765,
        4_321,
        640,
    )


@pytest.mark.parametrize(("evidence", "is_new"), [(0, True), (NEW_BELOW - 1, True), (NEW_BELOW, False)])
def test_an_offer_is_new_until_it_was_measured_a_few_times_lately(evidence: int, is_new: bool) -> None:
    assert (Flag.NEW in appraised(an_offer("a"), evidence=evidence).flags) is is_new


# ---- In which order --------------------------------------------------------------------------------------


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
    seen = view(*offers, **{offer.id: {"evidence": NEW_BELOW} for offer in offers})
    route = ranked(*offers, request=a_request(preference), health=seen)
    assert order(route)[0] == first


def test_balance_prefers_the_one_that_is_good_at_everything() -> None:
    offers = (
        an_offer("quick", typical_latency_ms=500, cost_micros=19_000, quality=0.3),
        an_offer("cheap", typical_latency_ms=12_000, cost_micros=1_000, quality=0.3),
        an_offer("even", typical_latency_ms=1_500, cost_micros=6_000, quality=0.7),
    )
    assert order(ranked(*offers, request=a_request(Preference.BALANCED)))[0] == "even"


# ---- Whatever comes ----------------------------------------------------------------------------------

OFFERS = st.builds(
    an_offer,
    st.text(alphabet="abcdefgh", min_size=1, max_size=3),
    quality=st.floats(0, 1),
    tier=st.sampled_from([TIER.name, "corent-image-studio"]),
    cost_micros=st.integers(0, 10**7),
    typical_latency_ms=st.integers(1, 10**6),
    slow_latency_ms=st.integers(10**6, 10**7),
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
    wait_ms=st.one_of(st.none(), st.integers(1, 25_000)),
)
HEALTH = st.builds(
    OfferHealth,
    reliability_milli=st.integers(0, 1000),
    speed_milli=st.integers(0, 1000),
    typical_ms=st.integers(1, 10**6),
    cost_ratio_milli=st.integers(0, 10_000),
    evidence=st.integers(0, 160),
    circuit=st.sampled_from(Circuit),
    wait_ms=st.integers(0, 400_000),
    is_resting=st.booleans(),
    is_suspect=st.booleans(),
    is_trial=st.booleans(),
)


@given(
    offers=st.lists(OFFERS, max_size=12, unique_by=lambda offer: offer.id),
    request=REQUESTS,
    data=st.data(),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=400, deadline=None)
def test_a_route_names_or_counts_every_offer_of_the_tier_exactly_once_and_replays(
    offers: list[Offer], request: RouteRequest, data: st.DataObject, seed: int
) -> None:
    seen = HealthView(offers={offer.id: data.draw(HEALTH) for offer in offers})
    route = rank(request, offers=tuple(offers), health=seen, seed=seed)
    named = order(route) + [each.offer_id for each in route.excluded]
    in_tier = {offer.id for offer in offers if offer.tier == request.tier}
    assert len(named) == len(set(named)) <= len(set(named) | in_tier) == len(in_tier)
    assert len(named) + route.outranked + route.incapable == len(in_tier)
    for candidate in route.candidates:
        a = candidate.appraisal
        assert all(
            0 <= part <= 1000
            for part in (a.cost_milli, a.latency_milli, a.reliability_milli, a.quality_milli)
        )
    assert 0 <= route.wait_s <= 300
    assert load_route(dump_route(route)) == route
    assert replay(dump_route(route)) == dump_route(route)


def test_an_upstream_that_is_spent_up_is_left_out_and_said_so() -> None:
    offers = (an_offer("a", upstream="one"), an_offer("b", upstream="two"))
    route = ranked(*offers, spent_up=frozenset({"one"}))
    assert order(route) == ["b"]
    assert reasons(route) == {"a": Exclusion.DAILY_CAP}


def test_a_retired_offer_is_retired_whatever_it_cost() -> None:
    offer = an_offer("a", upstream="one", retired_on=TODAY)
    route = ranked(offer, spent_up=frozenset({"one"}))
    assert reasons(route) == {"a": Exclusion.RETIRED}


# ---- Callers who wait ------------------------------------------------------------------------------------


def test_what_may_not_be_ready_in_time_is_worth_what_the_end_of_the_wait_is() -> None:
    slow = an_offer("a", typical_latency_ms=2_000, slow_latency_ms=30_000)
    at_leisure = appraised(slow).latency_milli
    assert appraised(slow, request=a_request(wait_ms=30_000)).latency_milli == at_leisure
    assert appraised(slow, request=a_request(wait_ms=29_999)).latency_milli < at_leisure


def test_what_can_be_asked_later_loses_nothing_by_being_slow() -> None:
    slow = an_offer("a", typical_latency_ms=2_000, slow_latency_ms=30_000, asynchronous=True)
    waited = appraised(slow, request=a_request(wait_ms=5_000))
    assert waited.latency_milli == appraised(slow).latency_milli


# ---- Many offers -----------------------------------------------------------------------------------------


def test_no_more_than_eight_candidates_are_named_and_the_others_are_counted() -> None:
    offers = tuple(an_offer(f"o{n:02}", quality=n / 20) for n in range(20))
    route = ranked(*offers, request=a_request(Preference.QUALITY))
    assert len(route.candidates) == CANDIDATES_MAX == 8
    assert route.outranked == 12
    assert set(order(route)) == {f"o{n:02}" for n in range(12, 20)}


def test_a_trial_is_among_them_however_badly_it_does() -> None:
    offers = tuple(an_offer(f"o{n:02}", quality=n / 20) for n in range(20))
    seen = with_trial(view(*offers, o00={**HALF_OPEN, "reliability_milli": 0}), "o00")
    route = ranked(*offers, health=seen)
    assert (route.choice, order(route)[0], route.outranked) == (Choice.TRIAL, "o00", 12)
    assert replay(dump_route(route)) == dump_route(route)
