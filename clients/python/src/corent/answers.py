"""What the API answers, as frozen dataclasses: the same names as in the contract, money in whole cents.

Times are RFC 3339 texts, as they came. A status or kind is a text: one that a later API knows breaks nobody.
Fields that this version does not know are in `raw`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

TERMINAL_STATUSES = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A whole answer: `raw` is its JSON, `replayed`: an Idempotency-Key brought an earlier one back."""

    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    request_id: str | None = field(default=None, compare=False)
    replayed: bool = field(default=False, compare=False)


class _Saved:
    """What has a link, and can be fetched from there."""

    url: str

    def save(self, path: str | PathLike[str]) -> Path:
        """Fetch the file into path, in one step, and return where it is. May be repeated.

        Uses a connection of its own, without the key; `client.download(image, path)` uses the client's.
        Raises DownloadError, APIConnectionError, and OSError when it cannot be written.
        """
        from corent.client import Corent

        with Corent(api_key=None) as client:
            return client.download(self.url, path)


@dataclass(frozen=True, kw_only=True)
class Image(_Saved):
    """One image; `width` and `height` in pixels."""

    url: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Video(_Saved):
    """One video; `width` and `height` in pixels."""

    url: str
    width: int
    height: int
    duration_s: int


@dataclass(frozen=True, kw_only=True)
class ImageMeta:
    """What an image's order came to; cost and time are None while it is worked on."""

    model: str
    cost_cents: int | None = None
    duration_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class ImageAnswer(Answer):
    """The answer to an image's order: `completed` with images, or `processing`, and then `jobs.wait(id)`."""

    id: str
    status: str
    meta: ImageMeta
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AcceptedMeta:
    """The tier that serves."""

    model: str


@dataclass(frozen=True, kw_only=True)
class AcceptedJob(Answer):
    """The answer to a video's order."""

    id: str
    status: str
    meta: AcceptedMeta


@dataclass(frozen=True, kw_only=True)
class JobMeta:
    """What a job has come to; `cost_cents` is the quote once completed, else 0."""

    model: str
    cost_cents: int
    duration_ms: int | None
    progress_percent: int


@dataclass(frozen=True, kw_only=True)
class JobError:
    """Why a job failed."""

    type: str
    code: str
    message: str
    param: str | None
    request_id: str
    retryable: bool


@dataclass(frozen=True, kw_only=True)
class WebhookState:
    """How the delivery of a job's webhook stands: none, pending, delivered, undelivered."""

    status: str
    attempts: int


@dataclass(frozen=True, kw_only=True)
class Job(Answer):
    """The job document. `images` or `videos` once completed; `webhook` in polls and lists only."""

    id: str
    kind: str
    status: str
    created_at: str
    completed_at: str | None
    meta: JobMeta
    metadata: Mapping[str, str]
    error: JobError | None
    images: tuple[Image, ...] = ()
    videos: tuple[Video, ...] = ()
    webhook: WebhookState | None = None

    @property
    def has_ended(self) -> bool:
        """Whether its status can no longer change."""
        return self.status in TERMINAL_STATUSES

    @property
    def files(self) -> tuple[Image | Video, ...]:
        """The results, of either kind."""
        return (*self.images, *self.videos)


@dataclass(frozen=True, kw_only=True)
class JobEvent:
    """One event of a job's stream; `id` only grows inside one job."""

    id: int
    name: str
    job: Job


@dataclass(frozen=True, kw_only=True)
class WebhookTry:
    """One try to deliver a webhook; `duration_ms` is the upper end of a range."""

    at: str
    outcome: str
    status_class: str | None
    duration_ms: int


@dataclass(frozen=True, kw_only=True)
class WebhookLog(Answer):
    """The newest tries to deliver a webhook."""

    status: str
    attempts: tuple[WebhookTry, ...]


@dataclass(frozen=True, kw_only=True)
class StreamToken(Answer):
    """What opens one job's stream in a browser, for 60 seconds."""

    token: str = field(repr=False)
    expires_at: str


@dataclass(frozen=True, kw_only=True)
class BatchCounts:
    """How many jobs of a batch are in each state."""

    total: int
    queued: int
    processing: int
    completed: int
    failed: int
    cancelled: int


@dataclass(frozen=True, kw_only=True)
class AcceptedBatchJob:
    """Which job became of a batch's request."""

    index: int
    id: str


@dataclass(frozen=True, kw_only=True)
class AcceptedBatch(Answer):
    """The answer to a batch's order."""

    id: str
    status: str
    counts: BatchCounts
    quote_cents: int
    jobs: tuple[AcceptedBatchJob, ...]


@dataclass(frozen=True, kw_only=True)
class BatchJob:
    """One job of a batch, in the place of its request."""

    index: int
    id: str
    job: Job


@dataclass(frozen=True, kw_only=True)
class Batch(Answer):
    """The batch's document; `cost_cents` is what was charged so far."""

    id: str
    status: str
    created_at: str
    completed_at: str | None
    quote_cents: int
    cost_cents: int
    counts: BatchCounts
    jobs: tuple[BatchJob, ...]

    @property
    def has_ended(self) -> bool:
        """Whether its status can no longer change."""
        return self.status in TERMINAL_STATUSES


@dataclass(frozen=True, kw_only=True)
class Quote(Answer):
    """A binding price until `expires_at`; the times are expectations."""

    quote_id: str
    model: str
    price_cents: int
    expected_ms: int
    p95_ms: int
    expires_at: str


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One that could serve; each part is from 0 to 1, better when higher."""

    name: str
    score: float
    cost: float
    latency: float
    reliability: float
    quality: float
    health: str


@dataclass(frozen=True, kw_only=True)
class Excluded:
    """One that was not considered, and why."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try at a candidate."""

    candidate: str
    outcome: str
    duration_ms: int


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How much each part counts in a score."""

    cost: float
    latency: float
    reliability: float
    quality: float


@dataclass(frozen=True, kw_only=True)
class Explanation(Answer):
    """Why a job was routed as it was."""

    model: str
    reasoning: str
    choice: str
    candidates_considered: int
    failover_occurred: bool
    candidates: tuple[Candidate, ...]
    excluded: tuple[Excluded, ...]
    attempts: tuple[Attempt, ...]
    quote_cents: int
    weights: Weights


@dataclass(frozen=True, kw_only=True)
class Balance(Answer):
    """`balance_cents` is money not yet charged, `available_cents` what of it is not held."""

    balance_cents: int
    available_cents: int
    held_cents: int


@dataclass(frozen=True, kw_only=True)
class UsageJob:
    """One job of the usage."""

    id: str
    kind: str
    status: str
    model: str
    cost_cents: int
    duration_ms: int | None
    created_at: str


@dataclass(frozen=True, kw_only=True)
class Usage(Answer):
    """Totals, and one page of jobs; `next_cursor` is the next page's, or None."""

    total_spent_cents: int
    total_jobs: int
    recent_jobs: tuple[UsageJob, ...]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class LedgerEntry:
    """One movement; `available_change_cents` is what it did to the money that can be spent."""

    id: str
    kind: str
    amount_cents: int
    available_change_cents: int
    created_at: str
    job_id: str | None
    batch_id: str | None
    receipt_url: str | None


@dataclass(frozen=True, kw_only=True)
class LedgerPage(Answer):
    """One page of movements, newest first."""

    entries: tuple[LedgerEntry, ...]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class JobsPage(Answer):
    """One page of jobs, newest first."""

    jobs: tuple[Job, ...]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class Deposit(Answer):
    """The page to pay on."""

    checkout_url: str
    session_id: str
    expires_at: str


@dataclass(frozen=True, kw_only=True)
class TopUp(Answer):
    """The rule by which the saved card is charged."""

    enabled: bool
    threshold_cents: int | None
    amount_cents: int | None
    monthly_cap_cents: int | None
    spent_this_month_cents: int
    charging: bool
    disabled_reason: str | None
    disabled_at: str | None


@dataclass(frozen=True, kw_only=True)
class Alert(Answer):
    """The rule by which a low balance is told of."""

    low_balance_cents: int | None
    webhook_url: str | None
    signed: bool
    last_event_id: str | None


@dataclass(frozen=True, kw_only=True)
class AccountEvent(Answer):
    """What an alert posts: `type` is `balance.low` or `auto_topup.disabled`."""

    id: str
    type: str
    created_at: str
    data: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Key(Answer):
    """One key, without its secret."""

    id: str
    label: str
    mode: str
    scopes: tuple[str, ...]
    prefix: str
    last4: str
    status: str
    limit_cents: int | None
    created_at: str
    expires_at: str | None


@dataclass(frozen=True, kw_only=True)
class NewKey(Key):
    """A key that was just made; `key` is its secret, shown this once."""

    key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class KeysPage(Answer):
    """All keys, newest first."""

    keys: tuple[Key, ...]


@dataclass(frozen=True, kw_only=True)
class RevokedKey(Answer):
    """A key that opens nothing any more."""

    id: str
    status: str


@dataclass(frozen=True, kw_only=True)
class Day:
    """The share of a day's minutes that were no outage."""

    date: str
    uptime: float | None


@dataclass(frozen=True, kw_only=True)
class Tier:
    """How one tier is doing."""

    name: str
    status: str
    latency_ms_p50: int | None
    latency_ms_p95: int | None
    success_rate: float | None
    uptime_90d: float | None
    uptime_by_day: tuple[Day, ...]


@dataclass(frozen=True, kw_only=True)
class Incident:
    """A time in which a tier was not operational."""

    tier: str
    status: str
    opened_at: str
    closed_at: str | None


@dataclass(frozen=True, kw_only=True)
class Status(Answer):
    """How every tier is doing."""

    tiers: tuple[Tier, ...]
    updated_at: str | None
    stale: bool
    incidents: tuple[Incident, ...]
