"""Every crash point of the image path: die before, die after, or lose the answer of every single call.

Each scenario is run once to count its calls, then three times for each call, then recovered the way a
deployed system recovers by itself. Nothing may be charged without a result, and no hold may stay.
"""

from collections.abc import Callable
from contextlib import suppress

import pytest

from corent.core.errors import CorentError
from corent.core.upstream import Failure
from corent.jobs.job import TERMINAL
from corent.ledger.entries import EntryKind
from tests.fakes import a_job
from tests.image_world import FIRST, Death, Tripwire, World, a_caller, an_offer, delivers, works

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
]


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
            found = world.violations()
            open_jobs = [job.id for job in world.books.jobs.values() if job.state not in TERMINAL]
            if found or open_jobs or world.submits > 3:
                broken.append((at, how, counting.calls[at - 1], found, open_jobs, world.submits))
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
