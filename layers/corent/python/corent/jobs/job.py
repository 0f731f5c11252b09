"""A job: one generation from submit to its end. Its stored item is the only truth a caller sees."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from corent.core.tiers import AspectRatio, ImageFormat, Kind, Preference, Resolution

IMAGE_DEADLINE_MS = 240_000
VIDEO_DEADLINE_MS = 900_000
OPEN_GRACE_S = 120  # How long after its deadline an unsettled job is swept.
START_GRACE_S = 30  # How long a job may wait for its execution before the sweep starts one.


class JobState(StrEnum):
    """Where a job stands. The last three are terminal and never change."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


TERMINAL = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})


class JobFailure(StrEnum):
    """Why a job failed, as the error code its document shows."""

    CONTENT_REFUSED = "content_policy_violation"
    TIER_UNAVAILABLE = "tier_unavailable"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    INVALID_IMAGE_URL = "invalid_image_url"


class OnRefusal(StrEnum):
    """What is done when an upstream refuses the content."""

    FAIL = "fail"
    FAILOVER = "failover"  # One other upstream is asked.


@dataclass(frozen=True, slots=True)
class ImageOrder:
    """What the caller asked for, in the contract's words and with its defaults filled in."""

    prompt: str
    preference: Preference
    aspect_ratio: AspectRatio
    n: int
    output_format: ImageFormat
    style: str | None = None
    seed: int | None = None
    negative_prompt: str | None = None
    image_url: str | None = None
    on_refusal: OnRefusal = OnRefusal.FAIL
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VideoOrder:
    """What the caller asked for; `image_url` is the first frame."""

    prompt: str
    preference: Preference
    aspect_ratio: AspectRatio
    duration_s: int
    resolution: Resolution
    seed: int | None = None
    negative_prompt: str | None = None
    image_url: str | None = None
    on_refusal: OnRefusal = OnRefusal.FAIL
    metadata: dict[str, str] = field(default_factory=dict)


type Order = ImageOrder | VideoOrder


class AttemptOutcome(StrEnum):
    """How one attempt stands. Anything but the first three is the class of its failure."""

    COMPLETED = "completed"
    WORKING = "working"
    ABANDONED = "abandoned"  # The job was cancelled meanwhile.
    REFUSED = "refused"
    INVALID_INPUT = "invalid_input"
    RATE_LIMITED = "rate_limited"
    QUOTA = "quota"
    AUTH = "auth"
    UNAVAILABLE = "unavailable"
    BAD_REPLY = "bad_reply"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One purchase at one offer. `candidate` is its place in the route; `ticket` asks for it again.

    Times are milliseconds since the job was created. `retry_after_ms` is how long its upstream asked us to
    wait.
    """

    candidate: int
    outcome: AttemptOutcome
    started_ms: int
    duration_ms: int
    ticket: str | None = None
    cost_micros: int | None = None
    retry_after_ms: int | None = None

    def settled(self) -> "Attempt":
        """As it is kept once its job has ended: without a ticket, which names an upstream.

        But for an abandoned one: with its ticket the upstream can still be told to stop.
        """
        return self if self.outcome is AttemptOutcome.ABANDONED else replace(self, ticket=None)


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """One stored result; `duration_s` is a video's length, to the nearest whole second."""

    width_px: int
    height_px: int
    duration_s: int | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where the job's end is to be told. `sealed_secret` is the caller's secret, encrypted, as base64."""

    url: str
    sealed_secret: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """One job as stored. Times are milliseconds since the epoch, money micro-dollars.

    `wallet_id` owns it. `files_key` is unguessable and names the results' place. `route` is the
    routing record as it was written at submit, byte for byte. `deferred` is set once the answer was
    202 and the state machine carries the job on. `expected_ms` is how long such a job usually takes, and
    `progress_percent` the furthest that an upstream has reported; both only feed the estimate of progress.
    `wake_token` resumes the execution that waits for the job. `files` are stored before the job ends.
    `spent_month` is set when the buying key has a limit. `batch_id` is set on one of a batch's jobs, `staged`
    as long as that one is not admitted: its hold is the batch's, and it is in no list.
    """

    id: str
    wallet_id: str
    kind: Kind
    tier: str
    state: JobState
    hold_micros: int
    order: Order
    route: str
    files_key: str
    created_at_ms: int
    deadline_ms: int
    expected_ms: int
    deferred: bool = False
    attempts: tuple[Attempt, ...] = ()
    progress_percent: int = 0
    wake_token: str | None = field(default=None, repr=False)
    files: tuple[DeliveredFile, ...] = ()
    failure: JobFailure | None = None
    finished_at_ms: int | None = None
    webhook: Webhook | None = field(default=None, repr=False)
    key_sha256: str | None = None
    spent_month: str | None = None
    batch_id: str | None = None
    staged: bool = False

    @property
    def request_id(self) -> str:
        """The id of the request that made the job; both share their 26 characters."""
        return f"req_{self.id.removeprefix('job_')}"

    @property
    def swept_at_s(self) -> int:
        """When the sweep ends the job if nobody else has: past its deadline and a grace."""
        return self.deadline_ms // 1000 + OPEN_GRACE_S


@dataclass(frozen=True, slots=True)
class JobEnd:
    """The half of a settlement that lies in the jobs table. `owes_webhook` when its caller is to be told."""

    state: JobState
    attempts: tuple[Attempt, ...]
    finished_at_ms: int
    files: tuple[DeliveredFile, ...] = ()
    failure: JobFailure | None = None
    owes_webhook: bool = False
