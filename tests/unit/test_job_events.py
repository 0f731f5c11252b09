"""A job's events: whole, in order and without repeats, whenever one looks and wherever one is cut off."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corent.jobs.document import document_bytes, job_document
from corent.jobs.events import (
    BEGINNING_ID,
    ENDED_ID,
    PROCESSING_ID,
    QUEUED_ID,
    STEP_PERCENT,
    JobEvent,
    events_after,
    id_to_resume_after,
)
from corent.jobs.job import (
    TERMINAL,
    Attempt,
    AttemptOutcome,
    DeliveredFile,
    Job,
    JobFailure,
    JobState,
)
from tests.fakes import START_MS, a_job

BASE = "https://api.corent.example"
FILE = DeliveredFile(width_px=1280, height_px=720, duration_s=5)
TRIED = (Attempt(candidate=0, outcome=AttemptOutcome.WORKING, started_ms=0, duration_ms=0),)

type Look = tuple[Job, int]


def queued(*, expected_ms: int = 60_000) -> Job:
    return replace(a_job(), state=JobState.QUEUED, deferred=True, expected_ms=expected_ms)


def processing(job: Job, *, reported_percent: int = 0) -> Job:
    return replace(job, state=JobState.PROCESSING, attempts=TRIED, progress_percent=max(0, reported_percent))


def ended(job: Job, state: JobState, *, at_ms: int) -> Job:
    return replace(
        job,
        state=state,
        finished_at_ms=at_ms,
        files=(FILE,) if state is JobState.COMPLETED else job.files,
        failure=JobFailure.TIER_UNAVAILABLE if state is JobState.FAILED else None,
    )


def told(looks: list[Look], *, after: int = BEGINNING_ID) -> list[JobEvent]:
    """Everything one reader hears who looks at just these moments."""
    heard: list[JobEvent] = []
    for job, now_ms in looks:
        events = events_after(after, job=job, public_base_url=BASE, now_ms=now_ms)
        after = events[-1].id if events else after
        heard += events
    return heard


@st.composite
def lives(draw: st.DrawFn) -> list[Look]:
    """A job's life as it was seen: any states may pass unseen, but the end is seen last."""
    job = queued(expected_ms=draw(st.integers(1_000, 300_000)))
    now_ms = START_MS
    reported = 0
    looks: list[Look] = []
    for state in (JobState.QUEUED, JobState.PROCESSING):
        for _ in range(draw(st.integers(0, 8))):
            now_ms += draw(st.integers(0, 40_000))
            if state is JobState.PROCESSING:
                reported = min(99, reported + draw(st.integers(0, 30)))
                job = processing(job, reported_percent=reported)
            looks.append((job, now_ms))
    if job.state is JobState.QUEUED and draw(st.booleans()):
        job = processing(job)  # Seen by nobody.
    now_ms += draw(st.integers(0, 40_000))
    state = draw(st.sampled_from(sorted(TERMINAL)))
    if state is JobState.COMPLETED:
        job = processing(job, reported_percent=job.progress_percent)
    job = ended(job, state, at_ms=now_ms)
    looks += [(job, now_ms + draw(st.integers(0, 40_000))) for _ in range(draw(st.integers(1, 3)))]
    return looks


@given(lives())
def test_ids_only_grow(looks: list[Look]) -> None:
    ids = [event.id for event in told(looks)]
    assert ids == sorted(set(ids))


@given(lives())
def test_each_state_a_job_was_in_is_told_once_and_in_order(looks: list[Look]) -> None:
    job = looks[-1][0]
    told_states = [event.state for event in told(looks)]
    changes = [state for place, state in enumerate(told_states) if told_states[:place][-1:] != [state]]
    was_processing = [JobState.PROCESSING] if job.attempts else []
    assert changes == [JobState.QUEUED, *was_processing, job.state]
    assert told_states.count(JobState.QUEUED) == told_states.count(job.state) == 1


@given(lives())
def test_progress_is_told_in_steps_of_five_points_and_no_step_is_left_out(looks: list[Look]) -> None:
    shown = [e.document["meta"]["progress_percent"] for e in told(looks) if e.state is JobState.PROCESSING]
    assert all(after - before >= STEP_PERCENT for before, after in pairwise(shown))
    last_seen = [
        job_document(job, public_base_url=BASE, now_ms=now_ms)["meta"]["progress_percent"]
        for job, now_ms in looks
        if job.state is JobState.PROCESSING
    ][-1:]
    assert all(seen - shown[-1] < STEP_PERCENT for seen in last_seen)


@given(lives())
def test_progress_never_goes_back(looks: list[Look]) -> None:
    events = [event for event in told(looks) if event.state in (JobState.QUEUED, JobState.PROCESSING)]
    shown = [event.document["meta"]["progress_percent"] for event in events]
    assert shown == sorted(shown)


@given(lives(), st.data())
def test_a_reader_who_was_cut_off_anywhere_hears_the_same_as_one_who_was_not(
    looks: list[Look], data: st.DataObject
) -> None:
    whole = told(looks)
    heard: list[JobEvent] = []
    last_id: str | None = None
    # Each connection ends after some event of it, perhaps in the midst of what one look told; the next one
    # is another process's, which knows nothing but the id, and looks at the same job again.
    for job, now_ms in looks:
        told_all = False
        while not told_all:
            after = id_to_resume_after(last_id, job=job)
            events = events_after(after, job=job, public_base_url=BASE, now_ms=now_ms)
            kept = data.draw(st.integers(1, len(events))) if events else 0
            told_all = kept == len(events)
            heard += events[:kept]
            last_id = str(heard[-1].id) if heard else None
    assert heard == whole


@given(lives())
def test_an_event_of_the_state_that_is_shows_the_document_as_a_poll_does(looks: list[Look]) -> None:
    after = BEGINNING_ID
    for job, now_ms in looks:
        events = events_after(after, job=job, public_base_url=BASE, now_ms=now_ms)
        after = events[-1].id if events else after
        for event in events:
            if event.state is job.state:
                assert event.document == job_document(job, public_base_url=BASE, now_ms=now_ms)


@given(lives())
def test_an_event_of_a_state_that_passed_shows_a_job_that_has_not_ended(looks: list[Look]) -> None:
    for event in told(looks[-1:])[:-1]:
        document = event.document
        assert document["status"] == event.state.value
        assert (document["completed_at"], document["error"], document["meta"]["duration_ms"]) == (None,) * 3
        assert document["meta"]["cost_cents"] == 0
        assert not document.keys() & {"images", "videos"}
        assert document["meta"]["progress_percent"] < 100


def test_the_same_look_gives_the_same_bytes() -> None:
    look = (ended(processing(queued()), JobState.COMPLETED, at_ms=START_MS + 9_000), START_MS + 10_000)
    first, second = (
        [document_bytes(event.document) for event in events]
        for events in (told([look]), told([(look[0], START_MS + 99_000)]))
    )
    assert first == second
    assert json.loads(first[-1])["status"] == "completed"


def test_a_job_that_began_inside_its_request_was_never_queued() -> None:
    events = told([(ended(processing(a_job()), JobState.COMPLETED, at_ms=START_MS + 900), START_MS + 900)])
    assert [event.state for event in events] == [JobState.PROCESSING, JobState.COMPLETED]


def test_a_job_cancelled_while_queued_was_never_processing() -> None:
    events = told([(ended(queued(), JobState.CANCELLED, at_ms=START_MS + 900), START_MS + 900)])
    assert [event.state for event in events] == [JobState.QUEUED, JobState.CANCELLED]


def test_a_job_seen_queued_and_then_completed_was_processing() -> None:
    job = queued()
    end = ended(processing(job), JobState.COMPLETED, at_ms=START_MS + 900)
    assert [event.id for event in told([(job, START_MS), (end, START_MS + 1_000)])] == [
        QUEUED_ID,
        PROCESSING_ID + 1,
        ENDED_ID,
    ]


@pytest.mark.parametrize(
    "text", [None, "", "x", "-1", "1.0", " 1", "1 ", "+1", "٣", "103", "999", "1000", "9" * 400, "1\n2"]
)
def test_what_is_no_id_of_a_stream_starts_from_the_beginning(text: str | None) -> None:
    job = ended(processing(queued()), JobState.COMPLETED, at_ms=START_MS)
    assert id_to_resume_after(text, job=job) == BEGINNING_ID


@pytest.mark.parametrize(
    ("job", "text"),
    [(queued(), "2"), (queued(), "102"), (processing(queued()), "102")],
    ids=["queued 2", "queued 102", "processing 102"],
)
def test_an_id_the_job_has_not_come_to_starts_from_the_beginning(job: Job, text: str) -> None:
    assert id_to_resume_after(text, job=job) == BEGINNING_ID


@pytest.mark.parametrize("text", ["0", "1", "2", "50", "101", "102"])
def test_an_id_of_an_ended_job_is_gone_on_from(text: str) -> None:
    job = ended(processing(queued()), JobState.COMPLETED, at_ms=START_MS)
    assert id_to_resume_after(text, job=job) == int(text)
