"""The client for threads: `AsyncCorent` in `async_client` has the same names, answers and errors.

Nothing is decided here: `calls` knows what is sent, `exchanging` and `following` what is done, and
`driving` does it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from datetime import date
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from corent import calls
from corent.answers import (
    AcceptedBatch,
    AcceptedJob,
    Alert,
    Balance,
    Batch,
    Deposit,
    Explanation,
    Image,
    ImageAnswer,
    Job,
    JobEvent,
    Key,
    LedgerEntry,
    NewKey,
    Quote,
    RevokedKey,
    Status,
    StreamToken,
    TopUp,
    Usage,
    Video,
    WebhookLog,
)
from corent.calls import Call
from corent.driving import Driver
from corent.effects import Flow, Timing
from corent.exchanging import (
    CALL_TIMEOUT_S,
    DOWNLOAD_MAX_BYTES,
    DOWNLOAD_TIMEOUT_S,
    RETRIES_MAX,
    exchange,
    fetch,
    pages,
)
from corent.following import follow, watch_batch, watch_job
from corent.settings import UNSET, WAIT_TIMEOUT_S, Unset, is_loopback, judged, settings

if TYPE_CHECKING:
    import httpx
    from typing_extensions import Unpack

    from corent.orders import ImageOptions, ImageOrder, QuoteOptions, Scope, VideoOptions, VideoOrder

T = TypeVar("T")


class Images:
    """Images: one, or up to a hundred at once."""

    def __init__(self, client: Corent) -> None:
        self._client = client

    def generate(
        self,
        prompt: str,
        *,
        idempotency_key: str | None = None,
        timeout_s: float | None = None,
        **options: Unpack[ImageOptions],
    ) -> ImageAnswer:
        """Order images; the answer has them, or is `processing` when they take longer than `wait_s`.

        May be repeated with the same idempotency_key: that buys once.
        """
        call = calls.generate_image(prompt, idempotency_key=idempotency_key, options=options)
        return self._client.send(call, timeout_s=timeout_s)

    def generate_and_wait(
        self,
        prompt: str,
        *,
        idempotency_key: str | None = None,
        wait_timeout_s: float = WAIT_TIMEOUT_S,
        **options: Unpack[ImageOptions],
    ) -> Job:
        """Order images and return the job once it has completed. Raises JobFailedError, WaitTimeoutError."""
        answer = self.generate(prompt, idempotency_key=idempotency_key, **options)
        return self._client.jobs.wait(answer.id, timeout_s=wait_timeout_s)

    def batch(
        self,
        requests: Iterable[ImageOrder | str],
        *,
        max_cost_cents: int | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        idempotency_key: str | None = None,
    ) -> AcceptedBatch:
        """Order up to 100 images as one purchase; a text is a prompt and nothing else."""
        call = calls.batch(
            "image",
            requests,
            max_cost_cents=max_cost_cents,
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
            idempotency_key=idempotency_key,
        )
        return self._client.send(call)


class Videos:
    """Videos: one, or up to a hundred at once."""

    def __init__(self, client: Corent) -> None:
        self._client = client

    def generate(
        self,
        prompt: str,
        *,
        idempotency_key: str | None = None,
        timeout_s: float | None = None,
        **options: Unpack[VideoOptions],
    ) -> AcceptedJob:
        """Order a video; `jobs.wait(answer.id)` waits for it. With the same key it is bought once."""
        call = calls.generate_video(prompt, idempotency_key=idempotency_key, options=options)
        return self._client.send(call, timeout_s=timeout_s)

    def generate_and_wait(
        self,
        prompt: str,
        *,
        idempotency_key: str | None = None,
        wait_timeout_s: float = WAIT_TIMEOUT_S,
        **options: Unpack[VideoOptions],
    ) -> Job:
        """Order a video and return the job once it has completed. Raises JobFailedError, WaitTimeoutError."""
        answer = self.generate(prompt, idempotency_key=idempotency_key, **options)
        return self._client.jobs.wait(answer.id, timeout_s=wait_timeout_s)

    def batch(
        self,
        requests: Iterable[VideoOrder | str],
        *,
        max_cost_cents: int | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        idempotency_key: str | None = None,
    ) -> AcceptedBatch:
        """Order up to 100 videos as one purchase; a text is a prompt and nothing else."""
        call = calls.batch(
            "video",
            requests,
            max_cost_cents=max_cost_cents,
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
            idempotency_key=idempotency_key,
        )
        return self._client.send(call)


class Jobs:
    """Jobs: what becomes of orders."""

    def __init__(self, client: Corent) -> None:
        self._client = client

    def get(self, job_id: str) -> Job:
        """Return the job as it stands now."""
        return self._client.send(calls.job(job_id))

    def list(
        self, *, status: str | None = None, kind: str | None = None, page_size: int | None = None
    ) -> Generator[Job, None, None]:
        """Iterate over all jobs, newest first; pages of page_size (1 to 100) are fetched as needed."""
        return self._client.iterate(
            pages(
                lambda cursor: calls.jobs(limit=page_size, cursor=cursor, status=status, kind=kind),
                "jobs",
                self._client.settings,
            )
        )

    def cancel(self, job_id: str) -> Job:
        """Stop the job; its money goes back. May be repeated. Raises ConflictError when it has ended."""
        return self._client.send(calls.cancel_job(job_id))

    def stream(
        self, job_id: str, *, last_event_id: int | None = None, timeout_s: float | None = None
    ) -> Generator[JobEvent, None, None]:
        """Iterate over the job's events to its end, each once, over as many connections as it takes.

        `last_event_id` goes on after that event. Raises WaitTimeoutError when timeout_s is over, and
        APIConnectionError when connections fail again and again.
        """
        return self._client.iterate(
            follow(job_id, self._client.settings, last_event_id=last_event_id, timeout_s=timeout_s)
        )

    def watch(self, job_id: str, *, timeout_s: float | None = WAIT_TIMEOUT_S) -> Generator[Job, None, None]:
        """Iterate over the job's document, whenever it has changed, to its end.

        By its stream, and by polling where there is none. Raises WaitTimeoutError.
        """
        return self._client.iterate(watch_job(job_id, self._client.settings, timeout_s=timeout_s))

    def wait(self, job_id: str, *, timeout_s: float | None = WAIT_TIMEOUT_S) -> Job:
        """Return the job once it has completed. May be repeated.

        Raises JobFailedError or JobCancelledError with the job, and WaitTimeoutError when timeout_s is over.
        """
        flow = watch_job(job_id, self._client.settings, timeout_s=timeout_s)
        return judged(self._client.run(flow))

    def webhook_log(self, object_id: str) -> WebhookLog:
        """Return the newest tries to deliver the webhook of a job, a batch or an event."""
        return self._client.send(calls.webhook_log(object_id))

    def redeliver(self, object_id: str) -> WebhookLog:
        """Begin a new round of tries to deliver the webhook of a job, a batch or an event."""
        return self._client.send(calls.redeliver(object_id))

    def stream_token(self, job_id: str) -> StreamToken:
        """Return what opens the job's stream in a browser, for 60 seconds."""
        return self._client.send(calls.stream_token(job_id))


class Batches:
    """Batches: what becomes of up to a hundred orders at once."""

    def __init__(self, client: Corent) -> None:
        self._client = client

    def get(self, batch_id: str) -> Batch:
        """Return the batch as it stands now, with its jobs."""
        return self._client.send(calls.batch_document(batch_id))

    def cancel(self, batch_id: str) -> Batch:
        """Stop what has not ended; its money goes back. May be repeated."""
        return self._client.send(calls.cancel_batch(batch_id))

    def watch(self, batch_id: str, *, timeout_s: float | None = None) -> Generator[Batch, None, None]:
        """Iterate over the batch's document, whenever it has changed, to its end. Raises WaitTimeoutError."""
        return self._client.iterate(watch_batch(batch_id, self._client.settings, timeout_s=timeout_s))

    def wait(self, batch_id: str, *, timeout_s: float | None = None) -> Batch:
        """Return the batch once it has ended, whatever became of its jobs. Raises WaitTimeoutError."""
        return self._client.run(watch_batch(batch_id, self._client.settings, timeout_s=timeout_s))


class Account:
    """The account's money and its rules."""

    def __init__(self, client: Corent) -> None:
        self._client = client

    def balance(self) -> Balance:
        """Return what is there, in cents."""
        return self._client.send(calls.balance())

    def usage(
        self,
        *,
        since: date | str | None = None,
        until: date | str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Usage:
        """Return totals and a page of jobs submitted from since (inclusive) to until (exclusive)."""
        return self._client.send(calls.usage(since=since, until=until, limit=limit, cursor=cursor))

    def ledger(self, *, page_size: int | None = None) -> Generator[LedgerEntry, None, None]:
        """Iterate over every movement, newest first."""
        return self._client.iterate(
            pages(
                lambda cursor: calls.ledger(limit=page_size, cursor=cursor), "entries", self._client.settings
            )
        )

    def deposit(
        self, amount_cents: int, *, save_card: bool = False, idempotency_key: str | None = None
    ) -> Deposit:
        """Return a page to pay on."""
        call = calls.deposit(amount_cents, save_card=save_card, idempotency_key=idempotency_key)
        return self._client.send(call)

    def top_up(self) -> TopUp:
        """Return the rule by which the saved card is charged."""
        return self._client.send(calls.top_up())

    def set_top_up(self, *, threshold_cents: int, amount_cents: int, monthly_cap_cents: int) -> TopUp:
        """Charge the saved card by amount_cents whenever the balance falls below threshold_cents."""
        call = calls.set_top_up(
            threshold_cents=threshold_cents, amount_cents=amount_cents, monthly_cap_cents=monthly_cap_cents
        )
        return self._client.send(call)

    def end_top_up(self) -> TopUp:
        """Charge the saved card no more."""
        return self._client.send(calls.end_top_up())

    def alert(self) -> Alert:
        """Return the rule by which a low balance is told of."""
        return self._client.send(calls.alert())

    def set_alert(
        self, *, low_balance_cents: int, webhook_url: str, webhook_secret: str | None = None
    ) -> Alert:
        """Have a message posted whenever the balance falls below low_balance_cents."""
        call = calls.set_alert(
            low_balance_cents=low_balance_cents, webhook_url=webhook_url, webhook_secret=webhook_secret
        )
        return self._client.send(call)

    def end_alert(self) -> Alert:
        """Post no more messages."""
        return self._client.send(calls.end_alert())


class Keys:
    """The account's keys; only a key with the scope `admin` may."""

    def __init__(self, client: Corent) -> None:
        self._client = client

    def create(
        self,
        label: str,
        *,
        mode: str | None = None,
        scopes: Sequence[Scope] | None = None,
        limit_cents: int | None = None,
        expires_at: date | str | None = None,
        idempotency_key: str | None = None,
    ) -> NewKey:
        """Make a key and return it with its secret, this once. Not sent again when the answer was lost."""
        call = calls.create_key(
            label,
            mode=mode,
            scopes=scopes,
            limit_cents=limit_cents,
            expires_at=expires_at,
            idempotency_key=idempotency_key,
        )
        return self._client.send(call)

    def list(self) -> tuple[Key, ...]:
        """Return all keys, newest first, revoked ones too."""
        return (self._client.send(calls.keys())).keys

    def revoke(self, key_id: str) -> RevokedKey:
        """Take the key out of use, from the next request on. May be repeated."""
        return self._client.send(calls.revoke_key(key_id))


class Corent:
    """Corent's API.

    `api_key` is CORENT_API_KEY without one (None: only what is public), `base_url` CORENT_BASE_URL.
    `timeout_s` bounds a call with all its retries, `max_retries` their number. `http_client` is used as it is
    and not closed. `timing` and `sleep` are for tests.

    Calls raise CorentError's kinds (`corent.errors`). Whatever buys or changes something is sent with an
    Idempotency-Key, the same in every retry.
    """

    def __init__(
        self,
        *,
        api_key: str | Unset | None = UNSET,
        base_url: str | None = None,
        timeout_s: float = CALL_TIMEOUT_S,
        max_retries: int = RETRIES_MAX,
        http_client: httpx.Client | None = None,
        timing: Timing = Timing(),  # noqa: B008 - frozen
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.settings = settings(
            api_key=api_key,
            base_url=base_url,
            timeout_s=timeout_s,
            max_retries=max_retries,
            timing=timing,
        )
        self._given = http_client
        self._own: httpx.Client | None = None
        self._making = threading.Lock()
        self._driver = Driver(self._client, sleep=sleep)
        self.images = Images(self)
        self.videos = Videos(self)
        self.jobs = Jobs(self)
        self.batches = Batches(self)
        self.account = Account(self)
        self.keys = Keys(self)

    def __repr__(self) -> str:
        return f"Corent(base_url={self.settings.base_url!r})"

    def __enter__(self) -> Corent:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, unless they are of a client that was given. The next call opens new ones."""
        own, self._own = self._own, None
        if own is not None:
            own.close()

    def quote(self, prompt: str, **options: Unpack[QuoteOptions]) -> Quote:
        """Return what an order would cost and take; the price holds for ten minutes with its `quote_id`."""
        return self.send(calls.quote(prompt, options=options))

    def explain(self, request_or_job_id: str) -> Explanation:
        """Return why a request was routed as it was."""
        return self.send(calls.explain(request_or_job_id))

    def status(self) -> Status:
        """Return how every tier is doing; needs no key."""
        return self.send(calls.status())

    def download(
        self,
        file: Image | Video | str,
        path: str | PathLike[str],
        *,
        max_bytes: int = DOWNLOAD_MAX_BYTES,
        timeout_s: float = DOWNLOAD_TIMEOUT_S,
    ) -> Path:
        """Fetch a result into path and return where it is. It appears whole or not at all. May be repeated.

        Raises DownloadError, APIConnectionError, and OSError when it cannot be written.
        """
        from corent.files import PartFile

        url = file if isinstance(file, str) else file.url
        with PartFile(path) as part:
            for piece in self.iterate(fetch(url, self.settings, max_bytes=max_bytes, timeout_s=timeout_s)):
                part.take(piece)
            return part.commit()

    def send(self, call: Call[T], *, timeout_s: float | None = None) -> T:
        """Send one call of `corent.calls` and return its answer."""
        return self.run(exchange(call, self.settings, timeout_s=timeout_s))

    def run(self, flow: Flow[T]) -> T:
        """Return what a flow returns."""
        return self._driver.run(flow)

    def iterate(self, flow: Flow[Any]) -> Generator[Any, None, None]:
        """Iterate over what a flow tells."""
        return self._driver.iterate(flow)

    def _client(self) -> httpx.Client:
        if self._given is not None:
            return self._given
        with self._making:
            return self._own_client()

    def _own_client(self) -> httpx.Client:
        if self._own is None:
            import httpx

            self._own = httpx.Client(trust_env=not is_loopback(self.settings.base_url))
        return self._own
