"""Every crash point of images and videos: die before, die after, or lose the answer of every single call.

Each scenario is run once to count its calls, then three times for each call, then recovered the way a
deployed system recovers by itself. Nothing may be charged without a result, and no hold may stay.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from corent.core.errors import CorentError
from corent.core.tiers import Kind
from corent.core.upstream import Failure, Generated, InlineFile, Working
from corent.jobs.job import AttemptOutcome, ImageOrder, VideoOrder
from corent.ledger.entries import EntryKind
from corent.usecases.callers_webhooks import WebhookRequest
from corent.usecases.next_step import VIDEO_PATIENCE
from tests.fakes import a_job
from tests.films import film
from tests.image_world import (
    FILM_ORDER,
    FIRST,
    ORDER,
    World,
    a_caller,
    a_film_offer,
    an_offer,
    delivers,
    works,
)
from tests.tripwire import Death, Tripwire

FILMED = Generated(files=(InlineFile(film()),))

FILM_OFFERS = (a_film_offer("first"), a_film_offer("second", typical_latency_ms=60_000))
SLOW_FIRST = (an_offer("first", asynchronous=True), an_offer("second", typical_latency_ms=2_000))


def plain(wire: Tripwire) -> World:
    world = World([delivers()], wire=wire)
    world.buy()
    return world


def failover(wire: Tripwire) -> World:
    world = World([Failure.UNAVAILABLE], [delivers()], wire=wire)
    world.buy()
    return world


def all_fail(wire: Tripwire) -> World:
    world = World([Failure.UNAVAILABLE], [Failure.BAD_REPLY], [Failure.RATE_LIMITED], wire=wire)
    world.buy()
    return world


def refused(wire: Tripwire) -> World:
    world = World([Failure.REFUSED], wire=wire)
    world.buy()
    return world


def handed_on(wire: Tripwire) -> World:
    world = World([works(), works(), works(), delivers()], offers=SLOW_FIRST, wire=wire)
    world.buy(wait_s=1.0)
    for job_id in world.handed_on:
        world.execute(job_id)
    return world


def asynchronous_from_the_start(wire: Tripwire) -> World:
    world = World([delivers()], offers=(FIRST,), wire=wire)
    world.buy(wait_s=0)
    for job_id in world.handed_on:
        world.execute(job_id)
    return world


def with_key_limit(wire: Tripwire) -> World:
    world = World([Failure.UNAVAILABLE], offers=(FIRST,), wire=wire)
    world.buy(caller=a_caller(limit_micros=50_000))
    return world


def repeated_with_a_key(wire: Tripwire) -> World:
    world = World([delivers()], wire=wire)
    world.buy(idempotency_key="once")
    world.buy(number=2, idempotency_key="once")
    return world


def swept(wire: Tripwire) -> World:
    world = World([delivers()], wire=wire)
    job = a_job()
    world.ledger.hold(
        job,
        wallet_id=job.wallet_id,
        job_id=job.id,
        amount_micros=job.hold_micros,
        cause="req_1",
        deadline_s=world.clock.monotonic_s() + 5,
        idempotency=None,
        key_limit=None,
    )
    world.clock.time_ms += 3_600_000
    world.sweep()
    return world


def film_world(wire: Tripwire, *scripts: list[Generated | Working | Failure], **changes: Any) -> World:
    return World(*scripts, offers=FILM_OFFERS, credits_micros=2_000_000, wire=wire, **changes)


def carried_film(world: World) -> World:
    world.buy_film(webhook=WebhookRequest(url="https://hooks.example/in", secret=None))
    for job_id in list(world.handed_on):
        world.execute(job_id)
    return world


def a_film(wire: Tripwire) -> World:
    return carried_film(film_world(wire, [works(), works(), FILMED]))


def a_film_by_failover(wire: Tripwire) -> World:
    return carried_film(film_world(wire, [works(), Failure.UNAVAILABLE], [works(), FILMED]))


def a_film_that_takes_too_long(wire: Tripwire) -> World:
    return carried_film(film_world(wire, [works()], [FILMED]))


def a_parked_film(wire: Tripwire) -> World:
    return carried_film(film_world(wire, [Failure.UNKNOWN], [FILMED]))


def a_repeatable_film(wire: Tripwire) -> World:
    return carried_film(film_world(wire, [Failure.UNKNOWN, works(), FILMED], repeatable=True))


def a_film_that_fails_everywhere(wire: Tripwire) -> World:
    return carried_film(film_world(wire, [works(), Failure.UNAVAILABLE], [Failure.BAD_REPLY]))


def a_cancelled_film(wire: Tripwire) -> World:
    world = film_world(wire, [works()])
    job = world.buy_film().job
    world.machine.at(world.clock.now_ms() + 3_000, lambda: world.cancel_job(job.id, caller=a_caller()))
    for job_id in list(world.handed_on):
        world.execute(job_id)
    return world


def carried_batch(world: World, *orders: ImageOrder | VideoOrder, **changes: Any) -> World:
    world.buy_batch(*orders, webhook=WebhookRequest(url="https://hooks.example/in", secret=None), **changes)
    for batch_id in list(world.handed_on):
        world.batch_machine.run({"batch_id": batch_id})
    return world


def a_batch(wire: Tripwire) -> World:
    return carried_batch(
        World([delivers(), Failure.REFUSED, delivers()], offers=(FIRST,), wire=wire), ORDER, ORDER
    )


def a_batch_of_films(wire: Tripwire) -> World:
    world = film_world(wire, [works(), FILMED, works(), FILMED])
    return carried_batch(world, FILM_ORDER, replace(FILM_ORDER, prompt="a second film"))


def a_batch_with_a_key_and_a_limit(wire: Tripwire) -> World:
    world = World([delivers(), Failure.REFUSED], offers=(FIRST,), wire=wire)
    caller = a_caller(limit_micros=50_000)
    carried_batch(world, ORDER, ORDER, caller=caller, idempotency_key="once")
    world.buy_batch(ORDER, ORDER, number=700, caller=caller, idempotency_key="once")
    return world


def a_batch_cancelled_half_way(wire: Tripwire) -> World:
    world = World([delivers()], offers=(FIRST,), wire=wire)
    batch = world.buy_batch(ORDER, ORDER).batch
    first, _ = world.batches.begin(batch.id)
    world.execute(first)
    world.cancel_batch(batch.id, caller=a_caller())
    return world


def a_batch_cancelled_at_once(wire: Tripwire) -> World:
    world = World([delivers()], offers=(FIRST,), wire=wire)
    batch = world.buy_batch(ORDER, ORDER).batch
    world.cancel_batch(batch.id, caller=a_caller())
    return world


def a_batch_whose_execution_broke(wire: Tripwire) -> World:
    world = World([delivers()], offers=(FIRST,), wire=wire)
    batch = world.buy_batch(ORDER, ORDER).batch
    world.batches.begin(batch.id)
    world.end_execution(batch.id, timed_out=False)
    return world


SCENARIOS: list[Callable[[Tripwire], World]] = [
    plain,
    failover,
    all_fail,
    refused,
    handed_on,
    asynchronous_from_the_start,
    with_key_limit,
    repeated_with_a_key,
    swept,
    a_film,
    a_film_by_failover,
    a_film_that_takes_too_long,
    a_parked_film,
    a_repeatable_film,
    a_film_that_fails_everywhere,
    a_cancelled_film,
    a_batch,
    a_batch_of_films,
    a_batch_with_a_key_and_a_limit,
    a_batch_cancelled_half_way,
    a_batch_cancelled_at_once,
    a_batch_whose_execution_broke,
]
ATTEMPTS_MAX = 3


def live_twice(world: World) -> list[str]:
    """Films that were bought before an earlier one of the same job was over: done, failed or out of time."""
    found = []
    for job in world.books.jobs.values():
        if job.kind is Kind.IMAGE:
            continue
        ends = [attempt.started_ms + attempt.duration_ms for attempt in job.attempts]
        unknown = [attempt.outcome is AttemptOutcome.UNKNOWN for attempt in job.attempts]
        for place, attempt in enumerate(job.attempts[1:]):
            offer = FILM_OFFERS[place]
            over_ms = job.attempts[place].started_ms + VIDEO_PATIENCE * offer.slow_latency_ms
            if attempt.started_ms < (over_ms if unknown[place] else ends[place]):
                found.append(f"UP-04: {job.id} had two live attempts")
    return found


def untold(world: World) -> list[str]:
    """Ended jobs and batches whose webhook is not owed, or more than once."""
    subjects = [*world.books.jobs.values(), *world.books.batches.values()]
    told = [each.id for each in subjects if each.webhook is not None and each.finished_at_ms is not None]
    return [f"WH-04: {each} is not told once" for each in told if world.books.owed.count(each) != 1]


def unfinished(world: World) -> list[str]:
    """Jobs and batches that nothing has ended."""
    subjects = [*(job for job, _ in world.books.worked), *world.books.batches.values()]
    return [each.id for each in subjects if each.finished_at_ms is None]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_no_crash_point_charges_without_a_result_or_keeps_a_hold(
    scenario: Callable[[Tripwire], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[World] = []
    original = World.__init__

    def remember(self: World, *args: object, **kwargs: object) -> None:
        original(self, *args, **kwargs)  # type: ignore[arg-type]
        made.append(self)

    monkeypatch.setattr(World, "__init__", remember)
    counting = Tripwire()
    scenario(counting)
    assert counting.calls
    broken = []
    for at in range(1, len(counting.calls) + 1):
        for how in ("before", "after", "lost"):
            made.clear()
            with suppress(Death, CorentError):
                scenario(Tripwire(at=at, how=how))
            (world,) = made
            world.recover()
            found = world.violations() + live_twice(world) + untold(world)
            left = unfinished(world)
            if found or left or world.submits > ATTEMPTS_MAX * max(1, len(world.books.worked)):
                broken.append((at, how, counting.calls[at - 1], found, left, world.submits))
    assert not broken


def test_a_lost_answer_of_any_store_call_still_ends_in_one_charge() -> None:
    counting = Tripwire()
    plain(counting)
    for at, name in enumerate(counting.calls, start=1):
        if not name.startswith("write_"):
            continue
        world = plain(Tripwire(at=at, how="lost"))
        captures = [e for e in world.books.entries.values() if e.kind is EntryKind.CAPTURE]
        assert len(captures) == 1, name
