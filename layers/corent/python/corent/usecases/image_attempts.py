"""Try the candidates of an image's route, one after the other, until one delivers.

One deadline for the job; at most ATTEMPTS_MAX purchases. What a failure means is decided by its class: a
refusal ends the job, everything else goes on to the next candidate, and after an unknown outcome (the
upstream may be working, and billing) only one more purchase is allowed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from corent.core.clock import Clock
from corent.core.fetching import Fetch, FetchFailedError, FetchLimits, FetchRefusedError
from corent.core.pictures import NotAPictureError, Picture, clean_picture, media_type
from corent.core.tiers import AspectRatio
from corent.core.upstream import (
    Failure,
    Generated,
    ImageRequest,
    ImageUpstream,
    InlineFile,
    InputImage,
    RemoteFile,
    UpstreamError,
    Working,
)
from corent.jobs.document import file_name
from corent.jobs.job import (
    Attempt,
    AttemptOutcome,
    DeliveredImage,
    ImageOrder,
    Job,
    JobFailure,
)
from corent.routing.offers import Offer
from corent.routing.route import load_route

ATTEMPTS_MAX: Final = 3
# How long an asynchronous upstream may take before the next one is tried.
ASYNC_ATTEMPT_MAX_MS: Final = 60_000
# What is left for storing and settling once an upstream has answered.
SETTLE_RESERVE_MS: Final = 1_000
CALL_TIMEOUT_S: Final = 10.0
# An upstream's own wish is obeyed between these two.
POLL_MIN_S: Final = 0.1
POLL_MAX_S: Final = 10.0
# What fetching a bought result may take, even where its caller's wait is over.
FETCH_MIN_MS: Final = 3_000
RESULT_LIMITS: Final = FetchLimits(bytes_max=32 * 1024 * 1024, timeout_s=30.0, redirects_max=3)
# Upstreams round to their own grids; more than this is another picture than was asked for.
RATIO_TOLERANCE: Final = 0.08
# About one megapixel each, both sides divisible by 16.
DIMENSIONS_PX: Final = {
    AspectRatio.SQUARE: (1024, 1024),
    AspectRatio.WIDE: (1344, 768),
    AspectRatio.TALL: (768, 1344),
    AspectRatio.LANDSCAPE_4_3: (1152, 864),
    AspectRatio.PORTRAIT_3_4: (864, 1152),
    AspectRatio.LANDSCAPE_3_2: (1248, 832),
    AspectRatio.PORTRAIT_2_3: (832, 1248),
    AspectRatio.CINEMA: (1536, 656),
}
STYLES: Final = {
    "photorealistic": "photorealistic, natural light, fine detail",
    "illustration": "digital illustration, clean shapes",
    "anime": "anime style, cel shading",
    "3d": "3d render, soft studio light",
    "pixel-art": "pixel-art, limited palette",
    "watercolor": "watercolor on textured paper",
    "line-art": "line-art, black ink on white",
    "cinematic": "cinematic still, dramatic light, shallow depth of field",
}


class Outputs(Protocol):
    """Where results are kept."""

    def put(self, name: str, content: bytes, *, media_type: str) -> None:
        """Store a file under that name, replacing one of the same name. May be repeated."""
        ...


@dataclass(frozen=True, slots=True)
class Delivered:
    """The results are stored."""

    attempts: tuple[Attempt, ...]
    images: tuple[DeliveredImage, ...]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Time to wait is over; the job goes on elsewhere from these attempts."""

    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """No candidate delivered, or the request was refused."""

    attempts: tuple[Attempt, ...]
    failure: JobFailure


type ReadPicture = Callable[[], InputImage | None]
# Told of each failed attempt by job, offer and class: for operators, who may know the offer's name.
type Observe = Callable[[str, str, Failure], None]
type Record = Callable[[tuple[Attempt, ...]], None]


class ImageAttempts:
    """Runs attempts; the caller of `run` settles the job."""

    def __init__(
        self,
        *,
        offers: Mapping[tuple[str, str], Offer],
        upstream: Callable[[str], ImageUpstream],
        fetch: Fetch,
        outputs: Outputs,
        observe: Observe,
        clock: Clock,
    ) -> None:
        self._offers = offers
        self._upstream = upstream
        self._fetch = fetch
        self._outputs = outputs
        self._observe = observe
        self._clock = clock

    def run(
        self, job: Job, *, until_ms: int, picture: ReadPicture, record: Record | None = None
    ) -> Delivered | Unfinished | Failed:
        """Go on with the job's attempts until one delivers, none is left, or `until_ms` comes.

        `picture` is called where something is bought; what it raises goes up. `record`, where given, is
        told before each purchase and once it has a ticket, so that another process can go on after a death
        in between.
        """
        candidates = [self._offers[job.tier, c.offer_id] for c in load_route(job.route).candidates]
        attempts = list(job.attempts)
        while True:
            if attempts and attempts[-1].outcome is AttemptOutcome.WORKING:
                offer = candidates[attempts[-1].candidate]
            else:
                failure = self._ended(job, attempts, candidates)
                if failure is not None:
                    return Failed(attempts=tuple(attempts), failure=failure)
                offer = candidates[len(attempts)]
                if until_ms < job.deadline_ms:
                    # A synchronous upstream holds the connection until it is done and cannot be asked
                    # later, so it is only bought where there is time for a slow answer.
                    needed_ms = 0 if offer.asynchronous else offer.slow_latency_ms
                    if needed_ms + SETTLE_RESERVE_MS > until_ms - self._clock.now_ms():
                        return Unfinished(attempts=tuple(attempts))
                attempts.append(
                    Attempt(
                        candidate=len(attempts),
                        outcome=AttemptOutcome.UNKNOWN,
                        started_ms=self._clock.now_ms() - job.created_at_ms,
                        duration_ms=0,
                    )
                )
                if record is not None:
                    record(tuple(attempts))
            images = self._advance(job, offer, attempts, until_ms=until_ms, picture=picture, record=record)
            if images is not None:
                return Delivered(attempts=tuple(attempts), images=images)
            if attempts[-1].outcome is AttemptOutcome.WORKING:
                return Unfinished(attempts=tuple(attempts))

    def _ended(self, job: Job, attempts: list[Attempt], candidates: list[Offer]) -> JobFailure | None:
        """Why no further purchase is made, if so."""
        outcomes = [attempt.outcome for attempt in attempts]
        if AttemptOutcome.REFUSED in outcomes:
            return JobFailure.CONTENT_REFUSED
        after_unknown = (
            len(outcomes) - 1 - outcomes.index(AttemptOutcome.UNKNOWN)
            if AttemptOutcome.UNKNOWN in outcomes
            else 0
        )
        if len(attempts) >= min(ATTEMPTS_MAX, len(candidates)) or after_unknown >= 1:
            if job.order.image_url and outcomes and set(outcomes) == {AttemptOutcome.INVALID_INPUT}:
                return JobFailure.INVALID_IMAGE_URL
            return JobFailure.TIER_UNAVAILABLE
        left_ms = job.deadline_ms - self._clock.now_ms()
        if candidates[len(attempts)].typical_latency_ms + SETTLE_RESERVE_MS > left_ms:
            return JobFailure.DEADLINE_EXCEEDED
        return None

    def _advance(
        self,
        job: Job,
        offer: Offer,
        attempts: list[Attempt],
        *,
        until_ms: int,
        picture: ReadPicture,
        record: Record | None,
    ) -> tuple[DeliveredImage, ...] | None:
        """Bring the last attempt to its end, or to `until_ms`; the stored images if it delivered."""
        attempt = attempts[-1]
        started_ms = job.created_at_ms + attempt.started_ms
        attempt_end_ms = min(job.deadline_ms - SETTLE_RESERVE_MS, started_ms + ASYNC_ATTEMPT_MAX_MS)

        def note(
            outcome: AttemptOutcome, *, ticket: str | None = None, cost_micros: int | None = None
        ) -> None:
            attempts[-1] = replace(
                attempts[-1],
                outcome=outcome,
                duration_ms=self._clock.now_ms() - started_ms,
                ticket=ticket,
                cost_micros=cost_micros,
            )

        try:
            upstream = self._upstream(offer.upstream)
            resumed = attempt.outcome is AttemptOutcome.WORKING
            if resumed:
                step: Generated | Working = Working(ticket=attempt.ticket or "", poll_after_s=0.0)
            else:
                step = upstream.submit(
                    image_request(job, offer, attempt=attempt.candidate + 1, picture=picture()),
                    model=offer.model,
                    timeout_s=self._submit_timeout_s(offer, end_ms=min(until_ms, job.deadline_ms)),
                )
                if isinstance(step, Working):
                    note(AttemptOutcome.WORKING, ticket=step.ticket)
                    if record is not None:
                        record(tuple(attempts))
            while isinstance(step, Working):
                now_ms = self._clock.now_ms()
                # What another process waited for may be done by now, however long ago that was.
                pause_s = 0.0 if resumed else min(POLL_MAX_S, max(POLL_MIN_S, step.poll_after_s))
                ask_at_ms = now_ms + round(pause_s * 1000)
                if ask_at_ms >= attempt_end_ms and not resumed:
                    raise UpstreamError(Failure.UNAVAILABLE, "took longer than an attempt may")
                if ask_at_ms + SETTLE_RESERVE_MS > until_ms:
                    note(AttemptOutcome.WORKING, ticket=step.ticket)
                    return None
                resumed = False
                self._clock.sleep(pause_s)
                step = self._check(upstream, step, end_ms=min(attempt_end_ms, until_ms))
            images = self._store(job, step, until_ms=until_ms)
        except UpstreamError as error:
            note(AttemptOutcome(error.failure.value))
            self._observe(job.id, offer.id, error.failure)
            return None
        said_micros = step.cost_micros
        note(
            AttemptOutcome.COMPLETED,
            cost_micros=offer.cost_micros * job.order.n if said_micros is None else said_micros,
        )
        return images

    def _submit_timeout_s(self, offer: Offer, *, end_ms: int) -> float:
        left_s = max(1.0, (end_ms - SETTLE_RESERVE_MS - self._clock.now_ms()) / 1000)
        return min(CALL_TIMEOUT_S, left_s) if offer.asynchronous else left_s

    def _check(self, upstream: ImageUpstream, working: Working, *, end_ms: int) -> Generated | Working:
        """Ask once. An upstream that cannot be asked just now may still be working on it."""
        left_s = max(1.0, (end_ms - self._clock.now_ms()) / 1000)
        try:
            return upstream.check(working.ticket, timeout_s=min(CALL_TIMEOUT_S, left_s))
        except UpstreamError as error:
            if error.failure in (Failure.UNKNOWN, Failure.RATE_LIMITED):
                return replace(working, poll_after_s=max(1.0, error.retry_after_s or 0.0))
            raise

    def _store(self, job: Job, generated: Generated, *, until_ms: int) -> tuple[DeliveredImage, ...]:
        """Fetch, check, clean and keep every image. Raises UpstreamError unless all are as asked."""
        if len(generated.files) != job.order.n:
            raise UpstreamError(
                Failure.BAD_REPLY, f"{len(generated.files)} images where {job.order.n} were asked for"
            )
        end_ms = max(until_ms, self._clock.now_ms() + FETCH_MIN_MS)
        pictures = [_judged(self._content(file, end_ms=end_ms), order=job.order) for file in generated.files]
        for index, picture in enumerate(pictures):
            self._outputs.put(
                file_name(job, index=index), picture.content, media_type=media_type(picture.format)
            )
        return tuple(DeliveredImage(width_px=p.width_px, height_px=p.height_px) for p in pictures)

    def _content(self, file: InlineFile | RemoteFile, *, end_ms: int) -> bytes:
        if isinstance(file, InlineFile):
            return file.content
        left_s = (end_ms - self._clock.now_ms()) / 1000
        limits = replace(RESULT_LIMITS, timeout_s=min(RESULT_LIMITS.timeout_s, max(0.0, left_s)))
        try:
            return self._fetch(
                file.url, limits=limits, allowed_hosts=file.allowed_hosts, headers=file.headers
            )
        except FetchRefusedError as error:
            raise UpstreamError(Failure.BAD_REPLY, f"result: {error}") from error
        except FetchFailedError as error:
            raise UpstreamError(Failure.EXPIRED, f"result: {error}") from error


def image_request(job: Job, offer: Offer, *, attempt: int, picture: InputImage | None) -> ImageRequest:
    """What an upstream is asked for.

    The style becomes words of the prompt, and so does the negative prompt where there is no field for it.
    """
    order = job.order
    width_px, height_px = DIMENSIONS_PX[order.aspect_ratio]
    prompt = order.prompt
    if order.style is not None:
        prompt += f", {STYLES[order.style]}"
    if order.negative_prompt is not None and not offer.takes_negative_prompt:
        prompt += f". Avoid: {order.negative_prompt}"
    return ImageRequest(
        prompt=prompt,
        aspect_ratio=order.aspect_ratio,
        width_px=width_px,
        height_px=height_px,
        count=order.n,
        output_format=order.output_format,
        reference=f"{job.id}-{attempt}",
        attempt=attempt,
        seed=order.seed,
        negative_prompt=order.negative_prompt if offer.takes_negative_prompt else None,
        image=picture,
    )


def _judged(content: bytes, *, order: ImageOrder) -> Picture:
    """The picture of a result, if it is what was asked for."""
    try:
        picture = clean_picture(content)
    except NotAPictureError as error:
        raise UpstreamError(Failure.BAD_REPLY, f"result {error}") from error
    if picture.format is not order.output_format:
        raise UpstreamError(Failure.BAD_REPLY, f"{picture.format} where {order.output_format} was asked for")
    width, height = (int(side) for side in order.aspect_ratio.split(":"))
    if abs(picture.width_px * height / (picture.height_px * width) - 1) > RATIO_TOLERANCE:
        raise UpstreamError(
            Failure.BAD_REPLY, f"{picture.width_px} x {picture.height_px} for {order.aspect_ratio}"
        )
    return picture
