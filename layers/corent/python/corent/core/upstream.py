"""The upstream port: what an adapter is asked for and what it may answer.

An adapter translates. It raises `UpstreamError` and nothing else; it does not retry, fail
over, sleep, log prompts, or fetch a result file: it hands back the bytes it was given or the
address they wait at, and `fetch` (the one safe way out) gets them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from corent.core.tiers import AspectRatio, ImageFormat, Resolution


class Failure(StrEnum):
    """Why an upstream did not deliver. Failover is decided by this, never by a status code."""

    REFUSED = "refused"  # Content policy; the caller's prompt, not the upstream's health.
    INVALID_INPUT = "invalid_input"  # This upstream does not take this request.
    RATE_LIMITED = "rate_limited"  # Back off this upstream, fail over now.
    QUOTA = "quota"  # Our account there is out of money or over its cap.
    AUTH = "auth"  # Our credentials there are wrong.
    UNAVAILABLE = "unavailable"  # Down, broken, overloaded, or failed inside.
    BAD_REPLY = "bad_reply"  # It answered, but not with what its interface promises.
    EXPIRED = "expired"  # The task or its result can no longer be fetched.
    UNKNOWN = "unknown"  # The submit's answer was lost: it may be working and billing.


class UpstreamError(Exception):
    """An attempt failed. `detail` is for operators' logs and never reaches a caller."""

    def __init__(self, failure: Failure, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{failure.value}: {detail}")
        self.failure = failure
        self.detail = detail
        self.retry_after_s = retry_after_s

    @property
    def retry_after_ms(self) -> int | None:
        """How long it asked us to wait, None where it did not."""
        return None if self.retry_after_s is None else round(self.retry_after_s * 1000)


@dataclass(frozen=True, slots=True)
class InputImage:
    """The caller's input image, already fetched and checked. `media_type` is from its magic bytes."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """What to make, in Corent's words.

    `width_px` x `height_px` has the asked ratio, both sides divisible by 16, near one megapixel;
    an upstream that takes only a ratio uses `aspect_ratio`. `prompt` already carries the style.
    `attempt` counts from 1 inside the job; `reference` (job id and attempt) is the same when the
    same attempt is repeated, so an upstream with idempotent submits is given it. `callback_url` is
    where an upstream that can may say that it is done; None where it cannot reach us.
    """

    prompt: str
    aspect_ratio: AspectRatio
    width_px: int
    height_px: int
    count: int
    output_format: ImageFormat
    reference: str
    attempt: int
    seed: int | None = None
    negative_prompt: str | None = None
    image: InputImage | None = None
    callback_url: str | None = None


@dataclass(frozen=True, slots=True)
class VideoRequest:
    """What to film, in Corent's words.

    `width_px` x `height_px` has the asked ratio and `resolution` as its shorter side; an upstream that
    takes names instead uses `aspect_ratio` and `resolution`. `image` is the first frame. `duration_s` is
    to be met exactly: an offer is asked only for lengths its catalog row lists. The rest is as in
    ImageRequest.
    """

    prompt: str
    aspect_ratio: AspectRatio
    resolution: Resolution
    width_px: int
    height_px: int
    duration_s: int
    reference: str
    attempt: int
    seed: int | None = None
    negative_prompt: str | None = None
    image: InputImage | None = None
    callback_url: str | None = None


@dataclass(frozen=True, slots=True)
class InlineFile:
    """A result that came inside the answer."""

    content: bytes


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A result to be fetched at once: such addresses expire.

    `allowed_hosts` are exact host names, or suffixes when they begin with a dot. `headers` go
    with the download (a key the upstream asks for) and only to an allowed host.
    """

    url: str
    allowed_hosts: tuple[str, ...]
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Generated:
    """The upstream is done. `cost_micros` is what it said it charges us, where it says."""

    files: tuple[InlineFile | RemoteFile, ...]
    cost_micros: int | None = None


@dataclass(frozen=True, slots=True)
class Working:
    """The upstream has accepted and works on it.

    `ticket` is all that `check` needs to ask again, from any process; it is stored with the
    job and never shown. `poll_after_s` is when asking again makes sense.
    """

    ticket: str
    poll_after_s: float
    progress_percent: int | None = None


class AccountUpstream(Protocol):
    """An account with a provider, which the health probes ask about."""

    def ask_account(self, *, timeout_s: float) -> None:
        """Ask an authenticated question that costs nothing. May be repeated.

        Raises UpstreamError when the account cannot be used now: `AUTH`, `QUOTA`, `RATE_LIMITED`,
        `UNAVAILABLE` (also where there was no answer in time), or `BAD_REPLY` for an answer that is surely
        none of the upstream's. Never `UNKNOWN`: a lost answer leaves nothing behind.
        """
        ...


class Upstream[RequestT](AccountUpstream, Protocol):
    """One provider's images, or its videos. One instance serves one set of credentials."""

    def submit(self, request: RequestT, *, model: str, timeout_s: float) -> Generated | Working:
        """Buy what is asked for. `timeout_s` bounds the whole call.

        Raises UpstreamError; `Failure.UNKNOWN` when the request may have been accepted but its
        answer was lost. Not to be repeated after UNKNOWN: it may buy twice.
        """
        ...

    def check(self, ticket: str, *, timeout_s: float) -> Generated | Working:
        """Look at a submitted request. May be repeated.

        Raises UpstreamError with the failure the upstream reports; `Failure.UNKNOWN` when it could not
        be asked (connection lost, 5xx): the work may still be going on, so ask again until the deadline.
        """
        ...


type ImageUpstream = Upstream[ImageRequest]


class VideoUpstream(Upstream[VideoRequest], Protocol):
    """One provider's videos; `Generated` holds exactly one file."""

    def cancel(self, ticket: str, *, timeout_s: float) -> None:
        """Ask that the work be stopped, where the upstream takes such a wish. May be repeated.

        Returns whatever came of it: the work may be over already, or go on. Raises UpstreamError only when
        the upstream could not be asked.
        """
        ...
