"""The sandbox's videos: ordered over its API, made by its worker, handed out when their time has come."""

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import av
import pytest
from PIL import Image

from functions.sandbox_upstream import films
from tests.functions.sandbox_service import (
    BUCKET,
    TASK_EVENT,
    Message,
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


def ordered(upstream: Service, **changes: object) -> str:
    answer = upstream.film(**changes)
    assert answer.status == 202, answer.body
    generation_id: str = answer.body["id"]
    return generation_id


def frames_of(content: bytes) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(content)) as container:
        return list(container.decode(video=0))


def red_picture() -> dict[str, Any]:
    buffer = io.BytesIO()
    Image.new("RGB", (96, 64), (200, 30, 30)).save(buffer, "PNG")
    return {"media_type": "image/png", "data_base64": base64.b64encode(buffer.getvalue()).decode()}


def status(upstream: Service, generation_id: str) -> str:
    return str(upstream.look(generation_id).body["status"])


def test_a_submit_is_answered_before_anything_is_made(upstream: Service) -> None:
    answer = upstream.film()
    assert answer.status == 202
    assert answer.body == {
        "id": answer.body["id"],
        "status": "running",
        "poll_after_ms": 4000,
        "progress_percent": 0,
    }
    assert upstream.keys("videos/") == []


@pytest.mark.parametrize(
    ("model", "duration_s", "ready_after_ms"),
    [
        ("sandbox-swift", 5, 8_000),
        ("sandbox-steady", 5, 10_000),
        ("sandbox-fine", 5, 14_000),
        ("sandbox-swift", 1, 4_000),
        ("sandbox-fine", 10, 21_500),
    ],
)
def test_each_model_and_length_takes_its_own_time(
    upstream: Service, model: str, duration_s: int, ready_after_ms: int
) -> None:
    record = upstream.record(ordered(upstream, model=model, duration_s=duration_s))
    assert record["ready_at_ms"] - record["submitted_at_ms"] == ready_after_ms


def test_a_video_is_done_when_it_is_made_and_its_time_has_come(upstream: Service) -> None:
    generation_id = ordered(upstream)
    upstream.work()
    upstream.time_ms += 3_999
    before = status(upstream, generation_id)
    upstream.time_ms += 1
    assert (before, status(upstream, generation_id)) == ("running", "done")


def test_a_video_that_is_not_made_in_time_is_still_running(upstream: Service) -> None:
    generation_id = ordered(upstream)
    upstream.time_ms += 4_000
    answer = upstream.look(generation_id).body
    assert (answer["status"], answer["progress_percent"], answer["poll_after_ms"]) == ("running", 99, 500)
    upstream.work()
    assert status(upstream, generation_id) == "done"


def test_the_progress_follows_the_time(upstream: Service) -> None:
    generation_id = ordered(upstream)
    seen = []
    for _ in range(4):
        seen.append(upstream.look(generation_id).body["progress_percent"])
        upstream.time_ms += 1_000
    assert seen == [0, 25, 50, 75]


def test_the_video_is_as_asked(upstream: Service) -> None:
    generation_id = ordered(upstream, width=64, height=112, duration_s=2)
    upstream.pass_time(8_000)
    (video,) = upstream.look(generation_id).body["videos"]
    frames = frames_of(upstream.content(video))
    assert {name: video[name] for name in ("width", "height", "duration_s")} == {
        "width": 64,
        "height": 112,
        "duration_s": 2,
    }
    assert (len(frames), frames[0].width, frames[0].height) == (48, 64, 112)


def test_a_video_is_served_with_its_media_type(upstream: Service) -> None:
    ordered(upstream)
    upstream.work()
    (key,) = upstream.keys("videos/")
    assert upstream.s3.head_object(Bucket=BUCKET, Key=key)["ContentType"] == "video/mp4"


def test_a_video_begins_with_the_given_picture(upstream: Service) -> None:
    generation_id = ordered(upstream, image=red_picture())
    upstream.pass_time(4_000)
    (video,) = upstream.look(generation_id).body["videos"]
    red, green, blue = frames_of(upstream.content(video))[0].to_image().getpixel((20, 20))
    assert red > 170
    assert max(green, blue) < 70


# Scripts


@pytest.mark.parametrize(
    ("prompt", "attempt", "answer"),
    [
        ("[refuse]", 2, (422, "content_refused")),
        ("[rate-limit]", 2, (429, "rate_limited")),
        ("[fail]", 2, (503, "failed")),
        ("[fail-first]", 1, (503, "failed")),
    ],
)
def test_a_submit_is_refused_at_once(
    upstream: Service, prompt: str, attempt: int, answer: tuple[int, str]
) -> None:
    refused = upstream.film(prompt=prompt, attempt=attempt)
    assert (refused.status, refused.error["code"]) == answer
    assert (upstream.keys(""), upstream.queue.sent) == ([], [])


def test_a_slow_video_is_ready_when_it_says(upstream: Service) -> None:
    record = upstream.record(ordered(upstream, prompt="a fox [slow:30]"))
    assert record["ready_at_ms"] - record["submitted_at_ms"] == 30_000


def test_a_late_first_attempt_takes_ten_minutes(upstream: Service) -> None:
    generation_id = ordered(upstream, prompt="a fox [late]")
    upstream.work()
    upstream.time_ms += 599_999
    assert status(upstream, generation_id) == "running"


def test_a_dropped_answer_is_held_back_with_the_video_bought(upstream: Service) -> None:
    generation_id = ordered(upstream, prompt="a fox [drop-first]")
    record = upstream.record(generation_id)
    assert (upstream.slept_s, record["billed"], record["submits"]) == ([15.0], 1, 1)
    assert [message.task for message in upstream.queue.sent] == ["film"]


def test_the_repeat_of_a_dropped_answer_comes_at_once(upstream: Service) -> None:
    first = ordered(upstream, prompt="a fox [drop-first]")
    assert ordered(upstream, prompt="a fox [drop-first]") == first
    record = upstream.record(first)
    assert (upstream.slept_s, record["billed"], record["submits"]) == ([15.0], 1, 2)


def test_a_dying_first_attempt_fails_half_way(upstream: Service) -> None:
    generation_id = ordered(upstream, prompt="a fox [die-first]")
    upstream.pass_time(1_999)
    before = status(upstream, generation_id)
    upstream.pass_time(1)
    answer = upstream.look(generation_id).body
    assert (before, answer["status"], answer["error"]["code"]) == ("running", "failed", "failed")
    assert upstream.record(generation_id)["billed"] == 1


def test_an_expired_video_is_done_but_gone(upstream: Service) -> None:
    generation_id = ordered(upstream, prompt="a fox [expire-first]")
    upstream.pass_time(4_000)
    (video,) = upstream.look(generation_id).body["videos"]
    with pytest.raises(upstream.s3.exceptions.NoSuchKey):
        upstream.content(video)


def test_a_garbage_video_is_done_but_no_video(upstream: Service) -> None:
    generation_id = ordered(upstream, prompt="a fox [garbage-first]")
    upstream.pass_time(4_000)
    (video,) = upstream.look(generation_id).body["videos"]
    assert upstream.content(video).startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize(
    "word", ["[late]", "[drop-first]", "[die-first]", "[expire-first]", "[garbage-first]"]
)
def test_a_second_attempt_is_as_usual(upstream: Service, word: str) -> None:
    generation_id = ordered(upstream, prompt=f"a fox {word}", attempt=2)
    upstream.pass_time(4_000)
    (video,) = upstream.look(generation_id).body["videos"]
    assert (len(frames_of(upstream.content(video))), upstream.slept_s) == (24, [])


# Cancelling


def test_a_cancelled_video_is_never_done(upstream: Service) -> None:
    generation_id = ordered(upstream)
    answer = upstream.cancel(generation_id)
    upstream.pass_time(10_000)
    assert (answer.status, answer.body) == (200, {"id": generation_id, "status": "cancelled"})
    assert upstream.look(generation_id).body == answer.body
    assert upstream.keys("videos/") == []


def test_cancelling_again_changes_nothing(upstream: Service) -> None:
    generation_id = ordered(upstream)
    upstream.cancel(generation_id)
    cancelled_at_ms = upstream.record(generation_id)["cancelled_at_ms"]
    upstream.time_ms += 1_000
    assert upstream.cancel(generation_id).body["status"] == "cancelled"
    assert upstream.record(generation_id)["cancelled_at_ms"] == cancelled_at_ms


@pytest.mark.parametrize(("prompt", "ended"), [("a fox", "done"), ("a fox [die-first]", "failed")])
def test_what_has_ended_cannot_be_cancelled(upstream: Service, prompt: str, ended: str) -> None:
    generation_id = ordered(upstream, prompt=prompt)
    upstream.pass_time(4_000)
    assert upstream.cancel(generation_id).body["status"] == ended
    assert status(upstream, generation_id) == ended


def test_a_late_video_can_be_cancelled_after_it_was_made(upstream: Service) -> None:
    generation_id = ordered(upstream, prompt="a fox [late]")
    upstream.pass_time(20_000)
    upstream.cancel(generation_id)
    upstream.time_ms += 600_000
    assert status(upstream, generation_id) == "cancelled"


# One reference, one purchase


def test_the_same_reference_is_billed_once(upstream: Service) -> None:
    ids = {ordered(upstream) for _ in range(3)}
    record = upstream.record(ids.pop())
    assert not ids
    assert (record["submits"], record["billed"], record["cancelled_at_ms"]) == (3, 1, None)


def test_of_two_submits_at_once_one_is_billed(upstream: Service) -> None:
    upstream.before_next_record(lambda: ordered(upstream, prompt="another prompt"))
    record = upstream.record(ordered(upstream))
    assert (record["submits"], record["billed"], record["film"]["prompt"]) == (2, 1, "another prompt")


def test_of_two_repeats_at_once_both_are_counted(upstream: Service) -> None:
    generation_id = ordered(upstream)
    upstream.before_next_record(lambda: ordered(upstream))
    ordered(upstream)
    assert upstream.record(generation_id)["submits"] == 3


def test_a_repeat_does_not_undo_a_cancel_at_the_same_moment(upstream: Service) -> None:
    generation_id = ordered(upstream)
    upstream.before_next_record(lambda: upstream.cancel(generation_id))
    ordered(upstream)
    record = upstream.record(generation_id)
    assert (record["submits"], status(upstream, generation_id)) == (2, "cancelled")


def test_a_cancel_does_not_undo_a_repeat_at_the_same_moment(upstream: Service) -> None:
    generation_id = ordered(upstream)
    upstream.before_next_record(lambda: ordered(upstream))
    upstream.cancel(generation_id)
    record = upstream.record(generation_id)
    assert (record["submits"], status(upstream, generation_id)) == (2, "cancelled")


def test_a_repeat_has_a_video_made_whose_task_was_lost(upstream: Service) -> None:
    generation_id = ordered(upstream)
    upstream.queue.messages.clear()
    ordered(upstream)
    upstream.pass_time(4_000)
    assert status(upstream, generation_id) == "done"


# The worker


def test_a_task_that_comes_twice_makes_the_video_once(upstream: Service) -> None:
    ordered(upstream)
    (message,) = upstream.queue.messages
    upstream.work()
    (key,) = upstream.keys("videos/")
    upstream.s3.put_object(Bucket=BUCKET, Key=key, Body=b"as it was")
    assert upstream.hand_over(message)
    assert upstream.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"as it was"


def test_a_task_for_an_unknown_generation_is_done_with(upstream: Service) -> None:
    assert films.handler(TASK_EVENT, None) == {"batchItemFailures": []}  # type: ignore[arg-type] # no context


@pytest.mark.parametrize("body", ["", "{}", '{"generation_id": "gen_1", "task": "sing"}'])
def test_a_task_that_cannot_be_read_comes_back_alone(upstream: Service, body: str) -> None:
    generation_id = ordered(upstream)
    good = upstream.queue.messages[0].body
    event = json.loads(json.dumps(TASK_EVENT))
    event["Records"] = [
        {**TASK_EVENT["Records"][0], "messageId": "bad", "body": body},
        {**TASK_EVENT["Records"][0], "messageId": "good", "body": good},
    ]
    reply = films.handler(event, None)  # type: ignore[arg-type] # no context is needed
    assert reply == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    upstream.time_ms += 4_000
    assert status(upstream, generation_id) == "done"


def test_a_video_that_cannot_be_made_fails_at_the_third_try(upstream: Service) -> None:
    generation_id = ordered(upstream, image=red_picture())
    (source,) = upstream.keys("sources/")
    upstream.s3.delete_object(Bucket=BUCKET, Key=source)
    message = upstream.queue.messages[0]
    seen = []
    for _ in range(3):
        assert not upstream.hand_over(message)
        seen.append(status(upstream, generation_id))
    assert seen == ["running", "running", "failed"]
    assert upstream.hand_over(message)


def test_the_prompt_is_never_logged(upstream: Service, capsys: pytest.CaptureFixture[str]) -> None:
    ordered(upstream, prompt="a very secret fox", callback_url="https://corent.test/secret")
    upstream.hand_over(Message('{"generation_id": "gen_secret"}', 0))
    upstream.work()
    assert "secret" not in capsys.readouterr().out
