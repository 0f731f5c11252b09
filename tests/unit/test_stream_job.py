"""Following a job on a virtual clock: how often it is read, when a sign of life is due, and when it ends."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from corent.core.errors import NotFoundError
from corent.jobs.job import Job, JobState
from corent.usecases.stream_job import BEAT_EVERY_S, STREAM_S, WINDOW_S, JobStream, StreamJob, Turn
from tests.fakes import START_MS, FakeClock, a_job, ulid

QUEUED = replace(a_job(), state=JobState.QUEUED, deferred=True, expected_ms=60_000)
OVER_S = 10_000


def completed(job: Job, *, at_ms: int) -> Job:
    return replace(job, state=JobState.COMPLETED, finished_at_ms=at_ms)


class Jobs:
    """One job whose state follows the clock; every read is noted with its time."""

    def __init__(self, clock: FakeClock, at: Callable[[int], Job]) -> None:
        self.reads_ms: list[int] = []
        self._clock = clock
        self._at = at

    def read(self, job_id: str) -> Job | None:
        self.reads_ms.append(self._clock.now_ms())
        job = self._at(self._clock.now_ms())
        return job if job.id == job_id else None


class World:
    """A job that is completed `ends_after_s` after its submit, and streams of it."""

    def __init__(self, *, ends_after_s: float = OVER_S) -> None:
        end_ms = START_MS + round(ends_after_s * 1000)

        def at(now_ms: int) -> Job:
            return QUEUED if now_ms < end_ms else completed(QUEUED, at_ms=end_ms)

        self.clock = FakeClock()
        self.jobs = Jobs(self.clock, at)
        self.streams = StreamJob(jobs=self.jobs, public_base_url="https://a.example", clock=self.clock)

    def open(self, *, last_event_id: str | None = None, open_for_s: float = STREAM_S) -> JobStream:
        return self.streams.open(
            QUEUED.id, wallet_id=QUEUED.wallet_id, last_event_id=last_event_id, open_for_s=open_for_s
        )

    def turns(self, stream: JobStream) -> list[tuple[float, Turn]]:
        """Every turn with when it was taken, in seconds since the submit."""
        taken = []
        wait_s: float | None = 0.0
        while wait_s is not None:
            self.clock.sleep(wait_s)
            turn = stream.turn()
            taken.append(((self.clock.now_ms() - START_MS) / 1000, turn))
            wait_s = turn.wait_s
        return taken


def test_a_job_is_read_once_a_second_and_not_more_often() -> None:
    world = World(ends_after_s=30)
    world.turns(world.open())
    gaps_ms = {after - before for before, after in pairwise(world.jobs.reads_ms[1:])}
    assert gaps_ms == {1_000}
    assert len(world.jobs.reads_ms) == 31


def test_the_opening_read_serves_the_first_turn() -> None:
    world = World()
    stream = world.open()
    assert [event.state for event in stream.turn().events] == [JobState.QUEUED]
    assert len(world.jobs.reads_ms) == 1


@pytest.mark.parametrize("ends_after_s", [0.1, 3.0, 3.9, 100.5])
def test_the_end_is_told_within_a_second_and_is_the_last_turn(ends_after_s: float) -> None:
    world = World(ends_after_s=ends_after_s)
    at_s, last = world.turns(world.open())[-1]
    assert last.events[-1].state is JobState.COMPLETED
    assert ends_after_s <= at_s <= ends_after_s + 1
    assert not last.is_unfinished


def test_a_sign_of_life_is_due_every_15_seconds() -> None:
    world = World(ends_after_s=100)
    beats = [at_s for at_s, turn in world.turns(world.open()) if turn.beat]
    assert beats == [BEAT_EVERY_S * number for number in range(1, 7)]


def test_a_stream_closes_after_14_minutes_and_says_that_the_job_goes_on() -> None:
    world = World()
    at_s, last = world.turns(world.open())[-1]
    assert at_s == 14 * 60
    assert last.is_unfinished


def test_a_window_closes_after_20_seconds_and_says_that_the_job_goes_on() -> None:
    world = World()
    at_s, last = world.turns(world.open(open_for_s=WINDOW_S))[-1]
    assert at_s == 20
    assert last.is_unfinished


def test_a_closed_stream_is_gone_on_with_where_it_ended() -> None:
    world = World(ends_after_s=STREAM_S + 60)
    first = [event.id for _, turn in world.turns(world.open()) for event in turn.events]
    second = world.turns(world.open(last_event_id=str(first[-1])))
    assert [event.state for _, turn in second for event in turn.events][-1] is JobState.COMPLETED
    assert all(event.id > first[-1] for _, turn in second for event in turn.events)


def test_a_reader_who_has_had_the_end_is_told_that_it_is_over() -> None:
    world = World(ends_after_s=0)
    assert world.open(last_event_id="102").is_over
    assert not world.open(last_event_id="101").is_over
    assert not world.open().is_over


@pytest.mark.parametrize(
    ("job_id", "wallet_id"),
    [
        (f"job_{ulid(9)}", QUEUED.wallet_id),
        (QUEUED.id, "acct_2"),
        (QUEUED.id, f"{QUEUED.wallet_id}.test"),
        ("job_x", QUEUED.wallet_id),
    ],
    ids=["missing", "other account", "test wallet", "malformed"],
)
def test_what_is_not_the_wallets_own_job_is_not_found(job_id: str, wallet_id: str) -> None:
    world = World()
    with pytest.raises(NotFoundError):
        world.streams.open(job_id, wallet_id=wallet_id, last_event_id=None, open_for_s=STREAM_S)


def test_a_malformed_id_is_not_looked_up() -> None:
    world = World()
    with pytest.raises(NotFoundError):
        world.streams.open("job_x", wallet_id=QUEUED.wallet_id, last_event_id=None, open_for_s=STREAM_S)
    assert world.jobs.reads_ms == []
