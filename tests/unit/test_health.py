"""Health: what is folded, for how long it is kept, and where a state begins and ends."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from corent.core.errors import TemporarilyUnavailableError
from corent.health.results import (
    DAYS_KEPT,
    OFFER_WINDOW,
    RESULTS_MIN,
    STALE_AFTER_MS,
    TIER_WINDOW,
    Cost,
    DayCount,
    OfferResult,
    OfferWindow,
    Result,
    Spend,
    TierResult,
    TierWindow,
    fold_costs,
    fold_offers,
    fold_tiers,
    is_degraded,
    summarize_tier,
)
from corent.usecases.offers_on_sale import HEALTH_KEPT_S, DailyCaps, OffersOnSale
from corent.usecases.read_status import ReadStatus
from tests.fakes import START_MS, FakeClock
from tests.image_world import TIER, an_offer

GOOD, BAD = Result(success=True, duration_ms=1_000), Result(success=False, duration_ms=9_000)
TODAY = datetime.fromtimestamp(START_MS / 1000, UTC)


def day(ago: int = 0) -> str:
    return f"{TODAY - timedelta(days=ago):%Y-%m-%d}"


def tier_result(result: Result = GOOD, *, tier: str = TIER.name, ago: int = 0) -> TierResult:
    return TierResult(tier=tier, result=result, day=day(ago))


def tier_window(successes: int, failures: int) -> TierWindow:
    return TierWindow(results={TIER.name: (GOOD,) * successes + (BAD,) * failures}, updated_at_ms=START_MS)


# ---- Folding -----------------------------------------------------------------------------------------


def test_results_are_added_to_their_own_offer_in_order() -> None:
    window = fold_offers(
        OfferWindow(results={"a": (GOOD,), "b": (BAD,)}), [OfferResult("a", BAD), OfferResult("c", GOOD)]
    )
    assert window.results == {"a": (GOOD, BAD), "b": (BAD,), "c": (GOOD,)}


def test_an_offer_keeps_its_newest_results_only() -> None:
    results = [OfferResult("a", Result(success=True, duration_ms=n)) for n in range(OFFER_WINDOW + 5)]
    kept = fold_offers(OfferWindow(), results).results["a"]
    assert [result.duration_ms for result in kept] == list(range(5, OFFER_WINDOW + 5))


def test_a_tier_keeps_its_newest_results_only() -> None:
    results = [tier_result(Result(success=True, duration_ms=n)) for n in range(TIER_WINDOW + 5)]
    kept = fold_tiers(TierWindow(), results, now_ms=START_MS).results[TIER.name]
    assert [result.duration_ms for result in kept] == list(range(5, TIER_WINDOW + 5))


def test_folding_changes_nothing_that_it_was_given() -> None:
    window = TierWindow(results={TIER.name: (GOOD,)}, days={TIER.name: {day(): DayCount(1, 1)}})
    fold_tiers(window, [tier_result(BAD)], now_ms=START_MS)
    assert window == TierWindow(results={TIER.name: (GOOD,)}, days={TIER.name: {day(): DayCount(1, 1)}})


def test_a_day_counts_its_jobs_and_their_successes() -> None:
    results = [tier_result(), tier_result(BAD), tier_result(ago=1)]
    window = fold_tiers(TierWindow(), results, now_ms=START_MS)
    assert window.days[TIER.name] == {day(): DayCount(1, 2), day(1): DayCount(1, 1)}


def test_days_are_kept_for_ninety_days() -> None:
    window = fold_tiers(
        TierWindow(), [tier_result(ago=ago) for ago in range(DAYS_KEPT + 10, -1, -1)], now_ms=START_MS
    )
    assert sorted(window.days[TIER.name]) == sorted(day(ago) for ago in range(DAYS_KEPT))


def test_a_day_is_dropped_by_its_age_and_not_by_how_many_there_are() -> None:
    old = TierWindow(days={TIER.name: {day(400): DayCount(0, 50), day(DAYS_KEPT): DayCount(0, 5)}})
    window = fold_tiers(old, [tier_result()], now_ms=START_MS)
    assert window.days[TIER.name] == {day(): DayCount(1, 1)}


def test_a_tier_that_nobody_uses_loses_its_old_days_too() -> None:
    old = TierWindow(days={"idle": {day(400): DayCount(0, 50), day(3): DayCount(2, 2)}})
    assert fold_tiers(old, [tier_result()], now_ms=START_MS).days["idle"] == {day(3): DayCount(2, 2)}


def test_folding_nothing_is_no_news() -> None:
    window = TierWindow(updated_at_ms=5)
    assert fold_tiers(window, [], now_ms=START_MS).updated_at_ms == 5
    assert fold_tiers(window, [tier_result()], now_ms=START_MS).updated_at_ms == START_MS


# ---- States ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("successes", "failures", "status"),
    [
        (0, 0, "operational"),
        (0, RESULTS_MIN - 1, "operational"),
        (0, RESULTS_MIN, "outage"),
        (95, 5, "operational"),
        (94, 6, "degraded"),
        (50, 50, "degraded"),
        (49, 51, "outage"),
    ],
)
def test_a_tiers_state_at_its_thresholds(successes: int, failures: int, status: str) -> None:
    assert summarize_tier(tier_window(successes, failures), TIER.name).status == status


@pytest.mark.parametrize(
    ("successes", "failures", "degraded"),
    [
        (0, 0, False),
        (0, 4, False),
        (0, 5, True),
        (2, 3, True),
        (10, 10, False),
        (9, 11, True),
        (20, 0, False),
    ],
)
def test_an_offer_is_degraded_below_one_half_of_enough_results(
    successes: int,
    failures: int,
    degraded: bool,
) -> None:
    assert is_degraded((GOOD,) * successes + (BAD,) * failures) is degraded


def test_a_tier_without_results_has_no_figures() -> None:
    summary = summarize_tier(TierWindow(), TIER.name)
    figures = (summary.latency_ms_p50, summary.latency_ms_p95, summary.success_rate, summary.uptime_90d)
    assert figures == (None, None, None, None)


@pytest.mark.parametrize(
    ("count", "p50_ms", "p95_ms"), [(1, 1, 1), (2, 2, 2), (20, 10, 19), (21, 11, 20), (100, 50, 95)]
)
def test_the_quantiles_of_one_two_three_and_so_on(count: int, p50_ms: int, p95_ms: int) -> None:
    results = tuple(Result(success=True, duration_ms=n) for n in range(count, 0, -1))
    summary = summarize_tier(TierWindow(results={TIER.name: results}), TIER.name)
    assert (summary.latency_ms_p50, summary.latency_ms_p95) == (p50_ms, p95_ms)


def test_failures_have_no_part_in_the_latency() -> None:
    summary = summarize_tier(tier_window(3, 7), TIER.name)
    assert (summary.latency_ms_p50, summary.latency_ms_p95) == (1_000, 1_000)


def test_uptime_is_of_all_days_and_success_of_the_last_results() -> None:
    window = TierWindow(
        results={TIER.name: (GOOD, BAD)},
        days={TIER.name: {day(): DayCount(1, 2), day(1): DayCount(997, 998)}},
    )
    summary = summarize_tier(window, TIER.name)
    assert (summary.success_rate, summary.uptime_90d) == (0.5, 0.998)


# ---- What is shown, and what routing reads -----------------------------------------------------------


@dataclass
class FakeHealth:
    offers: OfferWindow = field(default_factory=OfferWindow)
    tiers: TierWindow = field(default_factory=TierWindow)
    down: bool = False
    reads: int = 0

    def read_offers(self) -> OfferWindow:
        self.reads += 1
        if self.down:
            raise TemporarilyUnavailableError("down")
        return self.offers

    def read_tiers(self) -> TierWindow:
        return self.tiers

    def update(self, fold: object) -> None:
        raise AssertionError("reading the status must not write")


@pytest.mark.parametrize(
    ("age_ms", "stale"), [(0, False), (STALE_AFTER_MS, False), (STALE_AFTER_MS + 1, True), (None, True)]
)
def test_status_is_stale_five_minutes_after_the_last_result(age_ms: int | None, stale: bool) -> None:
    window = TierWindow(updated_at_ms=None if age_ms is None else START_MS - age_ms)
    read = ReadStatus(health=FakeHealth(tiers=window), tiers=(TIER,), clock=FakeClock())
    assert read()["stale"] is stale


def test_status_shows_every_tier_even_before_its_first_result() -> None:
    document = ReadStatus(health=FakeHealth(), tiers=(TIER,), clock=FakeClock())()
    assert document["updated_at"] is None
    assert [(tier["name"], tier["status"]) for tier in document["tiers"]] == [(TIER.name, "operational")]


def on_sale(
    health: FakeHealth,
    clock: FakeClock,
    *,
    total_micros: int | None = None,
    caps: dict[str, int] | None = None,
) -> OffersOnSale:
    return OffersOnSale(
        offers=(an_offer("a", upstream="one"), an_offer("b", upstream="two"), an_offer("c", upstream="two")),
        credentialed=frozenset,
        caps=lambda: DailyCaps(total_micros=total_micros, micros=caps or {}),
        health=health,
        clock=clock,
    )


def test_routing_reads_counts_median_and_state_of_an_offer() -> None:
    window = OfferWindow(results={"a": (GOOD, Result(success=True, duration_ms=2_000), *(BAD,) * 3)})
    seen = on_sale(FakeHealth(offers=window), FakeClock()).health()["a"]
    assert (seen.results, seen.successes, seen.latency_ms_p50, seen.degraded) == (5, 2, 1_500, True)


def test_health_is_read_again_only_after_a_while() -> None:
    clock, store = FakeClock(), FakeHealth()
    sale = on_sale(store, clock)
    for _ in range(5):
        sale.health()
    clock.sleep(HEALTH_KEPT_S)
    sale.health()
    assert store.reads == 2


def test_unreadable_health_leaves_the_last_known() -> None:
    clock, store = FakeClock(), FakeHealth(offers=OfferWindow(results={"a": (GOOD,)}))
    sale = on_sale(store, clock)
    known = sale.health()
    store.down = True
    clock.sleep(HEALTH_KEPT_S)
    assert sale.health() == known


def test_health_that_was_never_readable_is_empty() -> None:
    assert on_sale(FakeHealth(down=True), FakeClock()).health() == {}


# ---- what upstreams cost -----------------------------------------------------------------------------


def spent(**micros: int) -> FakeHealth:
    return FakeHealth(offers=OfferWindow(spend=Spend(day=day(), micros=micros)))


def test_costs_of_a_day_add_up_by_upstream() -> None:
    window = fold_costs(OfferWindow(), [Cost("one", 5, day()), Cost("two", 7, day()), Cost("one", 3, day())])
    assert window.spend == Spend(day=day(), micros={"one": 8, "two": 7})


def test_a_new_day_begins_at_nothing() -> None:
    window = fold_costs(OfferWindow(), [Cost("one", 5, day(1)), Cost("two", 7, day())])
    assert window.spend == Spend(day=day(), micros={"two": 7})


def test_costs_of_a_day_that_is_over_count_no_more() -> None:
    window = fold_costs(OfferWindow(), [Cost("two", 7, day()), Cost("one", 5, day(1))])
    assert window.spend == Spend(day=day(), micros={"two": 7})


def test_folding_costs_leaves_results_and_the_other_way_round() -> None:
    window = fold_offers(fold_costs(OfferWindow(), [Cost("one", 5, day())]), [OfferResult("a", GOOD)])
    window = fold_costs(window, [Cost("one", 5, day())])
    assert (window.results, window.spend.micros) == ({"a": (GOOD,)}, {"one": 10})


@pytest.mark.parametrize(("micros", "up"), [(9, set()), (10, {"one"}), (11, {"one"})])
def test_an_upstream_is_spent_up_once_it_cost_its_cap(micros: int, up: set[str]) -> None:
    assert on_sale(spent(one=micros, two=100), FakeClock(), caps={"one": 10}).spent_up() == up


@pytest.mark.parametrize(("micros", "up"), [(6, set()), (7, {"one", "two"})])
def test_all_are_spent_up_once_they_cost_the_total(micros: int, up: set[str]) -> None:
    assert on_sale(spent(one=3, two=micros), FakeClock(), total_micros=10).spent_up() == up


def test_without_caps_nothing_is_spent_up() -> None:
    assert on_sale(spent(one=10**12), FakeClock()).spent_up() == frozenset()


def test_a_cap_of_nothing_is_reached_at_once() -> None:
    assert on_sale(FakeHealth(), FakeClock(), caps={"one": 0}).spent_up() == {"one"}


def test_what_was_spent_yesterday_counts_no_more() -> None:
    clock = FakeClock()
    sale = on_sale(spent(one=100), clock, caps={"one": 10}, total_micros=10)
    clock.sleep(86_400)
    assert sale.spent_up() == frozenset()


def test_spending_is_read_with_the_health_and_no_more_often() -> None:
    clock, store = FakeClock(), spent(one=1)
    sale = on_sale(store, clock, caps={"one": 10})
    for _ in range(5):
        sale.health()
        sale.spent_up()
    assert store.reads == 1
