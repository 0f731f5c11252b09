"""One call and its answer: retries, deadlines, pages, downloads. No I/O."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from corent import errors
from corent.calls import Call
from corent.effects import (
    Deadline,
    Flow,
    Head,
    NoAnswer,
    Open,
    Pause,
    Receive,
    Request,
    Restart,
    Settings,
    Tell,
    Timing,
)
from corent.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ConflictError,
    DownloadError,
    MalformedAnswerError,
)
from corent.reading import read

T = TypeVar("T")

# A call with all its retries; one try of it: an image's answer may take 25 s.
CALL_TIMEOUT_S = 120.0
TRY_TIMEOUT_S = 40.0
RETRIES_MAX = 4
BACKOFF_S = 0.5
BACKOFF_MAX_S = 8.0
# Who is asked to wait longer is told so instead.
RETRY_AFTER_MAX_S = 60.0
# An earlier try of the same order is still worked on: that is no failure, so it is asked for more often.
IN_PROGRESS_MAX = 60
ANSWER_MAX_BYTES = 64 * 1024 * 1024

DOWNLOAD_TIMEOUT_S = 600.0
DOWNLOAD_MAX_BYTES = 1024 * 1024 * 1024
# A server that says nothing for so long has gone.
SILENCE_S = 30.0


def exchange(call: Call[T], settings: Settings, *, timeout_s: float | None = None) -> Flow[T]:
    """Send a call until it is answered, at most `max_retries` times more, and until the deadline.

    Repeated: after a lost or late answer, 408, 429, 5xx, and 409 while an earlier try is worked on. Not
    repeated: what the API calls not retryable, an error it has stored under the Idempotency-Key, and a call
    that must not be sent twice once it may have arrived.
    """
    deadline = Deadline(settings.timing, settings.timeout_s if timeout_s is None else timeout_s)
    request = settings.request(call)
    failed = in_progress = 0
    while True:
        error: APIConnectionError | APIStatusError
        try:
            head, body = yield from _whole_answer(request, settings.timing, deadline)
        except NoAnswer as failure:
            error = connection_error(failure)
            again = call.repeatable or failure.reason == "unreachable"
        else:
            if 200 <= head.status < 300:
                return _received(call, head, body)
            error = status_error(head, body, settings.timing)
            again = is_worth_repeating(error, repeatable=call.repeatable)
        error.idempotency_key = call.idempotency_key
        if isinstance(error, ConflictError):
            in_progress += 1
            again = again and in_progress <= IN_PROGRESS_MAX
        else:
            failed += 1
            again = again and failed <= settings.max_retries
        pause_s = backoff_s(error, failed=failed, timing=settings.timing)
        if not again or pause_s is None or not deadline.allows(pause_s):
            raise error
        yield Pause(pause_s)


def _whole_answer(request: Request, timing: Timing, deadline: Deadline) -> Flow[tuple[Head, bytes]]:
    """Return one try's answer. Raises NoAnswer, also when it trickles on past its time."""
    trial = Deadline(timing, deadline.left_s(TRY_TIMEOUT_S))
    head: Head = yield Open(request, trial.left_s(TRY_TIMEOUT_S))
    body = yield from rest(trial)
    return head, body


def rest(trial: Deadline) -> Flow[bytes]:
    body = bytearray()
    while True:
        if trial.is_over:
            raise NoAnswer("timeout", "the answer did not end in time")
        piece: bytes = yield Receive(trial.left_s(TRY_TIMEOUT_S))
        if not piece:
            return bytes(body)
        body += piece
        if len(body) > ANSWER_MAX_BYTES:
            raise MalformedAnswerError(f"The answer is longer than {ANSWER_MAX_BYTES} bytes.")


def _received(call: Call[T], head: Head, body: bytes) -> T:
    try:
        document = json.loads(body)
        return read(call.answer, document, request_id=head.request_id, replayed=head.replayed)
    except ValueError as error:
        broken = MalformedAnswerError(
            f"The answer is no JSON: {head.media_type or 'no type'}, {len(body)} bytes.",
            status=head.status,
            request_id=head.request_id,
        )
        broken.idempotency_key = call.idempotency_key
        raise broken from error
    except MalformedAnswerError as error:
        error.status, error.request_id = head.status, head.request_id
        error.idempotency_key = call.idempotency_key
        raise


def connection_error(failure: NoAnswer) -> APIConnectionError:
    if failure.reason == "timeout":
        return APITimeoutError(f"No answer in time: {failure.said}.")
    return APIConnectionError(f"No answer: {failure.said}.")


def status_error(head: Head, body: bytes, timing: Timing) -> APIStatusError:
    return errors.from_answer(
        status=head.status,
        body=body,
        media_type=head.media_type,
        request_id=head.request_id,
        retry_after_s=_retry_after_s(head, timing),
        replayed=head.replayed,
    )


def _retry_after_s(head: Head, timing: Timing) -> float | None:
    """Return what Retry-After asks for, in seconds or as a date (RFC 9110, 10.2.3); else None."""
    value = head.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - timing.wall_s())
    except (ValueError, OverflowError):
        return None


def is_worth_repeating(error: APIStatusError, *, repeatable: bool) -> bool:
    # A stored error is what this key is answered from now on.
    if not error.retryable or error.replayed:
        return False
    if error.status == 409:
        return error.code == "request_in_progress"
    # A 429 was refused before anything was done.
    return error.status == 429 or (
        repeatable and (error.status == 408 or (error.status or 0) >= errors.SERVER_ERROR_MIN)
    )


def backoff_s(error: APIConnectionError | APIStatusError, *, failed: int, timing: Timing) -> float | None:
    """Return how long to wait before the next try, or None when that is longer than it makes sense."""
    # Full jitter: those who failed together do not come back together.
    pause_s = timing.jitter() * min(BACKOFF_MAX_S, BACKOFF_S * 2.0 ** max(0, failed - 1))
    asked_s = error.retry_after_s if isinstance(error, APIStatusError) else None
    if asked_s is None:
        return pause_s
    return None if asked_s > RETRY_AFTER_MAX_S else max(asked_s, pause_s)


def pages(call_for: Callable[[str | None], Call[Any]], items: str, settings: Settings) -> Flow[None]:
    """Tell every item of a list, page after page, as they are taken."""
    cursor: str | None = None
    while True:
        page = yield from exchange(call_for(cursor), settings)
        for item in getattr(page, items):
            yield Tell(item)
        if page.next_cursor is None:
            return
        if page.next_cursor == cursor:
            raise MalformedAnswerError("The list's next page is the page itself.")
        cursor = page.next_cursor


def fetch(url: str, settings: Settings, *, max_bytes: int, timeout_s: float) -> Flow[None]:
    """Tell a file's pieces, after a Restart; a lost connection begins anew.

    Raises DownloadError, APIConnectionError. Result files need no key, and none is sent: the link may lead to
    another host.
    """
    deadline = Deadline(settings.timing, timeout_s)
    request = Request("GET", url, {"User-Agent": settings.user_agent})
    failed = 0
    while True:
        error: APIConnectionError | DownloadError
        asked_s: float | None = None
        try:
            head: Head = yield Open(request, deadline.left_s(TRY_TIMEOUT_S))
            if head.status == 200:
                yield from _pieces(deadline, max_bytes=max_bytes)
                return
            error = DownloadError(
                f"The file's server answers with status {head.status}.",
                status=head.status,
                retryable=head.status in errors.RETRYABLE_STATUSES or head.status >= errors.SERVER_ERROR_MIN,
            )
            asked_s = _retry_after_s(head, settings.timing)
        except NoAnswer as failure:
            error = connection_error(failure)
        failed += 1
        pause_s = max(
            asked_s or 0.0, settings.timing.jitter() * min(BACKOFF_MAX_S, BACKOFF_S * 2.0 ** (failed - 1))
        )
        if not error.retryable or failed > settings.max_retries or not deadline.allows(pause_s):
            raise error
        yield Pause(pause_s)


def _pieces(deadline: Deadline, *, max_bytes: int) -> Flow[None]:
    yield Tell(Restart())
    size_bytes = 0
    while piece := (yield Receive(deadline.left_s(SILENCE_S))):
        size_bytes += len(piece)
        if size_bytes > max_bytes:
            raise DownloadError(f"The file is longer than {max_bytes} bytes.")
        yield Tell(piece)
        if deadline.is_over:
            raise NoAnswer("timeout", "the file did not end in time")
