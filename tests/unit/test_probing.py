"""The prober: whom it asks, what it generates within its budget, and every tier's status."""

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from corent.accounts.keys import Mode
from corent.core.clock import day_of
from corent.core.tiers import Kind, Preference, Tier
from corent.core.upstream import (
    Failure,
    Generated,
    ImageRequest,
    InlineFile,
    UpstreamError,
    Working,
)
from corent.health.breaker import Circuit, circuit
from corent.health.document import Call, HealthDocument, Spend, fold_calls
from corent.health.evidence import Observation
from corent.health.probing import (
    FREE_QUIET_MS,
    PAID_A_MINUTE_MAX,
    PAID_QUIET_MS,
    Probeable,
    plan_probes,
)
from corent.health.status import Level, StatusDocument
from corent.routing.offers import Offer
from corent.usecases.judge_results import JudgeResults
from corent.usecases.offers_on_sale import DailyCaps
from corent.usecases.probe_upstreams import FREE_SIDE_PX, PAID_SIDE_PX, ProbeReport, ProbeUpstreams
from tests.fakes import START_MS, FakeClock
from tests.image_world import FILM_TIER, TIER, a_film_offer, an_offer, no_fetch
from tests.pictures import png

NOON_MS = START_MS - START_MS % 86_400_000 + 43_200_000
DAY = day_of(NOON_MS)
FREE, CHEAP, DEAR = (
    Probeable("s/free", "s", 0),
    Probeable("one/a", "one", 1_000),
    Probeable("two/b", "two", 9_000),
)
STUDIO = Tier(
    name="corent-image-studio", kind=Kind.IMAGE, preference=Preference.QUALITY, price_micros=120_000
)


def known(*calls: tuple[str, Failure | None, int], spend_micros: int = 0) -> HealthDocument:
    """Health after calls of (offer, failure, how long ago in ms)."""
    document = HealthDocument(spend=Spend(day=DAY, probes_micros=spend_micros))
    for offer_id, failure, ago_ms in calls:
        upstream = offer_id.partition("/")[0]
        seen = Observation(offer_id, upstream, ended_at_ms=NOON_MS - ago_ms, failure=failure)
        document = fold_calls(document, [Call(seen, ())], now_ms=NOON_MS - ago_ms)
    return document


def planned(
    *offers: Probeable,
    document: HealthDocument | None = None,
    budget_micros: int = 40_000,
    now_ms: int = NOON_MS,
) -> list[str]:
    plan = plan_probes(
        offers, document or HealthDocument(), budget_micros=budget_micros, day=DAY, now_ms=now_ms
    )
    return [each.offer_id for each in plan]


# ---- the plan ----------------------------------------------------------------------------------------


def test_free_offers_are_tried_each_minute_that_live_traffic_did_not() -> None:
    assert planned(FREE) == ["s/free"]
    assert planned(FREE, document=known(("s/free", None, FREE_QUIET_MS - 1))) == []
    assert planned(FREE, document=known(("s/free", None, FREE_QUIET_MS))) == ["s/free"]


def test_free_offers_need_no_budget_and_paid_ones_do() -> None:
    assert planned(FREE, CHEAP, budget_micros=0) == ["s/free"]


@pytest.mark.parametrize(("spent_micros", "plan"), [(19_000, ["one/a"]), (19_001, [])])
def test_what_may_be_spent_grows_with_the_day(spent_micros: int, plan: list[str]) -> None:
    # Half of 40,000 by noon.
    assert planned(CHEAP, document=known(spend_micros=spent_micros)) == plan


def test_at_midnight_nothing_may_be_spent_yet() -> None:
    assert planned(CHEAP, now_ms=NOON_MS - 43_200_000) == []


def test_a_paid_offer_that_was_just_called_is_left_alone_for_half_an_hour() -> None:
    assert planned(CHEAP, document=known(("one/a", None, PAID_QUIET_MS - 1))) == []
    assert planned(CHEAP, document=known(("one/a", None, PAID_QUIET_MS))) == ["one/a"]


def test_those_unknown_for_longest_come_first_and_only_a_few_a_minute() -> None:
    offers = [Probeable(f"one/{n}", "one", 1_000) for n in range(5)]
    document = known(*[(f"one/{n}", None, PAID_QUIET_MS + 1_000 * n) for n in range(5)])
    plan = planned(*offers, document=document)
    assert plan == ["one/4", "one/3"]
    assert len(plan) == PAID_A_MINUTE_MAX


def test_those_that_failed_come_before_all_others() -> None:
    document = known(*[("two/b", Failure.UNAVAILABLE, PAID_QUIET_MS)] * 5, ("one/a", None, 2 * PAID_QUIET_MS))
    assert planned(CHEAP, DEAR, document=document)[0] == "two/b"


@pytest.mark.parametrize(
    "calls",
    [
        [("s/free", Failure.UNAVAILABLE, 10_000)] * 5,
        [("s/other", Failure.QUOTA, 10_000)],
        [("s/free", Failure.RATE_LIMITED, 1_000)],
    ],
    ids=["open", "its upstream open", "resting"],
)
def test_what_is_not_to_be_tried_is_not_probed_either(calls: list[tuple[str, Failure, int]]) -> None:
    assert planned(FREE, document=known(*calls)) == []


def test_a_half_open_offer_is_probed() -> None:
    document = known(*[("s/free", Failure.UNAVAILABLE, 60_000)] * 5)
    assert planned(FREE, document=document) == ["s/free"]


# ---- one minute --------------------------------------------------------------------------------------


@dataclass
class MemoryHealth:
    document: HealthDocument = field(default_factory=HealthDocument)
    status: StatusDocument = field(default_factory=StatusDocument)

    def read(self) -> HealthDocument:
        return self.document

    def update(self, fold: Callable[[HealthDocument], HealthDocument]) -> HealthDocument:
        fold(self.document)  # As one that was overtaken.
        self.document = fold(self.document)
        return self.document

    def update_status(self, step: Callable[[StatusDocument], StatusDocument]) -> None:
        step(self.status)
        self.status = step(self.status)


@dataclass
class Sale:
    offers: tuple[Offer, ...]
    out_of_money: frozenset[str] = frozenset()

    def on_offer(self, *, mode: Mode) -> tuple[Offer, ...]:
        assert mode is Mode.LIVE
        return self.offers

    def caps(self) -> DailyCaps:
        return DailyCaps(total_micros=None, micros=dict.fromkeys(self.out_of_money, 0))


@dataclass
class Upstreams:
    """Every upstream answers at once with a good picture, but for what is scripted by its name."""

    clock: FakeClock
    asks: dict[str, Failure] = field(default_factory=dict)
    makes: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    requests: list[tuple[str, ImageRequest]] = field(default_factory=list)

    def images(self, name: str) -> Any:
        return _Adapter(self, name)

    account = images


@dataclass
class _Adapter:
    world: Upstreams
    name: str

    def ask_account(self, *, timeout_s: float) -> None:
        self.world.asked.append(self.name)
        if self.name in self.world.asks:
            raise UpstreamError(self.world.asks[self.name], "scripted")

    def submit(self, request: ImageRequest, *, model: str, timeout_s: float) -> Generated | Working:
        self.world.requests.append((model, request))
        self.world.clock.sleep(1)
        step = self.world.makes.get(self.name, picture())
        if isinstance(step, UpstreamError):
            raise step
        return step  # type: ignore[no-any-return]

    def check(self, ticket: str, *, timeout_s: float) -> Generated | Working:
        step: Generated | Working = self.world.makes[f"{self.name} later"]
        return step


def picture(content: bytes | None = None, **changes: Any) -> Generated:
    return Generated(files=(InlineFile(content=content or png(width=64, height=64)),), **changes)


@dataclass
class World:
    offers: tuple[Offer, ...]
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON_MS))
    health: MemoryHealth = field(default_factory=MemoryHealth)
    budget_micros: int = 200_000
    out_of_money: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.upstreams = Upstreams(self.clock)

    def minute(self) -> ProbeReport:
        probe = ProbeUpstreams(
            health=self.health,  # type: ignore[arg-type] # Claims no trials.
            on_sale=Sale(self.offers, self.out_of_money),  # type: ignore[arg-type] # As far as it is used.
            tiers=(TIER, STUDIO, FILM_TIER),
            upstreams=self.upstreams,
            judge=JudgeResults(fetch=no_fetch, clock=self.clock),
            together=one_by_one,
            budget_micros=self.budget_micros,
            clock=self.clock,
        )
        report = probe()
        self.clock.time_ms = (self.clock.time_ms // 60_000 + 1) * 60_000
        return report

    def levels(self, minutes: int) -> list[Level]:
        return [self.minute().levels[TIER.name] for _ in range(minutes)]


def one_by_one(jobs: Sequence[Callable[[], Call]]) -> list[Call]:
    return [job() for job in jobs]


def free(name: str, **changes: Any) -> Offer:
    return an_offer(f"{name}/m", upstream=name, model=f"{name}-m", cost_micros=0, **changes)


THREE = (free("a"), free("b"), free("c"))


def test_every_upstream_is_asked_once_and_every_free_offer_tried_once() -> None:
    twice = (*THREE, replace(THREE[0], tier=STUDIO.name))
    world = World(twice)
    report = world.minute()
    assert world.upstreams.asked == ["a", "b", "c"]
    assert [model for model, _ in world.upstreams.requests] == ["a-m", "b-m", "c-m"]
    assert (report.asked, report.generated, report.failures) == (3, 3, {})


def test_films_are_asked_for_their_account_alone() -> None:
    world = World((a_film_offer("f/m", upstream="f", cost_micros=0),))
    world.minute()
    assert (world.upstreams.asked, world.upstreams.requests) == (["f"], [])


def test_a_probe_is_small_where_the_machines_are_ours_and_plain_elsewhere() -> None:
    world = World((free("a"), an_offer("p/m", upstream="p", cost_micros=5_000)))
    world.minute()
    sizes = {model: request.width_px for model, request in world.upstreams.requests}
    assert sizes == {"a-m": FREE_SIDE_PX, "p/m-model": PAID_SIDE_PX}
    assert all(request.count == 1 and request.callback_url is None for _, request in world.upstreams.requests)


def test_a_paid_probe_is_paid_from_the_budget_and_counts_for_its_upstream() -> None:
    world = World((an_offer("p/m", upstream="p", cost_micros=5_000),))
    assert world.minute().cost_micros == 5_000
    spend = world.health.document.spend
    assert (spend.of(DAY), spend.of_probes(DAY)) == ({"p": 5_000}, 5_000)


def test_a_probe_that_costs_more_than_was_expected_is_known_to() -> None:
    world = World((an_offer("p/m", upstream="p", cost_micros=5_000),))
    world.upstreams.makes["p"] = picture(cost_micros=10_000)
    assert world.minute().cost_micros == 10_000
    assert world.health.document.offers["p/m"].cost_ratio == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("made", "failure"),
    [
        (UpstreamError(Failure.UNAVAILABLE, "down"), "unavailable"),
        (Generated(files=(InlineFile(content=b"<html>"),)), "bad_reply"),
        (Generated(files=()), "bad_reply"),
        (picture(png(width=64, height=32)), "bad_reply"),
    ],
    ids=["down", "no picture", "nothing", "another picture"],
)
def test_what_is_not_a_good_picture_is_a_failure_and_makes_suspect(made: Any, failure: str) -> None:
    world = World(THREE)
    world.upstreams.makes["b"] = made
    assert world.minute().failures == {"b/m": failure}
    assert [world.health.document.offers[f"{name}/m"].suspect for name in "abc"] == [False, True, False]


def test_an_asynchronous_upstream_is_asked_until_it_is_done() -> None:
    world = World((free("a", asynchronous=True),))
    world.upstreams.makes |= {"a": Working(ticket="t", poll_after_s=3.0), "a later": picture()}
    assert world.minute().failures == {}
    assert world.health.document.offers["a/m"].times[0][1] == 4_000


def test_a_probe_that_never_ends_is_given_up_within_its_minute() -> None:
    world = World((free("a", asynchronous=True),))
    still = Working(ticket="t", poll_after_s=3.0)
    world.upstreams.makes |= {"a": still, "a later": still}
    began_ms = world.clock.now_ms()
    assert world.minute().failures == {"a/m": "unavailable"}
    assert world.clock.now_ms() - began_ms <= 60_000


def test_a_key_that_may_not_ask_closes_nothing_by_that_alone() -> None:
    world = World(THREE)
    world.upstreams.asks["a"] = Failure.AUTH
    for _ in range(20):
        world.minute()
    upstream = world.health.document.upstreams["a"]
    assert circuit(upstream.breaker, now_ms=world.clock.now_ms()) is Circuit.CLOSED


def test_an_account_that_is_out_of_money_closes_its_upstream_by_a_probes_purchase() -> None:
    world = World(THREE)
    world.upstreams.makes["a"] = UpstreamError(Failure.QUOTA, "empty")
    assert world.minute().open_breakers == ("a/m",)


# ---- the status --------------------------------------------------------------------------------------


def test_a_failing_offer_degrades_its_tier_with_the_second_minute_and_no_traffic_at_all() -> None:
    world = World(THREE)
    assert world.levels(1) == [Level.OPERATIONAL]
    world.upstreams.makes["a"] = UpstreamError(Failure.UNAVAILABLE, "down")
    assert world.levels(2) == [Level.OPERATIONAL, Level.DEGRADED]


def test_a_tier_that_recovers_says_so_once() -> None:
    world = World(THREE)
    world.upstreams.makes["a"] = UpstreamError(Failure.UNAVAILABLE, "down")
    world.levels(4)
    del world.upstreams.makes["a"]
    after = world.levels(30)
    assert after[0] is Level.DEGRADED
    assert after[-1] is Level.OPERATIONAL
    assert sum(one is not two for one, two in itertools.pairwise(after)) == 1
    (incident,) = [each for each in world.health.status.incidents if each.tier == TIER.name]
    assert incident.level is Level.DEGRADED
    assert incident.closed_at_ms is not None


def test_an_offer_that_flaps_each_minute_changes_the_status_at_most_once() -> None:
    world = World(THREE)
    seen = []
    for minute in range(60):
        world.upstreams.makes.pop("a", None)
        if minute % 2:
            world.upstreams.makes["a"] = UpstreamError(Failure.UNAVAILABLE, "down")
        seen += world.levels(1)
    assert sum(one is not two for one, two in itertools.pairwise(seen)) <= 1


def test_all_upstreams_down_are_an_outage_of_every_tier_they_serve() -> None:
    world = World(THREE)
    for name in "abc":
        world.upstreams.makes[name] = UpstreamError(Failure.UNAVAILABLE, "down")
    assert world.levels(6)[-1] is Level.OUTAGE


def test_a_tier_without_any_offer_is_out_and_one_with_is_not() -> None:
    world = World(THREE)
    world.minute()
    levels = world.minute().levels
    assert (levels[TIER.name], levels[STUDIO.name]) == (Level.OPERATIONAL, Level.OUTAGE)


def test_offers_that_may_cost_no_more_today_are_out() -> None:
    world = World(THREE, out_of_money=frozenset("abc"))
    assert world.levels(2)[-1] is Level.OUTAGE


def test_no_two_calls_wait_for_one_another_where_they_are_made_together() -> None:
    from corent.wiring.probing import _together

    barrier = threading.Barrier(3, timeout=5)
    call = Call(Observation("", "a", ended_at_ms=0, failure=None), ())

    def meet() -> Call:
        barrier.wait()
        return call

    assert _together([meet] * 3) == [call] * 3
