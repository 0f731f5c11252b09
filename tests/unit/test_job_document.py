"""The job document: progress that only grows, and results only once they are charged."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corent.core.tiers import Kind
from corent.jobs.document import document_bytes, job_document
from corent.jobs.job import DeliveredFile, Job, JobState
from tests.fakes import START_MS, a_job
from tests.image_world import FILM_ORDER

BASE = "https://api.corent.example"


def progress(job: Job, *, after_ms: int) -> int:
    document = job_document(job, public_base_url=BASE, now_ms=START_MS + after_ms)
    percent: int = document["meta"]["progress_percent"]
    return percent


@given(
    expected_ms=st.integers(1, 1_000_000),
    reported=st.integers(0, 100),
    times_ms=st.lists(st.integers(0, 10_000_000), min_size=2, max_size=6),
)
def test_progress_never_goes_back_and_stays_below_100_before_the_end(
    expected_ms: int, reported: int, times_ms: list[int]
) -> None:
    job = replace(a_job(), expected_ms=expected_ms, progress_percent=reported)
    seen = [progress(job, after_ms=time) for time in sorted(times_ms)]
    assert seen == sorted(seen)
    assert seen[0] >= 0
    assert seen[-1] <= 99


def test_progress_is_nine_tenths_at_the_expected_time_and_slows_down_then() -> None:
    job = replace(a_job(), expected_ms=10_000)
    seen = [progress(job, after_ms=after_ms) for after_ms in (0, 5_000, 10_000, 20_000, 100_000)]
    assert seen == [0, 45, 90, 95, 99]


def test_what_an_upstream_reports_counts_where_it_is_further() -> None:
    job = replace(a_job(), expected_ms=10_000, progress_percent=70)
    assert [progress(job, after_ms=after_ms) for after_ms in (1_000, 9_000)] == [70, 81]


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_a_job_that_ended_without_a_result_shows_none_and_no_later_progress(state: JobState) -> None:
    files = (DeliveredFile(width_px=64, height_px=64),)
    job = replace(a_job(), state=state, files=files, finished_at_ms=START_MS + 1_000, expected_ms=10_000)
    document = job_document(job, public_base_url=BASE, now_ms=START_MS + 1_000_000)
    assert "images" not in document
    assert document["meta"] == {
        "model": "corent-image-fast",
        "cost_cents": 0,
        "duration_ms": 1_000,
        "progress_percent": 9,
    }


def test_a_completed_film_shows_its_file_with_its_length() -> None:
    files = (DeliveredFile(width_px=1280, height_px=720, duration_s=5),)
    job = replace(
        a_job(hold_micros=630_000),
        kind=Kind.VIDEO,
        order=FILM_ORDER,
        state=JobState.COMPLETED,
        files=files,
        finished_at_ms=START_MS + 9_000,
    )
    document = job_document(job, public_base_url=BASE, now_ms=START_MS + 9_000)
    assert document["videos"] == [
        {"url": f"{BASE}/files/{job.files_key}-0.mp4", "width": 1280, "height": 720, "duration_s": 5}
    ]
    assert document["meta"]["cost_cents"] == 63
    assert "images" not in document


def test_an_ended_jobs_document_is_the_same_bytes_whenever_it_is_made() -> None:
    job = replace(a_job(prompt="käfer"), state=JobState.FAILED, finished_at_ms=START_MS + 5)
    made = {
        document_bytes(job_document(job, public_base_url=BASE, now_ms=START_MS + now))
        for now in (5, 6, 10**9)
    }
    assert len(made) == 1
