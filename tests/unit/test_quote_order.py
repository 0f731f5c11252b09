"""Quoting an order, and buying it as it was quoted."""

from dataclasses import replace
from typing import Any

import pytest

from corent.accounts.keys import Mode
from corent.core.errors import (
    InvalidRequestError,
    MaxCostExceededError,
    QuoteExpiredError,
    TierUnavailableError,
)
from corent.core.tiers import Kind, Preference, Tier
from corent.core.upstream import Failure
from corent.health.document import Call, HealthDocument, fold_calls
from corent.health.evidence import Observation
from corent.jobs.job import JobState
from corent.routing.health import HealthView, view_health
from corent.routing.offers import Offer
from corent.usecases.draft_job import DraftJob
from corent.usecases.quote_order import Quote, QuoteOrder
from tests.fakes import START_MS, ulid
from tests.image_world import (
    FILM_ORDER,
    FILM_TIER,
    FIRST,
    ORDER,
    PRICE,
    SECOND,
    TIER,
    FakeOffers,
    World,
    a_caller,
    a_film_offer,
    delivers,
)

# Bought from at a loss, if it must be.
DEARER = replace(SECOND, cost_micros=2 * PRICE)


class Knowing(FakeOffers):
    """Offers whose health is as a document says, at one moment."""

    def __init__(self, offers: tuple[Offer, ...], document: HealthDocument, *, now_ms: int) -> None:
        super().__init__(offers)
        self.view = view_health(document, offers, now_ms=now_ms)

    def health(self, *, mode: Mode) -> HealthView:
        return self.view


def quoting(world: World, *, tiers: tuple[Tier, ...] = (TIER, FILM_TIER), offers: Any = None) -> QuoteOrder:
    draft = DraftJob(tiers=tiers, offers=offers or world.offers)
    return QuoteOrder(draft=draft, tokens=world.quotes, clock=world.clock)


def quoted(world: World, order: Any = ORDER, *, max_cost_cents: int | None = None, **changes: Any) -> Quote:
    ask = quoting(world, **changes)
    return ask(order, caller=a_caller(), ulid=ulid(900), wait_s=25, max_cost_cents=max_cost_cents)


def failing_and_half_open(offer: Offer) -> tuple[HealthDocument, int]:
    """What is known of an offer that failed five times, and when it may be tried again."""
    call = Observation(
        offer_id=offer.id, upstream=offer.upstream, ended_at_ms=START_MS, failure=Failure.UNAVAILABLE
    )
    document = fold_calls(HealthDocument(), [Call(call, tiers=(offer.tier,))] * 5, now_ms=START_MS)
    return document, START_MS + 60_000


# ---- what is told --------------------------------------------------------------------------------


def test_a_quote_tells_price_and_times_of_the_first_candidate() -> None:
    quote = quoted(World(offers=(FIRST,)))
    assert (quote.tier, quote.price_micros) == (TIER.name, PRICE)
    assert (quote.expected_ms, quote.slow_ms) == (FIRST.typical_latency_ms, FIRST.slow_latency_ms)


def test_a_films_times_are_of_its_length() -> None:
    world = World(offers=(a_film_offer("film"),))
    short, five, ten = (quoted(world, replace(FILM_ORDER, duration_s=each)) for each in (2, 5, 10))
    assert (five.expected_ms, five.slow_ms) == (30_000, 60_000)
    assert (ten.expected_ms, ten.slow_ms) == (60_000, 120_000)
    assert (short.expected_ms, short.slow_ms) == (30_000, 60_000)
    assert [each.price_micros for each in (short, five, ten)] == [260_000, 630_000, 1_260_000]


def test_quoting_holds_nothing_and_makes_no_job() -> None:
    world = World(offers=(FIRST,))
    quoted(world)
    assert world.books.jobs == {}
    assert world.submits == 0


def test_a_quote_tries_no_half_open_offer() -> None:
    # FakeOffers raises where a trial is claimed.
    document, now_ms = failing_and_half_open(FIRST)
    offers = Knowing((FIRST, SECOND), document, now_ms=now_ms)
    assert quoted(World(), offers=offers).expected_ms == SECOND.typical_latency_ms


def test_without_an_offer_there_is_no_quote() -> None:
    with pytest.raises(TierUnavailableError):
        quoted(World(offers=(FIRST,)), FILM_ORDER)


def test_a_quote_is_not_given_above_the_budget() -> None:
    assert quoted(World(), max_cost_cents=2).price_micros == PRICE
    with pytest.raises(MaxCostExceededError) as caught:
        quoted(World(), max_cost_cents=1)
    assert caught.value.details == {"required_cents": 2}


# ---- what is bought ------------------------------------------------------------------------------


def quote_at(world: World, price_micros: int) -> str:
    """A quote of that price, as the catalog may have said once."""
    tier = Tier(name=TIER.name, kind=Kind.IMAGE, preference=Preference.FAST, price_micros=price_micros)
    return quoted(world, tiers=(tier,)).given.quote_id


@pytest.mark.parametrize("price_micros", [10_000, PRICE, 50_000])
def test_what_was_quoted_is_held_and_charged_whatever_it_costs_now(price_micros: int) -> None:
    world = World([delivers()])
    purchase = world.purchase(wait_s=25, quote_id=quote_at(world, price_micros))
    job = world.generate(ORDER, purchase).job
    assert (job.state, job.hold_micros) == (JobState.COMPLETED, price_micros)
    assert world.ledger.balance("acct_1").available_micros == 100_000 - price_micros
    assert world.violations() == []


def test_what_was_quoted_is_charged_also_where_a_dearer_upstream_served() -> None:
    world = World([Failure.UNAVAILABLE], [delivers()], offers=(FIRST, DEARER))
    purchase = world.purchase(wait_s=25, quote_id=quote_at(world, 10_000))
    job = world.generate(ORDER, purchase).job
    assert [len(each.requests) for each in world.upstreams.values()] == [1, 1]
    assert (job.state, job.hold_micros) == (JobState.COMPLETED, 10_000)
    assert world.ledger.balance("acct_1").available_micros == 90_000
    assert world.violations() == []


def test_a_failed_job_gives_back_what_was_quoted() -> None:
    world = World([Failure.UNAVAILABLE], offers=(FIRST,))
    purchase = world.purchase(wait_s=25, quote_id=quote_at(world, 50_000))
    assert world.generate(ORDER, purchase).job.state is JobState.FAILED
    assert world.ledger.balance("acct_1").available_micros == 100_000
    assert world.violations() == []


def test_a_budget_is_compared_with_what_was_quoted() -> None:
    world = World([delivers()])
    cheap, dear = quote_at(world, 10_000), quote_at(world, 30_000)
    world.generate(ORDER, world.purchase(wait_s=25, number=1, quote_id=cheap, max_cost_cents=1))
    with pytest.raises(MaxCostExceededError):
        world.generate(ORDER, world.purchase(wait_s=25, number=2, quote_id=dear, max_cost_cents=2))
    assert world.submits == 1


def test_a_quote_may_be_used_again_until_it_is_over() -> None:
    world = World([delivers()])
    quote_id = quote_at(world, 10_000)
    for number in range(1, 4):
        world.generate(ORDER, world.purchase(wait_s=25, number=number, quote_id=quote_id))
    assert [job.hold_micros for job in world.books.jobs.values()] == [10_000] * 3


def test_a_refused_quote_holds_and_buys_nothing() -> None:
    world = World([delivers()])
    quote_id = quote_at(world, 10_000)
    with pytest.raises(InvalidRequestError):
        world.generate(replace(ORDER, n=2), world.purchase(wait_s=25, quote_id=quote_id))
    world.clock.time_ms += 600_000
    with pytest.raises(QuoteExpiredError):
        world.generate(ORDER, world.purchase(wait_s=25, quote_id=quote_id))
    assert (world.books.jobs, world.submits) == ({}, 0)
    assert world.ledger.balance("acct_1").available_micros == 100_000


@pytest.mark.parametrize("wait_s", [0, 25])
def test_a_repeat_is_answered_as_the_first_also_after_the_quote_is_over(wait_s: float) -> None:
    world = World([delivers()])
    fields: dict[str, Any] = {"wait_s": wait_s, "quote_id": quote_at(world, 10_000), "idempotency_key": "k"}
    first = world.generate(ORDER, world.purchase(number=1, **fields))
    world.clock.time_ms += 600_000
    again = world.generate(ORDER, world.purchase(number=2, **fields))
    assert again.replayed
    assert (again.job.id, again.job.hold_micros) == (first.job.id, 10_000)
    with pytest.raises(QuoteExpiredError):
        world.generate(ORDER, world.purchase(number=3, **{**fields, "idempotency_key": "other"}))
    assert len(world.books.jobs) == 1
