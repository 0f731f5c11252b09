"""A job or a batch to its end: its stream, resumed for as long as it takes, or polling. No I/O."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

from corent import calls
from corent.answers import Batch, Job, JobEvent
from corent.calls import Call
from corent.effects import Deadline, Flow, Head, NoAnswer, Open, Pause, Receive, Settings, Tell
from corent.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    MalformedAnswerError,
    PermissionDeniedError,
    WaitTimeoutError,
)
from corent.exchanging import (
    TRY_TIMEOUT_S,
    backoff_s,
    connection_error,
    exchange,
    is_worth_repeating,
    rest,
    status_error,
)
from corent.reading import read
from corent.sse import Event, EventReader, EventTooLongError

# The server says something every 15 s (docs/streams.md); nothing for 30 s means that the connection is dead.
SILENCE_S = 30.0
STREAM_FAILURES_MAX = 6
# Where streams come in windows, each ends by itself after at most 20 s: no failure, and still not for ever.
EMPTY_WINDOWS_MAX = 120
STREAM_RETRY_S = 0.5
STREAM_RETRY_MAX_S = 30.0

POLL_S = 0.5
POLL_MAX_S = 5.0


def follow(
    job_id: str,
    settings: Settings,
    *,
    last_event_id: int | None = None,
    timeout_s: float | None = None,
    told: Callable[[JobEvent], object] = lambda event: event,
) -> Flow[Job | None]:
    """Tell a job's events to its end, each once, whatever becomes of connections; return the last job told.

    A connection that ends is resumed after the last event. Given up after STREAM_FAILURES_MAX failures, or
    EMPTY_WINDOWS_MAX clean ends, without an event between them.
    """
    deadline = Deadline(settings.timing, timeout_s)
    call = calls.stream(job_id)
    last_id = -1 if last_event_id is None else last_event_id
    last: Job | None = None
    failures = windows = 0
    retry_s = STREAM_RETRY_S
    while True:
        resumed = {} if last_id < 0 else {"Last-Event-ID": str(last_id)}
        request = settings.request(call, Accept="text/event-stream", **resumed)
        reader = EventReader()
        error: APIConnectionError | APIStatusError | None = None
        try:
            head: Head = yield Open(request, deadline.left_s(SILENCE_S))
            if head.status == 204:
                return last
            if head.status != 200:
                trial = Deadline(settings.timing, deadline.left_s(TRY_TIMEOUT_S))
                error = status_error(head, (yield from rest(trial)), settings.timing)
                if not is_worth_repeating(error, repeatable=True):
                    raise error
            else:
                _check_is_stream(head)
            while error is None and (piece := (yield Receive(deadline.left_s(SILENCE_S)))):
                for event in reader.feed(piece):
                    number = _event_number(event)
                    if number <= last_id:
                        continue
                    last_id, failures, windows = number, 0, 0
                    job = _event_job(event)
                    last = job
                    yield Tell(told(JobEvent(id=number, name=event.name, job=job)))
                    if job.has_ended:
                        return last
                if deadline.is_over:
                    raise WaitTimeoutError(job_id)
        except EventTooLongError as caught:
            raise MalformedAnswerError("The stream has an event that does not end.") from caught
        except NoAnswer as failure:
            error = connection_error(failure)
        if deadline.is_over:
            raise WaitTimeoutError(job_id)
        if reader.retry_ms is not None:
            retry_s = min(reader.retry_ms / 1000, STREAM_RETRY_MAX_S)
        pause_s = retry_s
        if error is None:
            windows += 1
            if windows > EMPTY_WINDOWS_MAX:
                raise APIConnectionError("The stream ended again and again without an event.")
        else:
            failures += 1
            asked_s = backoff_s(error, failed=failures, timing=settings.timing)
            if failures > STREAM_FAILURES_MAX or asked_s is None:
                raise error
            pause_s = max(retry_s, asked_s)
        if not deadline.allows(pause_s):
            yield Pause(deadline.left_s(pause_s))
            raise WaitTimeoutError(job_id)
        yield Pause(pause_s)


def _check_is_stream(head: Head) -> None:
    if head.media_type != "text/event-stream":
        raise MalformedAnswerError(
            f"The answer is no stream: {head.media_type or 'no type'}.",
            status=head.status,
            request_id=head.request_id,
        )


def _event_number(event: Event) -> int:
    if not (event.id.isascii() and event.id.isdecimal()):
        raise MalformedAnswerError("The stream has an event without a number.")
    return int(event.id)


def _event_job(event: Event) -> Job:
    try:
        return read(Job, json.loads(event.data))
    except ValueError as error:
        raise MalformedAnswerError("The stream has an event that is no JSON.") from error


def watch_job(job_id: str, settings: Settings, *, timeout_s: float | None = None) -> Flow[Job]:
    """Tell a job's document whenever it has changed, and return it once it has ended.

    By its stream; by polling where there is none, or it does not hold. Raises WaitTimeoutError.
    """
    deadline = Deadline(settings.timing, timeout_s)
    try:
        last = yield from follow(job_id, settings, timeout_s=timeout_s, told=lambda event: event.job)
    except (WaitTimeoutError, AuthenticationError, PermissionDeniedError):
        raise
    except (APIConnectionError, APIStatusError, MalformedAnswerError):
        last = None
    if last is not None and last.has_ended:
        return last
    job = yield from _poll(calls.job(job_id), settings, deadline, waited_for_id=job_id)
    return job


def watch_batch(batch_id: str, settings: Settings, *, timeout_s: float | None = None) -> Flow[Batch]:
    """Tell a batch's document whenever it has changed, and return it at its end. Raises WaitTimeoutError."""
    deadline = Deadline(settings.timing, timeout_s)
    batch = yield from _poll(calls.batch_document(batch_id), settings, deadline, waited_for_id=batch_id)
    return batch


Watched = TypeVar("Watched", Job, Batch)


def _poll(
    call: Call[Watched], settings: Settings, deadline: Deadline, *, waited_for_id: str
) -> Flow[Watched]:
    pause_s = POLL_S
    before: Watched | None = None
    while True:
        try:
            now: Watched = yield from exchange(call, settings, timeout_s=deadline.left_s(settings.timeout_s))
        except APITimeoutError as error:
            if deadline.is_over:
                raise WaitTimeoutError(waited_for_id) from error
            raise
        if now != before:
            yield Tell(now)
            before, pause_s = now, POLL_S
        if now.has_ended:
            return now
        if not deadline.allows(pause_s):
            yield Pause(deadline.left_s(pause_s))
            raise WaitTimeoutError(waited_for_id)
        yield Pause(pause_s)
        pause_s = min(POLL_MAX_S, pause_s * 1.5)
