"""The sandbox upstream over API Gateway events, its bucket and secret emulated."""

import base64
import io
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from functions.sandbox_upstream import app
from tests.functions.sandbox_service import (
    BODY,
    BUCKET,
    EVENT,
    KEY,
    SECRET,
    Service,
    emulated_cloud,
    running_service,
)


@pytest.fixture(scope="module")
def emulated() -> Iterator[None]:
    with emulated_cloud():
        yield


@pytest.fixture
def upstream(emulated: None) -> Iterator[Service]:
    with running_service() as service:
        yield service


@pytest.mark.usefixtures("upstream")
def test_the_sample_event_is_accepted() -> None:
    reply = app.handler(EVENT, None)  # type: ignore[arg-type]
    document = json.loads(reply["body"])
    assert (reply["statusCode"], document["status"], document["poll_after_ms"]) == (202, "running", 300)
    assert document["id"].startswith("gen_")


@pytest.mark.parametrize(
    ("model", "ready_after_ms"), [("sandbox-swift", 300), ("sandbox-steady", 800), ("sandbox-fine", 1500)]
)
def test_each_model_is_ready_after_its_own_time(upstream: Service, model: str, ready_after_ms: int) -> None:
    generation_id = upstream.submit(model=model).body["id"]
    upstream.time_ms += ready_after_ms - 1
    before = upstream.look(generation_id).body
    upstream.time_ms += 1
    assert (before["status"], upstream.look(generation_id).body["status"]) == ("running", "done")


@pytest.mark.parametrize("file_format", ["png", "jpeg", "webp"])
def test_the_finished_images_are_as_asked(upstream: Service, file_format: str) -> None:
    images = upstream.finished(n=3, format=file_format, width=80, height=112)
    files = [Image.open(io.BytesIO(upstream.content(image))) for image in images]
    assert [(file.format, *file.size) for file in files] == [(file_format.upper(), 80, 112)] * 3
    assert [(image["width"], image["height"]) for image in images] == [(80, 112)] * 3


def test_the_images_of_one_generation_differ(upstream: Service) -> None:
    assert len({upstream.content(image) for image in upstream.finished(n=4)}) == 4


def test_an_image_is_served_with_its_media_type_for_an_hour(upstream: Service) -> None:
    query = parse_qs(urlsplit(upstream.finished(format="webp")[0]["url"]).query)
    stored = upstream.s3.list_objects_v2(Bucket=BUCKET, Prefix="images/")["Contents"][0]["Key"]
    assert upstream.s3.head_object(Bucket=BUCKET, Key=stored)["ContentType"] == "image/webp"
    assert query["X-Amz-Expires"] == ["3600"]


def test_a_base64_encoded_body_is_understood(upstream: Service) -> None:
    body = base64.b64encode(json.dumps(BODY).encode()).decode()
    assert upstream.call("POST", "/v1/generations", body=body, is_base64=True).status == 202


def test_an_input_image_changes_the_picture(upstream: Service) -> None:
    plain = upstream.content(upstream.finished(reference="plain")[0])
    buffer = io.BytesIO()
    Image.new("RGB", (40, 40), (0, 200, 0)).save(buffer, "PNG")
    picture = {"media_type": "image/png", "data_base64": base64.b64encode(buffer.getvalue()).decode()}
    assert upstream.content(upstream.finished(reference="derived", image=picture)[0]) != plain


def test_the_negative_prompt_changes_the_picture(upstream: Service) -> None:
    plain = upstream.content(upstream.finished(reference="plain")[0])
    assert upstream.content(upstream.finished(reference="without", negative_prompt="snowy")[0]) != plain


# Scripts


def test_a_refused_prompt_is_refused(upstream: Service) -> None:
    answer = upstream.submit(prompt="a fox [refuse]")
    assert (answer.status, answer.error["code"]) == (422, "content_refused")


@pytest.mark.parametrize("model", ["sandbox-swift", "sandbox-steady", "sandbox-fine"])
@pytest.mark.parametrize("attempt", [1, 2, 3])
def test_a_failing_prompt_fails_on_every_model_and_attempt(
    upstream: Service, model: str, attempt: int
) -> None:
    answer = upstream.submit(prompt="[fail] a fox", model=model, attempt=attempt)
    assert (answer.status, answer.error["code"]) == (503, "failed")


@pytest.mark.parametrize(("attempt", "status"), [(1, 503), (2, 202), (3, 202)])
def test_fail_first_fails_the_first_attempt_alone(upstream: Service, attempt: int, status: int) -> None:
    assert upstream.submit(prompt="a fox [fail-first]", attempt=attempt).status == status


def test_a_rate_limited_prompt_is_told_when_to_come_back(upstream: Service) -> None:
    answer = upstream.submit(prompt="[rate-limit]")
    assert (answer.status, answer.error["code"], answer.headers["Retry-After"]) == (429, "rate_limited", "2")


@pytest.mark.parametrize(
    ("word", "ready_after_s"), [("[slow:1]", 1), ("[slow:600]", 600), ("[slow:99999]", 600)]
)
def test_a_slow_prompt_is_ready_when_it_says(upstream: Service, word: str, ready_after_s: int) -> None:
    generation_id = upstream.submit(prompt=f"a fox {word}").body["id"]
    upstream.time_ms += ready_after_s * 1000 - 1
    before = upstream.look(generation_id).body["status"]
    upstream.time_ms += 1
    assert (before, upstream.look(generation_id).body["status"]) == ("running", "done")


def test_a_prompt_that_is_slow_by_nothing_is_ready_at_once(upstream: Service) -> None:
    assert upstream.look(upstream.submit(prompt="a fox [slow:0]").body["id"]).body["status"] == "done"


@pytest.mark.parametrize("prompt", ["[Refuse]", "[FAIL]", "[fail", "[slow:x]", "(refuse)", "[rate limit]"])
def test_a_script_word_counts_only_when_written_exactly(upstream: Service, prompt: str) -> None:
    answer = upstream.submit(prompt=prompt)
    assert (answer.status, answer.body["poll_after_ms"]) == (202, 300)


@pytest.mark.parametrize("prompt", ["[refuse]", "[fail]", "[rate-limit]"])
def test_a_refused_submit_leaves_nothing_behind(upstream: Service, prompt: str) -> None:
    upstream.submit(prompt=prompt)
    assert "Contents" not in upstream.s3.list_objects_v2(Bucket=BUCKET)


def test_a_late_first_attempt_is_ready_after_ten_minutes(upstream: Service) -> None:
    generation_id = upstream.submit(prompt="a fox [late]").body["id"]
    upstream.time_ms += 599_999
    before = upstream.look(generation_id).body["status"]
    upstream.time_ms += 1
    assert (before, upstream.look(generation_id).body["status"]) == ("running", "done")


def test_a_late_second_attempt_is_ready_as_usual(upstream: Service) -> None:
    assert upstream.submit(prompt="a fox [late]", attempt=2).body["poll_after_ms"] == 300


def test_a_dropped_answer_is_held_back_with_the_images_bought(upstream: Service) -> None:
    generation_id = upstream.submit(prompt="a fox [drop-first]").body["id"]
    assert upstream.slept_s == [15.0]
    assert upstream.record(generation_id)["billed"] == 1


@pytest.mark.parametrize("word", ["[die-first]", "[expire-first]", "[garbage-first]", "[silent]"])
def test_words_for_videos_change_nothing_about_images(upstream: Service, word: str) -> None:
    image = upstream.finished(prompt=f"a fox {word}")[0]
    assert Image.open(io.BytesIO(upstream.content(image))).size == (96, 64)


# Cancelling


def test_cancelled_images_are_never_done(upstream: Service) -> None:
    generation_id = upstream.submit().body["id"]
    answer = upstream.cancel(generation_id)
    upstream.time_ms += 600_000
    assert (answer.status, answer.body) == (200, {"id": generation_id, "status": "cancelled"})
    assert upstream.look(generation_id).body == answer.body


def test_images_that_are_done_stay_done(upstream: Service) -> None:
    generation_id = upstream.submit().body["id"]
    upstream.time_ms += 600_000
    assert upstream.cancel(generation_id).body["status"] == "done"
    assert upstream.record(generation_id)["cancelled_at_ms"] is None


def test_an_unknown_generation_cannot_be_cancelled(upstream: Service) -> None:
    answer = upstream.cancel("gen_0")
    assert (answer.status, answer.error["code"]) == (404, "not_found")


# One reference, one purchase


def test_the_same_reference_answers_the_same_id_and_is_billed_once(upstream: Service) -> None:
    ids = {upstream.submit().body["id"] for _ in range(3)}
    assert len(ids) == 1
    record = upstream.record(ids.pop())
    assert (record["submits"], record["billed"], record["reference"]) == (3, 1, BODY["reference"])


def test_a_repeat_neither_draws_again_nor_starts_the_time_anew(upstream: Service) -> None:
    generation_id = upstream.submit(prompt="a fox [slow:10]").body["id"]
    upstream.time_ms += 9_000
    repeat = upstream.submit(prompt="another prompt").body
    upstream.time_ms += 1_000
    assert (repeat["poll_after_ms"], upstream.look(generation_id).body["status"]) == (1000, "done")
    assert upstream.s3.list_objects_v2(Bucket=BUCKET, Prefix="images/")["KeyCount"] == 1


def test_other_references_are_other_generations(upstream: Service) -> None:
    assert upstream.submit(reference="a").body["id"] != upstream.submit(reference="b").body["id"]


def test_of_two_submits_at_once_one_is_billed(upstream: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    studio = app.studio()
    first = sys.modules[type(studio).__module__]
    draw: Callable[..., bytes] = first.draw

    def draw_while_another_submits(*args: Any, **options: Any) -> bytes:
        monkeypatch.setattr(first, "draw", draw)
        upstream.submit()
        return draw(*args, **options)

    monkeypatch.setattr(first, "draw", draw_while_another_submits)
    record = upstream.record(upstream.submit().body["id"])
    assert (record["submits"], record["billed"]) == (2, 1)


# Who may ask, and for what


@pytest.mark.parametrize("key", [None, "", "wrong", KEY + "x", KEY[:-1], "schlüssel"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/generations"),
        ("GET", "/v1/generations/gen_1"),
        ("POST", "/v1/generations/gen_1/cancel"),
    ],
)
def test_without_the_key_nothing_is_answered(
    upstream: Service, key: str | None, method: str, path: str
) -> None:
    answer = upstream.call(method, path, body=json.dumps(BODY), key=key)
    assert (answer.status, answer.error["code"]) == (401, "unauthorized")


def test_a_wrong_key_is_told_before_a_wrong_body(upstream: Service) -> None:
    assert upstream.call("POST", "/v1/generations", body="{", key="wrong").status == 401


def test_a_rotated_key_is_in_force_within_a_minute(upstream: Service) -> None:
    upstream.submit()
    upstream.secrets.put_secret_value(SecretId=SECRET, SecretString=json.dumps({"api_key": "new"}))
    at_once = upstream.call("GET", "/v1/generations/gen_1", key="new").status
    upstream.time_ms += 60_000
    assert (at_once, upstream.call("GET", "/v1/generations/gen_1", key="new").status) == (401, 404)


def test_a_wrong_field_is_named(upstream: Service) -> None:
    answer = upstream.submit(width=63)
    assert (answer.status, answer.error["code"], answer.error["field"]) == (422, "invalid_request", "width")


@pytest.mark.parametrize("body", [None, "", "{"])
def test_a_body_that_is_no_json_is_refused(upstream: Service, body: str | None) -> None:
    answer = upstream.call("POST", "/v1/generations", body=body)
    assert (answer.status, answer.error["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("body", ["%%%", base64.b64encode(b"\xff\xfe").decode()])
def test_a_body_wrongly_encoded_is_refused(upstream: Service, body: str) -> None:
    assert upstream.call("POST", "/v1/generations", body=body, is_base64=True).status == 400


@pytest.mark.parametrize("generation_id", ["gen_0", "..", "%2e%2e%2fimages", "x" * 2000])
def test_an_unknown_generation_is_not_found(upstream: Service, generation_id: str) -> None:
    assert upstream.look(generation_id).status == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v2/x"),
        ("DELETE", "/v1/generations"),
        ("PUT", "/v1/generations/gen_0"),
        ("GET", "/v1/generations/gen_0/cancel"),
    ],
)
def test_an_unknown_path_is_not_found(upstream: Service, method: str, path: str) -> None:
    answer = upstream.call(method, path)
    assert (answer.status, answer.error["code"]) == (404, "not_found")


def test_a_fault_inside_is_told_without_its_insides(upstream: Service) -> None:
    upstream.secrets.put_secret_value(SecretId=SECRET, SecretString="{}")
    answer = upstream.submit()
    assert (answer.status, answer.error) == (500, {"code": "failed", "message": "The sandbox failed."})


def test_the_prompt_is_never_logged(upstream: Service, capsys: pytest.CaptureFixture[str]) -> None:
    upstream.submit(prompt="a very secret fox [refuse]")
    assert "secret" not in capsys.readouterr().out
