"""Together AI videos: what is sent, what is understood."""

import json
from typing import Any

import httpx
import pytest

from corent.core.tiers import AspectRatio, Resolution
from corent.core.upstream import Failure, Generated, RemoteFile, UpstreamError, Working
from corent.providers.credentials import Credentials
from corent.providers.together_videos import RESULT_HOSTS, TogetherVideos
from tests.providers.doubles import (
    CREDENTIALS,
    INPUT_IMAGE,
    KEY,
    VIDEO_REQUEST,
    Answer,
    FakeClock,
    Script,
    filmed,
)

MODEL = "Wan-AI/wan2.7-t2v"
BASE_URL = "https://api.together.ai"
TICKET = json.dumps({"id": "video-1"}, separators=(",", ":"))
# Where results really lie is not known: one of the hosts that are allowed.
FILE_URL = "https://api.together.ai/shrt/DwlaBdSakNRFlBxN"


def job(status: object, code: int = 200, **changes: object) -> httpx.Response:
    body = {
        "id": "video-1",
        "object": "video",
        "model": MODEL,
        "status": status,
        "created_at": 1795341000.0,
        "seconds": "5",
        "size": "1280x720",
    }
    return httpx.Response(code, json={**body, **changes})


def completed(url: object = FILE_URL) -> httpx.Response:
    return job("completed", outputs={"cost": 1, "video_url": url})


def failed(**error: object) -> httpx.Response:
    return job("failed", error={"message": "a red fox", **error})


def problem(status: int, **error: object) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": "a red fox", "param": None, **error}})


def adapter(script: Script, *, base_url: str | None = None) -> TogetherVideos:
    credentials = Credentials(api_key=KEY, base_url=base_url) if base_url else CREDENTIALS
    return TogetherVideos(script.client(), credentials, clock=FakeClock())


def submit(*answers: Answer, model: str = MODEL, **changes: Any) -> tuple[Generated | Working, httpx.Request]:
    script = Script(*answers)
    outcome = adapter(script).submit(filmed(**changes), model=model, timeout_s=10)
    (request,) = script.requests
    return outcome, request


def submit_failure(*answers: Answer, **changes: Any) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        submit(*answers, **changes)
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
    _, request = submit(job("in_progress"), seed=7, negative_prompt="rain", aspect_ratio=AspectRatio.TALL)
    assert (request.method, str(request.url)) == ("POST", f"{BASE_URL}/v2/videos")
    assert request.headers["authorization"] == "Bearer k-test"
    assert json.loads(request.content) == {
        "model": MODEL,
        "prompt": "a red fox",
        "resolution": "720P",
        "ratio": "9:16",
        "seconds": "5",
        "seed": 7,
        "negative_prompt": "rain",
    }


def test_what_was_not_asked_for_is_left_out() -> None:
    _, request = submit(job("in_progress"), callback_url="https://us.example/c")
    assert set(json.loads(request.content)) == {"model", "prompt", "resolution", "ratio", "seconds"}


def test_a_resolution_is_written_in_the_models_words() -> None:
    _, request = submit(job("in_progress"), resolution=Resolution.FULL_HD)
    assert json.loads(request.content)["resolution"] == "1080P"


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "Wan-AI/unheard-of"},
        {"image": INPUT_IMAGE},
        {"aspect_ratio": AspectRatio.CINEMA},
        {"prompt": "x" * 5001},
        {"negative_prompt": "x" * 501},
    ],
)
def test_what_a_model_does_not_take_is_not_sent(changes: dict[str, Any]) -> None:
    assert submit_failure(**changes).failure is Failure.INVALID_INPUT


def test_the_longest_prompts_are_sent() -> None:
    _, request = submit(job("in_progress"), prompt="x" * 5000, negative_prompt="y" * 500)
    assert request.content


@pytest.mark.parametrize("base_url", ["", "/", "/v1", "/v2", "/v1/"])
def test_a_base_with_the_version_of_the_images_leads_here_as_well(base_url: str) -> None:
    script = Script(job("in_progress"))
    subject = adapter(script, base_url=f"https://proxy.example/t{base_url}")
    subject.submit(VIDEO_REQUEST, model=MODEL, timeout_s=10)
    assert str(script.requests[0].url) == "https://proxy.example/t/v2/videos"


@pytest.mark.parametrize("status", ["in_progress", "queued", "a later word"])
def test_what_is_accepted_is_working(status: str) -> None:
    working, _ = submit(job(status))
    assert isinstance(working, Working)
    assert working.ticket == TICKET


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (problem(400, type="invalid_request_error"), Failure.INVALID_INPUT),
        (problem(400, code="content_moderated"), Failure.REFUSED),
        (problem(401), Failure.AUTH),
        (problem(402), Failure.QUOTA),
        (problem(422), Failure.INVALID_INPUT),
        (problem(429), Failure.RATE_LIMITED),
        (problem(503), Failure.UNAVAILABLE),
        (httpx.Response(504), Failure.UNKNOWN),
        (failed(code="NSFW_DETECTED"), Failure.REFUSED),
        (httpx.Response(200, text="<html>"), Failure.BAD_REPLY),
        (httpx.Response(200, json=[]), Failure.BAD_REPLY),
        (job("in_progress", id=None), Failure.BAD_REPLY),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
        (httpx.ConnectError("x"), Failure.UNAVAILABLE),
    ],
)
def test_says_failed_submits_in_our_words(answer: Answer, failure: Failure) -> None:
    assert submit_failure(answer).failure is failure


@pytest.mark.parametrize("status", ["in_progress", "queued", "a later word"])
def test_what_is_not_over_is_still_working(status: str) -> None:
    working, request = check(job(status))
    assert (request.method, str(request.url)) == ("GET", f"{BASE_URL}/v2/videos/video-1")
    assert isinstance(working, Working)
    assert working.ticket == TICKET


def test_hands_back_the_address() -> None:
    working, _ = submit(job("in_progress"))
    assert isinstance(working, Working)
    generated, _ = check(completed(), ticket=working.ticket)
    assert generated == Generated(files=(RemoteFile(url=FILE_URL, allowed_hosts=RESULT_HOSTS),))


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (failed(code="content_policy_violation"), Failure.REFUSED),
        (failed(code="InvalidParameter"), Failure.UNAVAILABLE),
        (failed(code=None), Failure.UNAVAILABLE),
        (job("failed"), Failure.UNAVAILABLE),
        (job("failed", error="x"), Failure.UNAVAILABLE),
        (job("completed"), Failure.BAD_REPLY),
        (job("completed", outputs=[]), Failure.BAD_REPLY),
        (completed(None), Failure.BAD_REPLY),
        (completed("https://evil.example/a.mp4"), Failure.BAD_REPLY),
        (completed(FILE_URL.replace("https", "http")), Failure.BAD_REPLY),
        (job(None), Failure.BAD_REPLY),
        (httpx.Response(200, text="<html>"), Failure.BAD_REPLY),
        (httpx.Response(404), Failure.EXPIRED),
        (httpx.Response(429), Failure.RATE_LIMITED),
        (httpx.Response(401), Failure.UNKNOWN),
        (httpx.Response(500), Failure.UNKNOWN),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
    ],
)
def test_says_failed_look_ups_in_our_words(answer: Answer, failure: Failure) -> None:
    assert check_failure(answer).failure is failure


def test_an_error_does_not_repeat_the_prompt() -> None:
    assert "fox" not in str(check_failure(failed(code="content_policy_violation")))
    assert "fox" not in str(submit_failure(problem(400, code="x")))


def test_a_prompt_in_a_message_refuses_nothing() -> None:
    assert check_failure(failed(message="a sensitive fox, safety first")).failure is Failure.UNAVAILABLE


@pytest.mark.parametrize("ticket", ["", "[]", "{}", "nonsense", '{"id":5}'])
def test_a_ticket_that_is_not_ours_has_expired(ticket: str) -> None:
    assert check_failure(job("in_progress"), ticket=ticket).failure is Failure.EXPIRED


def test_together_is_not_asked_to_stop() -> None:
    script = Script()
    adapter(script).cancel(TICKET, timeout_s=3)
    assert script.requests == []


def test_a_stand_in_may_deliver_on_its_own_host() -> None:
    base_url = "http://127.0.0.1:9"
    script = Script(job("in_progress"), completed(f"{base_url}/a.mp4"))
    subject = adapter(script, base_url=base_url)
    working = subject.submit(VIDEO_REQUEST, model=MODEL, timeout_s=10)
    assert isinstance(working, Working)
    generated = subject.check(working.ticket, timeout_s=3)
    assert isinstance(generated, Generated)
    assert generated.files == (
        RemoteFile(url=f"{base_url}/a.mp4", allowed_hosts=(*RESULT_HOSTS, "127.0.0.1")),
    )
