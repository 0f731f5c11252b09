"""Follow a job: what to tell one reader and when to look again. Whoever sends it does the waiting."""

from dataclasses import dataclass, replace
from typing import Final, Protocol

from corent.core.clock import Clock
from corent.core.errors import NotFoundError
from corent.core.ids import is_id
from corent.jobs.events import ENDED_ID, JobEvent, events_after, id_to_resume_after
from corent.jobs.job import TERMINAL, Job

LOOK_EVERY_S: Final = 1.0
BEAT_EVERY_S: Final = 15.0
# Below the 15 minutes that API Gateway gives a streamed answer, and Lambda the function behind it.
STREAM_S: Final = 14 * 60.0
# Below the 29 seconds that API Gateway gives an answer in one piece.
WINDOW_S: Final = 20.0


class Jobs(Protocol):
    """Jobs by id."""

    def read(self, job_id: str) -> Job | None:
        """The job, read consistently."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """What to send now. `beat` asks for a sign of life.

    `wait_s` is how long to wait before the next turn, None after the last one; `is_unfinished` says then
    that the job goes on and the reader should come back.
    """

    events: tuple[JobEvent, ...]
    beat: bool
    wait_s: float | None
    is_unfinished: bool

    def as_last(self) -> "Turn":
        """The same, after which nothing follows."""
        return replace(self, wait_s=None)


class JobStream:
    """One connection's reader of one job. A turn is one read at most; turns never overlap."""

    def __init__(
        self, job: Job, *, jobs: Jobs, last_id: int, open_for_s: float, public_base_url: str, clock: Clock
    ) -> None:
        now_s = clock.monotonic_s()
        self._job = job
        self._is_fresh = True
        self._jobs = jobs
        self._last_id = last_id
        self._public_base_url = public_base_url
        self._clock = clock
        self._beat_at_s = now_s + BEAT_EVERY_S
        self._closes_at_s = now_s + open_for_s

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to tell, now or later."""
        return self._last_id == ENDED_ID

    def turn(self) -> Turn:
        """Look, and say what is new. The first turn takes the job as it was read for the opening."""
        if not self._is_fresh:
            self._job = self._jobs.read(self._job.id) or self._job
        self._is_fresh = False
        events = events_after(
            self._last_id,
            job=self._job,
            public_base_url=self._public_base_url,
            now_ms=self._clock.now_ms(),
        )
        if events:
            self._last_id = events[-1].id
        now_s = self._clock.monotonic_s()
        is_unfinished = self._job.state not in TERMINAL
        has_time = now_s + LOOK_EVERY_S <= self._closes_at_s
        return Turn(
            events=events,
            beat=self._beats(now_s),
            wait_s=LOOK_EVERY_S if is_unfinished and has_time else None,
            is_unfinished=is_unfinished,
        )

    def _beats(self, now_s: float) -> bool:
        if now_s < self._beat_at_s:
            return False
        self._beat_at_s += BEAT_EVERY_S
        return True


class StreamJob:
    """Opens streams. Another wallet's job looks exactly like a missing one."""

    def __init__(self, *, jobs: Jobs, public_base_url: str, clock: Clock) -> None:
        self._jobs = jobs
        self._public_base_url = public_base_url
        self._clock = clock

    def open(self, job_id: str, *, wallet_id: str, last_event_id: str | None, open_for_s: float) -> JobStream:
        """A stream of the wallet's job, from after that event on. Raises NotFoundError."""
        job = self._jobs.read(job_id) if is_id(job_id, prefix="job") else None
        if job is None or job.wallet_id != wallet_id:
            raise NotFoundError("There is no such job.")
        return JobStream(
            job,
            jobs=self._jobs,
            last_id=id_to_resume_after(last_event_id, job=job),
            open_for_s=open_for_s,
            public_base_url=self._public_base_url,
            clock=self._clock,
        )
