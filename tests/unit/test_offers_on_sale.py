"""What is on sale, how it does, what it may still cost, and who may try what is half open."""

from dataclasses import dataclass, field, replace

import pytest

from corent.accounts.keys import Mode
from corent.core.clock import day_of
from corent.core.errors import TemporarilyUnavailableError
from corent.core.upstream import Failure
from corent.health.breaker import Circuit
from corent.health.document import Call, HealthDocument, Spend, fold_calls
from corent.health.evidence import Observation
from corent.usecases.offers_on_sale import (
    HEALTH_KEPT_S,
    TRIAL_MIN_MS,
    TRIAL_PATIENCE,
    DailyCaps,
    OffersOnSale,
)
from tests.fakes import START_MS, FakeClock
from tests.image_world import an_offer

OFFERS = (
    an_offer("one/a", upstream="one"),
    an_offer("two/b", upstream="two"),
    an_offer("two/c", upstream="two"),
    an_offer("sandbox/d", upstream="sandbox"),
)


@dataclass
class FakeHealth:
    document: HealthDocument = field(default_factory=HealthDocument)
    down: bool = False
    reads: int = 0
    claims: list[tuple[str, int]] = field(default_factory=list)
    free: bool = True

    def read(self) -> HealthDocument:
        self.reads += 1
        if self.down:
            raise TemporarilyUnavailableError("down")
        return self.document

    def claim_trial(self, offer_id: str, *, now_ms: int, until_ms: int) -> bool:
        self.claims.append((offer_id, until_ms - now_ms))
        if self.down:
            raise TemporarilyUnavailableError("down")
        return self.free


def on_sale(
    store: FakeHealth,
    clock: FakeClock,
    *,
    total_micros: int | None = None,
    caps: dict[str, int] | None = None,
    names: frozenset[str] = frozenset({"one", "two", "sandbox"}),
) -> OffersOnSale:
    return OffersOnSale(
        offers=OFFERS,
        credentialed=lambda: names,
        caps=lambda: DailyCaps(total_micros=total_micros, micros=caps or {}),
        health=store,  # type: ignore[arg-type] # What is not used is left out.
        clock=clock,
    )


def failing() -> HealthDocument:
    seen = Observation("one/a", "one", ended_at_ms=START_MS, failure=Failure.UNAVAILABLE)
    return fold_calls(HealthDocument(), [Call(observation=seen, tiers=())] * 5, now_ms=START_MS)


@pytest.mark.parametrize(
    ("names", "mode", "upstreams"),
    [
        ({"one", "two", "sandbox"}, Mode.LIVE, {"one", "two"}),
        ({"sandbox"}, Mode.LIVE, {"sandbox"}),
        ({"one", "two", "sandbox"}, Mode.TEST, {"sandbox"}),
        ({"one"}, Mode.TEST, set()),
    ],
)
def test_the_sandbox_serves_test_keys_and_live_ones_only_where_it_is_alone(
    names: set[str], mode: Mode, upstreams: set[str]
) -> None:
    sale = on_sale(FakeHealth(), FakeClock(), names=frozenset(names))
    assert {offer.upstream for offer in sale.on_offer(mode=mode)} == upstreams


def test_health_is_read_again_only_after_a_while() -> None:
    clock, store = FakeClock(), FakeHealth()
    sale = on_sale(store, clock)
    for _ in range(5):
        sale.health(mode=Mode.LIVE)
    clock.sleep(HEALTH_KEPT_S)
    sale.health(mode=Mode.LIVE)
    assert store.reads == 2


def test_unreadable_health_leaves_the_last_known_which_goes_on_fading() -> None:
    clock, store = FakeClock(), FakeHealth(document=failing())
    sale = on_sale(store, clock)
    assert sale.health(mode=Mode.LIVE).offers["one/a"].circuit is Circuit.OPEN
    store.down = True
    clock.sleep(HEALTH_KEPT_S)
    assert sale.health(mode=Mode.LIVE).offers["one/a"].circuit is Circuit.OPEN
    clock.sleep(60)
    assert sale.health(mode=Mode.LIVE).offers["one/a"].circuit is Circuit.HALF_OPEN


def test_health_that_was_never_readable_leaves_every_offer_its_priors() -> None:
    clock = FakeClock()
    known, unknown = (
        on_sale(FakeHealth(), clock).health(mode=Mode.LIVE),
        on_sale(FakeHealth(down=True), clock).health(mode=Mode.LIVE),
    )
    assert known == unknown
    assert set(known.offers) == {offer.id for offer in OFFERS}


def test_test_keys_see_every_offer_by_its_priors_and_read_nothing() -> None:
    clock, store = FakeClock(), FakeHealth(document=failing())
    sale = on_sale(store, clock)
    assert sale.health(mode=Mode.TEST) == on_sale(FakeHealth(), clock).health(mode=Mode.LIVE)
    assert store.reads == 0


# ---- trials ------------------------------------------------------------------------------------------


def test_a_trial_is_claimed_for_as_long_as_two_slow_answers_take_and_no_less_than_an_attempt_may() -> None:
    store = FakeHealth()
    sale = on_sale(store, FakeClock())
    slow = replace(OFFERS[1], slow_latency_ms=TRIAL_MIN_MS)
    assert [sale.claim_trial(offer) for offer in (OFFERS[0], slow)] == [True, True]
    assert store.claims == [("one/a", TRIAL_MIN_MS), ("two/b", TRIAL_PATIENCE * TRIAL_MIN_MS)]


def test_a_trial_that_another_request_makes_is_not_asked_for_again_at_once() -> None:
    clock, store = FakeClock(), FakeHealth(free=False)
    sale = on_sale(store, clock)
    assert [sale.claim_trial(OFFERS[0]) for _ in range(5)] == [False] * 5
    assert len(store.claims) == 1
    clock.sleep(HEALTH_KEPT_S)
    sale.claim_trial(OFFERS[0])
    assert len(store.claims) == 2


def test_without_a_store_nobody_makes_a_trial() -> None:
    assert not on_sale(FakeHealth(down=True), FakeClock()).claim_trial(OFFERS[0])


# ---- what upstreams cost -----------------------------------------------------------------------------


def spent(**micros: int) -> FakeHealth:
    return FakeHealth(document=HealthDocument(spend=Spend(day=day_of(START_MS), micros=micros)))


@pytest.mark.parametrize(("micros", "up"), [(9, set()), (10, {"one"}), (11, {"one"})])
def test_an_upstream_is_spent_up_once_it_cost_its_cap(micros: int, up: set[str]) -> None:
    assert on_sale(spent(one=micros, two=100), FakeClock(), caps={"one": 10}).spent_up() == up


@pytest.mark.parametrize(("micros", "up"), [(6, set()), (7, {"one", "two", "sandbox"})])
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
        sale.health(mode=Mode.LIVE)
        sale.spent_up()
    assert store.reads == 1
