"""Every line that is written while a job is worked on says which job it is, and no other line does."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from corent.core.errors import TemporarilyUnavailableError
from corent.edge.logs import about, log
from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock, ulid
from tests.functions.conftest import CONTEXT, Cloud, load
from tests.functions.observing import lines_of, written_lines
from tests.functions.test_images_generate import DOWN, IMAGE
from tests.functions.test_jobs_stream import stream
from tests.functions.upstreams import Files, serving_files
from tests.functions.whole_jobs import Course, opened_yard

type Offer = Callable[..., None]
# On behalf of many jobs at once.
OF_MANY = {"folded", "swept"}


@pytest.fixture(scope="module")
def files() -> Iterator[Files]:
    with serving_files() as served:
        yield served


@pytest.fixture
def text() -> Iterator[io.StringIO]:
    with written_lines() as written:
        yield written


@pytest.mark.parametrize("course", list(Course))
def test_every_line_of_a_whole_job_has_its_ids(
    moto_endpoint: str, files: Files, text: io.StringIO, course: Course
) -> None:
    with opened_yard(moto_endpoint, files, course) as yard:
        job_id, _ = yard.run(course, webhook=course is not Course.IMAGE)
    lines = lines_of(text)
    for line in lines:
        if line["message"] in OF_MANY:
            assert line["job_ids"] == [job_id]
        else:
            assert line["job_id"] == job_id, line
            assert line["request_id"].startswith("req_")
    said = {line["message"] for line in lines}
    carried = {"settled", "webhook owed", "handled"} if course is not Course.IMAGE else set()
    called = {"callback"} if course is Course.TOLD_VIDEO else set()
    assert said == {"answered", "folded", *carried, *called}


def test_failed_attempts_of_a_request_and_of_its_execution_have_the_job(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock, text: io.StringIO
) -> None:
    upstream("openai", lambda _: DOWN)
    cloud.generate(account.live_key)
    job_id = cloud.generate(account.live_key, wait_s=0).json["id"]
    cloud.carry(job_id, clock=clock)
    failed = [line for line in lines_of(text) if line["message"] == "attempt failed"]
    assert len({line["job_id"] for line in failed}) == 2
    assert all(line["request_id"] == line["job_id"].replace("job_", "req_") for line in failed)


def test_a_step_that_breaks_off_says_where_and_of_which_job(
    cloud: Cloud,
    account: OpenedAccount,
    upstream: Offer,
    clock: FakeClock,
    text: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from corent.usecases.carry_generation import CarryGeneration

    def broken(*_: Any, **__: Any) -> None:
        raise TemporarilyUnavailableError("x")

    upstream("openai", lambda _: IMAGE)
    job_id = cloud.generate(account.live_key, wait_s=0).json["id"]
    for step, method in (
        ("generation_submit", "submit"),
        ("generation_check", "check"),
        ("generation_deliver", "deliver"),
        ("generation_settle", "settle"),
    ):
        monkeypatch.setattr(CarryGeneration, method, broken)
        text.truncate(0)
        text.seek(0)
        with pytest.raises(TemporarilyUnavailableError):
            load(step).handler({"job_id": job_id}, CONTEXT)
        (line,) = lines_of(text)
        assert (line["message"], line["job_id"]) == ("step broke off", job_id)
        assert line["causes"][0].startswith("TemporarilyUnavailableError ")


def test_reading_steering_and_explaining_a_job_have_its_id_beside_the_requests_own(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock, text: io.StringIO
) -> None:
    upstream("openai", lambda _: IMAGE)
    job_id = cloud.generate(account.live_key, wait_s=0).json["id"]
    text.truncate(0)
    text.seek(0)
    key = account.live_key
    path = {"id": job_id}
    answers = [
        cloud.call("jobs_get", "GET", "/v1/jobs/{id}", key=key, path=path),
        cloud.call("jobs_stream_token", "POST", "/v1/jobs/{id}/stream-token", key=key, path=path),
        cloud.call("jobs_webhook_get", "GET", "/v1/jobs/{id}/webhook", key=key, path=path),
        cloud.call(
            "routing_explain",
            "GET",
            "/v1/routing/explain",
            key=key,
            query={"request_id": job_id.replace("job_", "req_")},
        ),
        cloud.call("jobs_cancel", "POST", "/v1/jobs/{id}/cancel", key=key, path=path),
        cloud.call("jobs_stream", "GET", "/v1/jobs/{id}/stream", key=key, path=path),
    ]
    lines = lines_of(text)
    assert {line["job_id"] for line in lines} == {job_id}
    answered = [line["request_id"] for line in lines if line["message"] == "answered"]
    assert answered == [answer.headers["X-Request-Id"] for answer in answers]


def test_a_stream_over_one_connection_has_both_ids_too(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, text: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    from corent.usecases.stream_job import JobStream

    def turn(_: JobStream) -> None:
        log.info("read on a thread")
        raise TemporarilyUnavailableError("x")

    monkeypatch.setattr(JobStream, "turn", turn)
    upstream("openai", lambda _: IMAGE)
    job_id = cloud.generate(account.live_key).json["id"]
    text.truncate(0)
    text.seek(0)
    answers = [stream(account.live_key, job_id) for _ in range(2)]
    lines = lines_of(text)
    assert [line["message"] for line in lines] == ["answered", "read on a thread", "stream broken off"] * 2
    assert {line["job_id"] for line in lines} == {job_id}
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert [line["request_id"] for line in lines] == [each for each in ids for _ in range(3)]


def test_a_repeat_is_about_the_job_of_the_first_request(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock, text: io.StringIO
) -> None:
    upstream("openai", lambda _: IMAGE)
    once = {"Idempotency-Key": "once"}
    first, again = (cloud.generate(account.live_key, headers=once) for _ in range(2))
    lines = lines_of(text)
    assert {line["job_id"] for line in lines} == {first.json["id"]}
    assert [line["request_id"] for line in lines] == [each.headers["X-Request-Id"] for each in (first, again)]


def test_a_batch_and_its_steps_have_its_id(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock, text: io.StringIO
) -> None:
    upstream("openai", lambda _: IMAGE)
    body = {"requests": [{"prompt": "a red fox"}] * 2}
    key = account.live_key
    bought = cloud.call("images_batch", "POST", "/v1/images/batch", key=key, body=body).json
    path = {"id": bought["id"]}
    cloud.call("batches_get", "GET", "/v1/batches/{id}", key=key, path=path)
    cloud.carry_batch(bought["id"], clock=clock)
    cloud.call("batches_cancel", "POST", "/v1/batches/{id}/cancel", key=key, path=path)
    load("on_execution_ended").handler({"detail": {"name": bought["id"], "status": "FAILED"}}, CONTEXT)
    jobs = {job["id"] for job in bought["jobs"]}
    for line in lines_of(text):
        if line["message"] == "settled":
            assert line["job_id"] in jobs
        else:
            assert line["batch_id"] == bought["id"], line


def test_what_nobody_started_and_what_broke_off_is_named(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, clock: FakeClock, text: io.StringIO
) -> None:
    upstream("openai", lambda _: IMAGE)
    swept, broken = (cloud.generate(account.live_key, wait_s=0).json["id"] for _ in range(2))
    load("on_execution_ended").handler({"detail": {"name": broken, "status": "FAILED"}}, CONTEXT)
    clock.sleep(3_600)
    load("on_sweep_tick").handler({}, CONTEXT)
    lines = {line["message"]: line for line in lines_of(text)}
    assert lines["execution broke off"]["job_id"] == broken
    assert lines["swept"]["job_ids"] == [swept]


def test_a_message_that_fails_has_the_id_of_its_job_and_the_next_one_its_own(
    cloud: Cloud, text: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    from corent.wiring import webhooks

    def deliver(subject_id: str) -> dict[str, Any]:
        raise TemporarilyUnavailableError(subject_id)

    monkeypatch.setattr(webhooks, "deliver", deliver)
    ids = [f"job_{ulid(number)}" for number in (1, 2)]
    bodies = [*(json.dumps({"id": each}) for each in ids), "{", json.dumps({"id": "an alert's"})]
    records = [{"messageId": str(n), "body": body} for n, body in enumerate(bodies)]
    load("on_webhook_due").handler({"Records": records}, CONTEXT)
    assert [line.get("job_id") for line in lines_of(text)] == [*ids, None, None]


def test_nothing_of_one_invocation_is_left_for_the_next(
    cloud: Cloud, account: OpenedAccount, upstream: Offer, text: io.StringIO
) -> None:
    upstream("openai", lambda _: httpx.Response(503))
    cloud.generate(account.live_key)
    with pytest.raises(KeyError):
        load("generation_submit").handler({}, CONTEXT)
    text.truncate(0)
    text.seek(0)
    log.info("afterwards")
    cloud.call("account_balance", "GET", "/v1/account/balance", key=account.live_key)
    for line in lines_of(text):
        assert not {"job_id", "batch_id"} & set(line)
    assert "request_id" not in lines_of(text)[0]


@pytest.mark.parametrize("asked_for", ["a-secret-word", "job_", "job_../x", f"key_{ulid(1)}", ""])
def test_an_id_that_is_none_is_not_repeated(
    cloud: Cloud, account: OpenedAccount, text: io.StringIO, asked_for: str
) -> None:
    key = account.live_key
    cloud.call("jobs_get", "GET", "/v1/jobs/{id}", key=key, path={"id": asked_for})
    cloud.call("routing_explain", "GET", "/v1/routing/explain", key=key, query={"request_id": asked_for})
    assert not any("job_id" in line for line in lines_of(text))


def test_ids_of_an_enclosing_piece_of_work_come_back(text: io.StringIO) -> None:
    with about(request_id="req_1", job_id="job_1"):
        with about(job_id="job_2"):
            log.info("inside")
        log.info("outside")
    inside, outside = lines_of(text)
    assert (inside["request_id"], inside["job_id"]) == ("req_1", "job_2")
    assert (outside["request_id"], outside["job_id"]) == ("req_1", "job_1")
