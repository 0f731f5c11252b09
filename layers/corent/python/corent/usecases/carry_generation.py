"""Carry a job that outlives its request: the four steps of statemachines/generation.asl.json.

The machine owns order, waiting, time-outs and retries; each step here reads the job, does the one thing that
its record says is next, and writes what came of it. Nothing is handed from step to step but the job's id, so
any step may die and be repeated. An attempt is written before its submit, and its ticket right after.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from corent.core.clock import Clock
from corent.core.errors import InternalError, InvalidRequestError
from corent.core.fetching import Fetch
from corent.core.tiers import Kind
from corent.core.upstream import (
    Failure,
    Generated,
    ImageUpstream,
    InputImage,
    UpstreamError,
    VideoUpstream,
    Working,
)
from corent.jobs.job import TERMINAL, Attempt, AttemptOutcome, ImageOrder, Job, JobFailure
from corent.jobs.store import JobStore
from corent.routing.offers import Offer
from corent.routing.route import load_route
from corent.usecases.inline_attempts import Observe
from corent.usecases.input_images import fetch_input_image
from corent.usecases.next_step import (
    SETTLE_RESERVE_MS,
    Abandon,
    Buy,
    Ended,
    Settle,
    Watch,
    begun,
    next_step,
    options_of,
)
from corent.usecases.settle_job import SettleJob
from corent.usecases.store_results import StoreResults
from corent.usecases.upstream_requests import expected_cost_micros, image_request, video_request

# An asynchronous upstream accepts within this; a synchronous one may take all that its function has.
ACCEPT_TIMEOUT_S: Final = 10.0
SUBMIT_TIMEOUT_S: Final = 120.0
# Well within the five seconds after which the machine looks again.
LOOK_TIMEOUT_S: Final = 3.0
STORE_TIMEOUT_MS: Final = 80_000
# Each further round needs somebody else to have advanced the job in between, or an attempt to have ended.
ROUNDS_MAX: Final = 5

# What an outcome-unknown answer to a look means: the work may still be going on.
_STILL_WORKING: Final = frozenset({Failure.UNKNOWN, Failure.RATE_LIMITED})


class UndeliveredError(Exception):
    """The files are not there: the attempt failed at the last moment, or somebody else went on."""


class UnsettledError(Exception):
    """A job came to be settled that is not ready for it: its execution is broken off and the job swept."""


class Upstreams(Protocol):
    """The adapters, with the credentials in force now. Raise UpstreamError where there are none."""

    def images(self, name: str) -> ImageUpstream: ...

    def videos(self, name: str) -> VideoUpstream: ...


class Tell(Protocol):
    """Resumes the execution that waits under a token; late tokens are fine."""

    def __call__(self, token: str, *, next: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What the steps know of the catalog and the world.

    `callback_url` is where the upstream of an offer may report an attempt's end, None where it cannot reach
    us; attempts count from 1.
    """

    offers: Mapping[tuple[str, str], Offer]
    upstreams: Upstreams
    callback_url: Callable[[str, str, int], str | None]
    is_repeatable: Callable[[Offer], bool]
    observe: Observe


class CarryGeneration:
    """Submit, check, deliver, settle."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        settle: SettleJob,
        store: StoreResults,
        fetch_input: Fetch,
        tell: Tell,
        upkeep: Upkeep,
        clock: Clock,
    ) -> None:
        self._jobs = jobs
        self._settle = settle
        self._store = store
        self._fetch_input = fetch_input
        self._tell = tell
        self._upkeep = upkeep
        self._clock = clock

    def submit(self, job_id: str) -> None:
        """Make the purchase that is next, if one is."""
        job = self._jobs.read(job_id)
        step = self._next(job)
        if job is None or not isinstance(step, Buy):
            return
        try:
            image = self._input_image(job)
        except InvalidRequestError:
            self._settle.fail(job, JobFailure.INVALID_IMAGE_URL)
            return
        if not step.again:
            attempt = begun(job, candidate=step.candidate, now_ms=self._clock.now_ms())
            begun_job = self._advanced(job, attempts=(*job.attempts, attempt))
            if begun_job is None:
                self._check_overtaken(job)
                return
            job = begun_job
        self._buy(job, step.offer, image=image)

    def check(self, job_id: str, *, wake_token: str | None) -> None:
        """Tell the execution that waits under the token what is next, or leave it waiting for the upstream.

        Without a token: see `look`.
        """
        if wake_token is None:
            return self.look(job_id)
        for _ in range(ROUNDS_MAX):
            job = self._jobs.read(job_id)
            # The token first: a callback that comes while the upstream is asked must find it.
            if job is not None and isinstance(self._next(job), Watch | Abandon):
                job = self._advanced(job, wake_token=wake_token)
                if job is None:
                    continue
            if self._looked(job, wake_token=wake_token):
                return None
        return None

    def look(self, job_id: str) -> None:
        """The same for whichever execution waits now, because something has happened. May be repeated.

        Where none waits, because it pauses between two looks of its own, the next of those sees it all.
        """
        for _ in range(ROUNDS_MAX):
            job = self._jobs.read(job_id)
            if job is None or job.wake_token is None or self._looked(job, wake_token=job.wake_token):
                return

    def _looked(self, job: Job | None, *, wake_token: str) -> bool:
        """Whether this look is over: the execution knows what is next, or goes on waiting."""
        step = self._next(job)
        if job is None or isinstance(step, Ended):
            self._stop_abandoned(job)
            self._tell(wake_token, next="done")
        elif isinstance(step, Buy):
            self._tell(wake_token, next="submit")
        elif isinstance(step, Settle):
            self._tell(wake_token, next="settle")
        else:
            seen = self._seen(job, step.offer)
            if isinstance(seen, Generated) and self._clock.now_ms() < job.deadline_ms:
                self._tell(wake_token, next="deliver")
            elif isinstance(step, Abandon) and seen is not None:
                self._abandon(job, step.offer)
                return False
            else:
                return isinstance(seen, Working)
        return True

    def deliver(self, job_id: str) -> None:
        """Store the files of the last attempt. Raises UndeliveredError unless they are stored afterwards."""
        job = self._jobs.read(job_id)
        step = self._next(job)
        if job is None or (isinstance(step, Settle) and step.failure is None):
            return
        if not isinstance(step, Watch | Abandon) or self._clock.now_ms() >= job.deadline_ms:
            raise UndeliveredError(job_id)
        try:
            generated = self._look(job, step.offer)
            if isinstance(generated, Working):
                raise UndeliveredError(job_id)
            until_ms = min(job.deadline_ms, self._clock.now_ms() + STORE_TIMEOUT_MS)
            files = self._store(job, generated, until_ms=until_ms)
        except UpstreamError as error:
            if error.failure not in _STILL_WORKING:
                self._note_failure(job, step.offer, error)
            raise UndeliveredError(job_id) from error
        attempts = self._completed(job, step.offer, generated)
        if not self._jobs.advance(job, attempts=attempts, files=files):
            raise UndeliveredError(job_id)

    def settle(self, job_id: str) -> Job | None:
        """The job as it ended. Raises UnsettledError for one that still has a way to go."""
        job = self._jobs.read(job_id)
        step = self._next(job)
        if job is None or isinstance(step, Ended):
            return job
        if not isinstance(step, Settle):
            raise UnsettledError(job_id)
        if step.failure is None:
            return self._settle.deliver(job)
        return self._settle.fail(job, step.failure)

    def _next(self, job: Job | None) -> Buy | Watch | Abandon | Settle | Ended:
        if job is None:
            return Ended()
        options = options_of(job, self._upkeep.offers)
        return next_step(job, options, now_ms=self._clock.now_ms(), is_repeatable=self._upkeep.is_repeatable)

    def _advanced(
        self, job: Job, *, attempts: tuple[Attempt, ...] | None = None, wake_token: str | None = None
    ) -> Job | None:
        """The job as it stands now, or None when somebody else advanced or settled it."""
        now = job.attempts if attempts is None else attempts
        if not self._jobs.advance(job, attempts=now, wake_token=wake_token):
            return None
        return replace(job, attempts=now, wake_token=wake_token or job.wake_token)

    def _check_overtaken(self, job: Job) -> None:
        """Somebody else went on with the job, or the execution would go round in circles."""
        stored = self._jobs.read(job.id)
        if stored is not None and stored.state not in TERMINAL and stored.attempts == job.attempts:
            raise InternalError(f"{job.id} cannot be advanced")

    # ---- upstream ----------------------------------------------------------------------------------

    def _input_image(self, job: Job) -> InputImage | None:
        url = job.order.image_url
        return fetch_input_image(url, fetch=self._fetch_input) if url else None

    def _buy(self, job: Job, offer: Offer, *, image: InputImage | None) -> None:
        """Submit the last attempt and write down what came of it."""
        try:
            step = self._submitted(job, offer, image=image)
            if isinstance(step, Working):
                attempts = self._noted(job, AttemptOutcome.WORKING, ticket=step.ticket)
                further = _further(job, step)
                if not self._jobs.advance(job, attempts=attempts, progress_percent=further):
                    self._cancel(job, offer, ticket=step.ticket)
                return
            until_ms = min(job.deadline_ms, self._clock.now_ms() + STORE_TIMEOUT_MS)
            files = self._store(job, step, until_ms=until_ms)
        except UpstreamError as error:
            self._note_failure(job, offer, error)
            return
        self._jobs.advance(job, attempts=self._completed(job, offer, step), files=files)

    def _submitted(self, job: Job, offer: Offer, *, image: InputImage | None) -> Generated | Working:
        attempt = job.attempts[-1].candidate + 1
        callback_url = self._upkeep.callback_url(offer.upstream, job.id, attempt)
        left_s = (job.deadline_ms - SETTLE_RESERVE_MS - self._clock.now_ms()) / 1000
        longest_s = ACCEPT_TIMEOUT_S if offer.asynchronous else SUBMIT_TIMEOUT_S
        timeout_s = min(longest_s, max(1.0, left_s))
        order = job.order
        if isinstance(order, ImageOrder):
            request = image_request(
                job, offer, order, attempt=attempt, image=image, callback_url=callback_url
            )
            images = self._upkeep.upstreams.images(offer.upstream)
            return images.submit(request, model=offer.model, timeout_s=timeout_s)
        film = video_request(job, offer, order, attempt=attempt, image=image, callback_url=callback_url)
        videos = self._upkeep.upstreams.videos(offer.upstream)
        try:
            return videos.submit(film, model=offer.model, timeout_s=timeout_s)
        except UpstreamError as error:
            if error.failure is Failure.BAD_REPLY:
                # Accepted or not, and under which name, is what could not be read.
                raise UpstreamError(Failure.UNKNOWN, error.detail) from error
            raise

    def _look(self, job: Job, offer: Offer) -> Generated | Working:
        ticket = job.attempts[-1].ticket or ""
        if job.kind is Kind.IMAGE:
            return self._upkeep.upstreams.images(offer.upstream).check(ticket, timeout_s=LOOK_TIMEOUT_S)
        return self._upkeep.upstreams.videos(offer.upstream).check(ticket, timeout_s=LOOK_TIMEOUT_S)

    def _seen(self, job: Job, offer: Offer) -> Generated | Working | None:
        """Ask once how the last attempt stands; None once it has failed. Progress and failure are kept.

        A parked attempt is taken for working: there is no ticket to ask with.
        """
        ticket = job.attempts[-1].ticket
        if ticket is None:
            return Working(ticket="", poll_after_s=0.0)
        try:
            step = self._look(job, offer)
        except UpstreamError as error:
            if error.failure in _STILL_WORKING:
                return Working(ticket=ticket, poll_after_s=0.0)
            self._note_failure(job, offer, error)
            return None
        if isinstance(step, Working) and (further := _further(job, step)) is not None:
            self._jobs.advance(job, attempts=job.attempts, progress_percent=further)
        return step

    def _abandon(self, job: Job, offer: Offer) -> None:
        """The attempt took longer than it may: go on without it, and ask the upstream to stop."""
        ticket = job.attempts[-1].ticket
        self._note_failure(job, offer, UpstreamError(Failure.UNAVAILABLE, "took longer than an attempt may"))
        if ticket is not None:
            self._cancel(job, offer, ticket=ticket)

    def _stop_abandoned(self, job: Job | None) -> None:
        """A cancelled job's attempt is still being worked on."""
        if job is None or not job.attempts or job.attempts[-1].outcome is not AttemptOutcome.ABANDONED:
            return
        last = job.attempts[-1]
        offer_id = load_route(job.route).candidates[last.candidate].offer_id
        if last.ticket is not None:
            self._cancel(job, self._upkeep.offers[job.tier, offer_id], ticket=last.ticket)

    def _cancel(self, job: Job, offer: Offer, *, ticket: str) -> None:
        """Ask a video's upstream to stop. It may go on, and bill: the job has gone on without it."""
        if job.kind is not Kind.VIDEO:
            return
        try:
            self._upkeep.upstreams.videos(offer.upstream).cancel(ticket, timeout_s=LOOK_TIMEOUT_S)
        except UpstreamError as error:
            self._upkeep.observe(job.id, offer.id, error.failure)

    # ---- the record --------------------------------------------------------------------------------

    def _note_failure(self, job: Job, offer: Offer, error: UpstreamError) -> None:
        self._upkeep.observe(job.id, offer.id, error.failure)
        outcome = AttemptOutcome(error.failure.value)
        self._jobs.advance(job, attempts=self._noted(job, outcome, retry_after_ms=error.retry_after_ms))

    def _completed(self, job: Job, offer: Offer, generated: Generated) -> tuple[Attempt, ...]:
        said_micros = generated.cost_micros
        cost_micros = expected_cost_micros(offer, job.order) if said_micros is None else said_micros
        return self._noted(job, AttemptOutcome.COMPLETED, cost_micros=cost_micros)

    def _noted(
        self,
        job: Job,
        outcome: AttemptOutcome,
        *,
        ticket: str | None = None,
        cost_micros: int | None = None,
        retry_after_ms: int | None = None,
    ) -> tuple[Attempt, ...]:
        """The job's attempts with the last one standing so."""
        last = job.attempts[-1]
        duration_ms = self._clock.now_ms() - job.created_at_ms - last.started_ms
        noted = replace(
            last,
            outcome=outcome,
            duration_ms=duration_ms,
            ticket=ticket,
            cost_micros=cost_micros,
            retry_after_ms=retry_after_ms,
        )
        return (*job.attempts[:-1], noted)


def _further(job: Job, step: Working) -> int | None:
    """The reported progress where it is beyond what was kept: a further attempt reports from nothing on."""
    reported = step.progress_percent
    return reported if reported is not None and reported > job.progress_percent else None
