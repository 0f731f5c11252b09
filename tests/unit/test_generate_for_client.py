"""A client's call is bought once, however many requests it makes of it, by the use case of every image."""

from collections.abc import Callable
from typing import Any

import pytest

from corent.core.errors import InsufficientFundsError, TierUnavailableError, TooManyOpenJobsError
from corent.core.repeats import Try
from corent.core.upstream import Failure
from corent.jobs.job import JobFailure, JobState
from corent.usecases.generate_for_client import GenerateForClient
from corent.usecases.generate_image import Answer
from corent.usecases.recognise_call import RecogniseCall
from corent.usecases.wallets import Wallets
from tests.fakes import ulid
from tests.image_world import ORDER, PRICE, World, an_offer, delivers, works
from tests.memory_series import MemorySeries

WAIT_S = 24.0
REFUSED = [Failure.REFUSED]
# Looked at after ten and twenty seconds it is not ready, and then the wait is over.
SLOW = [*[works(poll_after_s=10.0)] * 3, delivers()]


class Client:
    """A client of one program, above a world."""

    def __init__(self, world: World, *, generate: Any = None) -> None:
        self.world = world
        self.series = MemorySeries()
        self._sent = 0
        self.generate = GenerateForClient(
            generate=generate or world.generate,
            recognise=RecogniseCall(series=self.series, clock=world.clock, random=lambda: 0.5),
            wallets=Wallets(ledger=world.ledger, clock=world.clock),
            jobs=world.books,
            clock=world.clock,
        )

    def sends(self, number: int | None, **purchase: Any) -> Answer:
        """One request of the same body; a second passes between two of them."""
        self._sent += 1
        self.world.clock.time_ms += 1_000
        bought = self.world.purchase(number=self._sent, wait_s=WAIT_S, **purchase)
        attempt = Try(request=ulid(self._sent), number=number, arrived_ms=self.world.clock.now_ms())
        return self.generate(ORDER, bought, attempt)

    @property
    def held_and_spent_micros(self) -> int:
        return 100_000 - self.world.books.balances["acct_1"].available_micros


def ended(world: World) -> None:
    """Every job that was handed on is carried to its end."""
    for job_id in world.handed_on:
        world.later.machine.run({"job_id": job_id})


def test_a_repeat_after_a_lost_answer_is_answered_with_the_same_images() -> None:
    client = Client(World([delivers()]))
    first, again = client.sends(0), client.sends(1)
    assert (again.job, again.replayed) == (first.job, True)
    assert client.held_and_spent_micros == PRICE
    assert client.world.submits == 1


def test_two_first_tries_buy_two() -> None:
    client = Client(World([delivers(), delivers()]))
    assert client.sends(0).job.id != client.sends(0).job.id
    assert client.held_and_spent_micros == 2 * PRICE


def test_requests_without_a_number_buy_one_each() -> None:
    client = Client(World([delivers(), delivers()]))
    assert client.sends(None).job.id != client.sends(None).job.id


def test_the_repeats_of_an_image_that_is_not_ready_wait_for_it_and_buy_nothing() -> None:
    world = World(SLOW, offers=(an_offer("slow", asynchronous=True),))
    client = Client(world)
    first = client.sends(0)
    assert first.job.state is JobState.PROCESSING
    began_ms = world.clock.now_ms()
    again = client.sends(1)
    assert (again.job.id, again.job.state) == (first.job.id, JobState.PROCESSING)
    assert WAIT_S * 1000 <= world.clock.now_ms() - began_ms <= (WAIT_S + 2) * 1000
    assert client.held_and_spent_micros == PRICE
    assert len(world.books.jobs) == 1


def test_a_repeat_gets_the_image_as_soon_as_it_is_there() -> None:
    world = World(SLOW, offers=(an_offer("slow", asynchronous=True),))
    client = Client(world)
    first = client.sends(0)
    assert first.job.state is JobState.PROCESSING
    ended(world)
    again = client.sends(1)
    assert (again.job.id, again.job.state) == (first.job.id, JobState.COMPLETED)
    assert client.held_and_spent_micros == PRICE
    assert world.violations() == []


def test_a_request_without_a_number_that_was_told_to_come_again_finds_its_job() -> None:
    world = World(SLOW, offers=(an_offer("slow", asynchronous=True),))
    client = Client(world)
    first = client.sends(None)
    assert first.job.state is JobState.PROCESSING
    ended(world)
    assert client.sends(None).job.id == first.job.id
    assert client.held_and_spent_micros == PRICE


@pytest.mark.parametrize("number", [1, None])
def test_what_failed_for_a_while_is_bought_anew_by_the_repeat(number: int | None) -> None:
    client = Client(World([Failure.UNAVAILABLE, delivers()], offers=(an_offer("only"),)))
    failed = client.sends(None if number is None else 0)
    assert failed.job.failure is JobFailure.TIER_UNAVAILABLE
    again = client.sends(number)
    assert (again.job.state, again.replayed) == (JobState.COMPLETED, False)
    assert client.held_and_spent_micros == PRICE


def test_the_repeat_after_that_finds_what_was_bought_anew() -> None:
    client = Client(World([Failure.UNAVAILABLE, delivers()], offers=(an_offer("only"),)))
    client.sends(0)
    bought = client.sends(1)
    assert client.sends(2).job.id == bought.job.id
    assert client.held_and_spent_micros == PRICE


def test_what_was_refused_is_not_bought_anew() -> None:
    client = Client(World(REFUSED * 2))
    refused = client.sends(0)
    assert client.sends(1).job == refused.job
    assert client.world.submits == 1


def test_a_job_that_was_cancelled_is_not_bought_anew() -> None:
    world = World(SLOW, offers=(an_offer("slow", asynchronous=True),))
    client = Client(world)
    first = client.sends(0)
    world.cancel_job(first.job.id, caller=world.purchase().caller)
    again = client.sends(1)
    assert (again.job.id, again.job.state) == (first.job.id, JobState.CANCELLED)
    assert client.held_and_spent_micros == 0


def raising(error: Exception) -> Callable[..., Answer]:
    def generate(*_: Any) -> Answer:
        raise error

    return generate


@pytest.mark.parametrize(
    "error",
    [TierUnavailableError("none"), TooManyOpenJobsError("many")],
    ids=lambda error: type(error).__name__,
)
def test_the_repeat_of_what_was_refused_before_it_was_bought_buys_and_is_not_the_call_before(
    error: Exception,
) -> None:
    world = World([delivers(), delivers()])
    client = Client(world)
    before = client.sends(0)
    client.generate._generate = raising(error)
    with pytest.raises(type(error)):
        client.sends(0)
    client.generate._generate = world.generate
    again = client.sends(1)
    assert again.job.id != before.job.id
    assert not again.replayed
    assert client.held_and_spent_micros == 2 * PRICE


def test_without_the_money_nothing_is_bought_and_nothing_is_expected() -> None:
    client = Client(World([delivers()], credits_micros=1))
    with pytest.raises(InsufficientFundsError):
        client.sends(0)
    (series,) = client.series.kept.values()
    assert [call.is_expected for call in series.calls] == [False]


def test_a_callers_own_key_decides_and_its_tries_are_not_looked_at() -> None:
    client = Client(World([delivers()]))
    first = client.sends(0, idempotency_key="own")
    again = client.sends(0, idempotency_key="own")
    assert (again.job, again.replayed) == (first.job, True)
    assert client.series.writes == 0
    assert client.held_and_spent_micros == PRICE


@pytest.mark.parametrize("own", [None, "own"])
def test_a_repeat_beside_its_first_try_waits_for_it(own: str | None) -> None:
    """The client gave up while the first request was still being worked on."""
    world = World([delivers()])
    client = Client(world)
    beside: list[Answer] = []
    submit = world.upstreams["first"].submit

    def overtaken(*given: Any, **named: Any) -> Any:
        world.upstreams["first"].submit = submit
        beside.append(client.sends(1, idempotency_key=own))
        return submit(*given, **named)

    world.upstreams["first"].submit = overtaken
    first = client.sends(0, idempotency_key=own)
    assert first.job.state is JobState.COMPLETED
    # It waited as long as it may, here for good, and bought nothing.
    assert (beside[0].job.id, beside[0].job.state) == (first.job.id, JobState.PROCESSING)
    assert world.submits == 1
    assert client.held_and_spent_micros == PRICE


def test_a_repeat_that_comes_between_its_first_tries_note_and_purchase_buys_for_both() -> None:
    world = World([delivers(), delivers()])
    client = Client(world)
    between: list[Answer] = []
    write_hold = world.books.write_hold

    def overtaken(*given: Any) -> None:
        world.books.write_hold = write_hold  # type: ignore[method-assign]
        between.append(client.sends(1))
        write_hold(*given)

    world.books.write_hold = overtaken  # type: ignore[method-assign]
    first = client.sends(0)
    assert first.job == between[0].job
    assert (first.replayed, between[0].replayed) == (True, False)
    assert world.submits == 1
    assert client.held_and_spent_micros == PRICE


def test_two_repeats_at_once_of_what_failed_for_a_while_buy_anew_once() -> None:
    world = World([Failure.UNAVAILABLE, delivers(), delivers()], offers=(an_offer("only"),))
    client = Client(world)
    client.sends(0)
    between: list[Answer] = []
    write_hold = world.books.write_hold

    def overtaken(*given: Any) -> None:
        world.books.write_hold = write_hold  # type: ignore[method-assign]
        between.append(client.sends(2))
        write_hold(*given)

    world.books.write_hold = overtaken  # type: ignore[method-assign]
    assert client.sends(1).job == between[0].job
    assert client.held_and_spent_micros == PRICE


def test_a_first_try_that_its_repeat_overtook_buys_nothing() -> None:
    world = World([delivers(), delivers()])
    client = Client(world)
    began_ms = world.clock.now_ms()
    repeat = client.sends(1)
    late = Try(request=ulid(99), number=0, arrived_ms=began_ms)
    first = client.generate(ORDER, world.purchase(number=99, wait_s=WAIT_S), late)
    assert first.job == repeat.job
    assert client.held_and_spent_micros == PRICE
