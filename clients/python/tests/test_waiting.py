"""Waiting for jobs and batches: by the stream, by polling where that does not go, and not for ever."""

import pytest

from corent import (
    APIStatusError,
    AuthenticationError,
    JobCancelledError,
    JobFailedError,
    NotFoundError,
    WaitTimeoutError,
)
from tests.conftest import Api
from tests.documents import BATCH, JOB, accepted, batch, completed, failed, job
from tests.scripted import ScriptedServer, answer, event, events, hang_up, page, refusal, say_nothing

PROCESSING = event(12, "processing", job("processing", 10))


def test_waiting_follows_the_stream_to_the_completed_job(api: Api, server: ScriptedServer) -> None:
    server.then(events(PROCESSING, event(102, "completed", completed())))
    assert api.call(lambda client: client.jobs.wait(JOB)).images[0].url == "https://files.test/a.png"
    assert [sent.target for sent in server.received] == [f"/v1/jobs/{JOB}/stream"]


def test_a_failed_job_is_an_error_with_its_code_and_document(api: Api, server: ScriptedServer) -> None:
    server.then(events(event(102, "failed", failed("deadline_exceeded"))))
    with pytest.raises(JobFailedError) as caught:
        api.call(lambda client: client.jobs.wait(JOB))
    assert (caught.value.code, caught.value.request_id, caught.value.retryable) == (
        "deadline_exceeded",
        "req_1",
        True,
    )
    assert caught.value.job.id == JOB


def test_a_cancelled_job_is_an_error_of_its_own(api: Api, server: ScriptedServer) -> None:
    server.then(events(event(102, "cancelled", job("cancelled"))))
    with pytest.raises(JobCancelledError) as caught:
        api.call(lambda client: client.jobs.wait(JOB))
    assert caught.value.code == "job_cancelled"


@pytest.mark.parametrize(
    "no_stream",
    [
        [page(404, b"<html>no such page</html>", "text/html")],
        [answer(405, refusal(405, "method_not_allowed"))],
        [page(200, b"<html>", "text/html")],
        [hang_up] * 7,
    ],
)
def test_where_there_is_no_stream_it_polls(api: Api, server: ScriptedServer, no_stream: list) -> None:
    server.then(*no_stream, answer(200, job("processing", 10)), answer(200, job("processing", 10)))
    server.then(answer(200, completed()))
    assert api.call(lambda client: client.jobs.wait(JOB)).status == "completed"
    assert [sent.target for sent in server.received[len(no_stream) :]] == [f"/v1/jobs/{JOB}"] * 3


def test_polling_grows_slower_while_nothing_changes(api: Api, server: ScriptedServer) -> None:
    server.then(page(404, b"", "text/html"), *[answer(200, job())] * 9, answer(200, completed()))
    api.call(lambda client: client.jobs.wait(JOB))
    assert api.time.pauses_s[:3] == [0.5, 0.75, 1.125]
    assert api.time.pauses_s[-1] == 5.0


def test_polling_is_quick_again_after_a_change(api: Api, server: ScriptedServer) -> None:
    documents = [job("queued"), job("queued"), job("queued"), job(), completed()]
    server.then(page(404, b"", "text/html"), *[answer(200, document) for document in documents])
    api.call(lambda client: client.jobs.wait(JOB))
    assert api.time.pauses_s == [0.5, 0.75, 1.125, 0.5]


def test_a_missing_job_is_not_found_and_not_waited_for(api: Api, server: ScriptedServer) -> None:
    missing = answer(404, refusal(404, "not_found"))
    server.then(missing, missing)
    with pytest.raises(NotFoundError):
        api.call(lambda client: client.jobs.wait(JOB))


def test_a_wrong_key_is_told_at_once(api: Api, server: ScriptedServer) -> None:
    server.then(answer(401, refusal(401, "invalid_api_key")))
    with pytest.raises(AuthenticationError):
        api.call(lambda client: client.jobs.wait(JOB))
    assert len(server.received) == 1


def test_waiting_ends_at_its_time_and_names_the_job(api: Api, server: ScriptedServer) -> None:
    server.then(page(404, b"", "text/html"), *[answer(200, job())] * 99)
    with pytest.raises(WaitTimeoutError) as caught:
        api.call(lambda client: client.jobs.wait(JOB, timeout_s=10.0))
    assert caught.value.waited_for_id == JOB
    assert sum(api.time.pauses_s) <= 10.0


def test_a_poll_that_is_not_answered_in_time_is_the_waits_end(api: Api, server: ScriptedServer) -> None:
    server.then(page(404, b"", "text/html"), say_nothing)
    with pytest.raises(WaitTimeoutError):
        api.call(lambda client: client.jobs.wait(JOB, timeout_s=0.2), **api.real_time())


def test_watching_gives_each_change_once(api: Api, server: ScriptedServer) -> None:
    server.then(page(404, b"", "text/html"))
    server.then(*[answer(200, document) for document in (job("queued"), job("queued"), job(), completed())])
    got = api.items(lambda client: client.jobs.watch(JOB))
    assert [each.status for each in got] == ["queued", "processing", "completed"]


def test_generate_and_wait_orders_once_and_waits(api: Api, server: ScriptedServer) -> None:
    server.then(answer(202, accepted("video")), events(event(102, "completed", completed())))
    got = api.call(lambda client: client.videos.generate_and_wait("a fox", duration_s=2))
    assert got.status == "completed"
    assert server.received[0].json == {"prompt": "a fox", "duration_s": 2}


def test_a_batch_is_returned_when_it_has_ended_whatever_became_of_its_jobs(
    api: Api, server: ScriptedServer
) -> None:
    server.then(answer(200, batch(job(), job())), answer(200, batch(completed(), failed())))
    got = api.call(lambda client: client.batches.wait(BATCH))
    assert (got.status, got.counts.failed, got.jobs[0].job.images[0].width) == ("completed", 1, 1024)


def test_an_error_while_polling_is_the_callers(api: Api, server: ScriptedServer) -> None:
    server.then(answer(403, refusal(403, "account_frozen")))
    with pytest.raises(APIStatusError):
        api.call(lambda client: client.batches.wait(BATCH))
