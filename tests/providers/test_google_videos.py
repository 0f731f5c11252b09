"""Gemini videos: what is sent, what is understood."""

import json
from typing import Any

import httpx
import pytest

from corent.core.tiers import AspectRatio, Resolution
from corent.core.upstream import Failure, Generated, InlineFile, RemoteFile, UpstreamError, Working
from corent.providers.credentials import Credentials
from corent.providers.google_videos import GoogleVideos
from tests.providers.doubles import (
    CREDENTIALS,
    INPUT_IMAGE,
    KEY,
    PNG,
    PNG_BASE64,
    VIDEO_REQUEST,
    Answer,
    FakeClock,
    Script,
    filmed,
)

MODEL = "gemini-omni-1.1-flash"
BASE_URL = "https://generativelanguage.googleapis.com/v1"
TICKET = json.dumps({"id": "v1_abc"}, separators=(",", ":"))
FILE_URI = "https://generativelanguage.googleapis.com/v1beta/files/f1:download?alt=media"


def interaction(status: object, **changes: object) -> httpx.Response:
    body = {"id": "v1_abc", "object": "interaction", "model": MODEL, "status": status, **changes}
    return httpx.Response(200, json=body)


def completed(*contents: object, kind: str = "model_output") -> httpx.Response:
    return interaction("completed", steps=[{"type": kind, "content": list(contents)}])


def video(**members: object) -> dict[str, object]:
    return {"type": "video", "mime_type": "video/mp4", **members}


def failed(*errors: object, status: str = "failed") -> httpx.Response:
    return interaction(status, errors=list(errors))


def refusal(status: int, word: str, *details: object) -> httpx.Response:
    error = {"code": status, "message": "a red fox", "status": word, "details": list(details)}
    return httpx.Response(status, json={"error": error})


def adapter(script: Script) -> GoogleVideos:
    return GoogleVideos(script.client(), CREDENTIALS, clock=FakeClock())


def submit(*answers: Answer, **changes: Any) -> tuple[Generated | Working, httpx.Request]:
    script = Script(*answers)
    outcome = adapter(script).submit(filmed(**changes), model=MODEL, timeout_s=10)
    (request,) = script.requests
    return outcome, request


def sent(**changes: Any) -> dict[str, Any]:
    _, request = submit(interaction("queued"), **changes)
    document: dict[str, Any] = json.loads(request.content)
    return document


def submit_failure(answer: Answer) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        submit(answer)
    return caught.value


def check(answer: Answer, *, ticket: str = TICKET) -> tuple[Generated | Working, httpx.Request]:
    script = Script(answer)
    outcome = adapter(script).check(ticket, timeout_s=3)
    (request,) = script.requests
    return outcome, request


def check_failure(answer: Answer, *, ticket: str = TICKET) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        check(answer, ticket=ticket)
    return caught.value


def test_a_request_has_the_documented_form() -> None:
    _, request = submit(interaction("queued"), seed=3, image=INPUT_IMAGE)
    assert (request.method, str(request.url)) == ("POST", f"{BASE_URL}/interactions")
    assert request.headers["x-goog-api-key"] == KEY
    assert json.loads(request.content) == {
        "model": MODEL,
        "background": True,
        "input": [
            {
                "type": "user_input",
                "content": [
                    {"type": "image", "mime_type": "image/png", "data": PNG_BASE64},
                    {"type": "text", "text": "a red fox"},
                ],
            }
        ],
        "generation_config": {"seed": 3, "video_config": {"task": "image_to_video"}},
        "response_format": [
            {
                "type": "video",
                "aspect_ratio": "16:9",
                "duration": "5s",
                "resolution": "720p",
                "delivery": "uri",
            }
        ],
    }


def test_a_request_without_a_first_frame_is_for_a_film_from_text() -> None:
    body = sent()
    assert body["generation_config"] == {"video_config": {"task": "text_to_video"}}
    assert body["input"][0]["content"] == [{"type": "text", "text": "a red fox"}]


def test_size_and_length_are_the_orders_own() -> None:
    body = sent(aspect_ratio=AspectRatio.TALL, resolution=Resolution.FULL_HD, duration_s=10)
    (form,) = body["response_format"]
    assert (form["aspect_ratio"], form["resolution"], form["duration"]) == ("9:16", "1080p", "10s")


def test_a_callback_is_passed_on() -> None:
    assert sent(callback_url="https://us.example/c")["webhook_config"] == {"uris": ["https://us.example/c"]}


def test_no_callback_is_asked_for_where_there_is_none() -> None:
    assert "webhook_config" not in sent()


@pytest.mark.parametrize("status", ["queued", "in_progress", "a later word"])
def test_what_is_accepted_is_working(status: str) -> None:
    working, _ = submit(interaction(status))
    assert isinstance(working, Working)
    assert working.ticket == TICKET


def test_what_is_over_at_once_is_delivered_at_once() -> None:
    generated, _ = submit(completed(video(uri=FILE_URI)))
    assert isinstance(generated, Generated)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (refusal(400, "INVALID_ARGUMENT"), Failure.INVALID_INPUT),
        (refusal(400, "INVALID_ARGUMENT", {"reason": "API_KEY_INVALID"}), Failure.AUTH),
        (refusal(400, "FAILED_PRECONDITION"), Failure.QUOTA),
        (refusal(403, "PERMISSION_DENIED"), Failure.AUTH),
        (refusal(404, "NOT_FOUND"), Failure.INVALID_INPUT),
        (refusal(429, "RESOURCE_EXHAUSTED"), Failure.RATE_LIMITED),
        (refusal(500, "INTERNAL"), Failure.UNAVAILABLE),
        (refusal(503, "UNAVAILABLE"), Failure.UNAVAILABLE),
        (refusal(504, "DEADLINE_EXCEEDED"), Failure.UNKNOWN),
        (httpx.Response(504, text="<html>"), Failure.UNKNOWN),
        (httpx.Response(200, text="<html>"), Failure.BAD_REPLY),
        (httpx.Response(200, json=[]), Failure.BAD_REPLY),
        (httpx.Response(200, json={"status": "queued"}), Failure.BAD_REPLY),
        (httpx.Response(200, json={"id": "v1_abc"}), Failure.BAD_REPLY),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
        (httpx.ConnectError("x"), Failure.UNAVAILABLE),
    ],
)
def test_says_failed_submits_in_our_words(answer: Answer, failure: Failure) -> None:
    assert submit_failure(answer).failure is failure


def test_a_rate_limit_says_how_long_to_wait_in_its_details() -> None:
    error = submit_failure(refusal(429, "RESOURCE_EXHAUSTED", {"retryDelay": "21s"}))
    assert error.retry_after_s == 21


def test_a_look_up_asks_for_no_stream() -> None:
    _, request = check(interaction("in_progress"))
    assert (request.method, str(request.url)) == ("GET", f"{BASE_URL}/interactions/v1_abc?stream=false")


@pytest.mark.parametrize("status", ["queued", "in_progress", "a later word"])
def test_what_is_not_over_is_still_working(status: str) -> None:
    working, _ = check(interaction(status))
    assert isinstance(working, Working)
    assert working.ticket == TICKET


def test_a_file_is_fetched_with_our_key_from_googles_own_host() -> None:
    generated, _ = check(completed({"type": "text", "text": "Here it is"}, video(uri=FILE_URI)))
    assert generated == Generated(
        files=(
            RemoteFile(
                url=FILE_URI,
                allowed_hosts=("generativelanguage.googleapis.com",),
                headers=(("x-goog-api-key", KEY),),
            ),
        )
    )


def test_a_video_inside_the_answer_is_taken_too() -> None:
    generated, _ = check(completed(video(data=PNG_BASE64)))
    assert generated == Generated(files=(InlineFile(content=PNG),))


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (failed({"code": "internal", "message": "x"}), Failure.UNAVAILABLE),
        (failed({"code": "PROHIBITED_CONTENT", "message": "x"}), Failure.REFUSED),
        (failed({"code": "x", "message": "Blocked by our safety filters."}), Failure.REFUSED),
        (failed({"code": 5, "message": None}, "x"), Failure.UNAVAILABLE),
        (failed(), Failure.UNAVAILABLE),
        (failed(status="cancelled"), Failure.UNAVAILABLE),
        (failed(status="incomplete"), Failure.UNAVAILABLE),
        (failed(status="requires_action"), Failure.UNAVAILABLE),
        (failed(status="requires_continuation"), Failure.UNAVAILABLE),
        (failed(status="budget_exceeded"), Failure.QUOTA),
        (completed(), Failure.UNAVAILABLE),
        (completed({"type": "text", "text": "I cannot film this."}), Failure.UNAVAILABLE),
        (completed(video(uri=FILE_URI), kind="thought"), Failure.UNAVAILABLE),
        (interaction("completed", steps=5), Failure.UNAVAILABLE),
        (completed(video()), Failure.BAD_REPLY),
        (completed(video(data="AAA")), Failure.BAD_REPLY),
        (completed(video(uri="https://evil.example/f1")), Failure.BAD_REPLY),
        (
            completed(video(uri=FILE_URI.replace("https", "http"))),
            Failure.BAD_REPLY,
        ),
        (completed(video(uri="https://generativelanguage.googleapis.com.evil.example/f")), Failure.BAD_REPLY),
        (interaction(None), Failure.BAD_REPLY),
        (httpx.Response(200, text="<html>"), Failure.BAD_REPLY),
        (refusal(404, "NOT_FOUND"), Failure.EXPIRED),
        (refusal(429, "RESOURCE_EXHAUSTED"), Failure.RATE_LIMITED),
        (refusal(403, "PERMISSION_DENIED"), Failure.UNKNOWN),
        (httpx.Response(500), Failure.UNKNOWN),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
    ],
)
def test_says_failed_look_ups_in_our_words(answer: Answer, failure: Failure) -> None:
    assert check_failure(answer).failure is failure


def test_an_error_does_not_repeat_the_prompt() -> None:
    assert "fox" not in str(submit_failure(refusal(400, "INVALID_ARGUMENT")))
    assert "fox" not in str(check_failure(failed({"code": "a red fox", "message": "a red fox"})))


@pytest.mark.parametrize("ticket", ["", "[]", "{}", "nonsense", '{"id":5}', '{"id":""}'])
def test_a_ticket_that_is_not_ours_has_expired(ticket: str) -> None:
    assert check_failure(interaction("queued"), ticket=ticket).failure is Failure.EXPIRED


def test_an_id_stays_one_segment_of_the_address() -> None:
    _, request = check(interaction("queued"), ticket=json.dumps({"id": "../models?x"}))
    assert request.url.raw_path == b"/v1/interactions/..%2Fmodels%3Fx?stream=false"


@pytest.mark.parametrize("status", [200, 400, 404, 409])
def test_a_wish_to_stop_is_passed_on_and_may_come_too_late(status: int) -> None:
    script = Script(httpx.Response(status, json={}))
    adapter(script).cancel(TICKET, timeout_s=3)
    (request,) = script.requests
    assert (request.method, str(request.url)) == ("POST", f"{BASE_URL}/interactions/v1_abc/cancel")


def test_a_stand_in_gets_the_key_and_googles_own_host_does_not() -> None:
    base_url = "http://127.0.0.1:9"
    script = Script(interaction("queued"), completed(video(uri=f"{base_url}/v1/files/f1")))
    subject = GoogleVideos(script.client(), Credentials(api_key="k", base_url=base_url), clock=FakeClock())
    working = subject.submit(VIDEO_REQUEST, model=MODEL, timeout_s=10)
    assert isinstance(working, Working)
    generated = subject.check(working.ticket, timeout_s=3)
    assert isinstance(generated, Generated)
    (file,) = generated.files
    assert file == RemoteFile(
        url=f"{base_url}/v1/files/f1", allowed_hosts=("127.0.0.1",), headers=(("x-goog-api-key", "k"),)
    )
