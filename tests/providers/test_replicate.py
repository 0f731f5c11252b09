"""Replicate videos: what is sent, what is understood."""

import json
from typing import Any

import httpx
import pytest

from corent.core.tiers import Resolution
from corent.core.upstream import Failure, Generated, RemoteFile, UpstreamError, Working
from corent.providers.credentials import Credentials
from corent.providers.replicate import MODELS, RESULT_HOSTS, Replicate
from tests.providers.doubles import (
    CREDENTIALS,
    INPUT_IMAGE,
    PNG_BASE64,
    VIDEO_REQUEST,
    Answer,
    FakeClock,
    Script,
    filmed,
)

MODEL = "bytedance/seedance-1.5-pro"
BASE_URL = "https://api.replicate.com/v1"
PREDICTION_ID = "gm3qorzdhgbfurvjtvhg6dckhu"
TICKET = json.dumps({"id": PREDICTION_ID}, separators=(",", ":"))
FILE_URL = "https://replicate.delivery/xezq/abc/tmp.mp4"


def prediction(status: object, code: int = 200, **changes: object) -> httpx.Response:
    body = {
        "id": PREDICTION_ID,
        "model": MODEL,
        "version": "hidden",
        "input": {"prompt": "a red fox"},
        "logs": "",
        "output": None,
        "error": None,
        "status": status,
        "metrics": {},
        "data_removed": False,
    }
    return httpx.Response(code, json={**body, **changes})


def problem(status: int, detail: str = "x") -> httpx.Response:
    return httpx.Response(
        status, json={"type": "about:blank", "title": "x", "status": status, "detail": detail}
    )


def adapter(script: Script) -> Replicate:
    return Replicate(script.client(), CREDENTIALS, clock=FakeClock())


def submit(*answers: Answer, model: str = MODEL, **changes: Any) -> tuple[Generated | Working, httpx.Request]:
    script = Script(*answers)
    outcome = adapter(script).submit(filmed(**changes), model=model, timeout_s=10)
    (request,) = script.requests
    return outcome, request


def sent(model: str, **changes: Any) -> dict[str, Any]:
    _, request = submit(prediction("starting", 201), model=model, **changes)
    document: dict[str, Any] = json.loads(request.content)
    return document


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
    _, request = submit(prediction("starting", 201), callback_url="https://us.example/c")
    assert (request.method, str(request.url)) == ("POST", f"{BASE_URL}/models/{MODEL}/predictions")
    assert request.headers["authorization"] == "Bearer k-test"
    assert json.loads(request.content) == {
        "input": {
            "prompt": "a red fox",
            "duration": 5,
            "aspect_ratio": "16:9",
            "resolution": "720p",
            "generate_audio": False,
        },
        "webhook": "https://us.example/c",
        "webhook_events_filter": ["completed"],
    }


def test_no_callback_is_asked_for_where_there_is_none() -> None:
    assert set(sent(MODEL)) == {"input"}


def test_every_prediction_ends_by_itself() -> None:
    _, request = submit(prediction("starting", 201))
    assert request.headers["cancel-after"] == "15m"


def test_a_first_frame_has_the_name_the_model_gives_it() -> None:
    body = sent("google/veo-3.1-lite", image=INPUT_IMAGE, duration_s=8)
    assert body["input"]["image"] == f"data:image/png;base64,{PNG_BASE64}"
    assert body["input"]["aspect_ratio"] == "16:9"


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "nobody/nothing"},
        {"image": INPUT_IMAGE},
        {"model": "google/veo-3.1-lite", "resolution": Resolution.FULL_HD},
        {"model": "xai/grok-imagine-video", "resolution": Resolution.FULL_HD},
    ],
)
def test_what_a_model_does_not_take_is_not_sent(changes: dict[str, Any]) -> None:
    assert submit_failure(**changes).failure is Failure.INVALID_INPUT


@pytest.mark.parametrize("model", sorted(MODELS))
def test_only_a_model_with_sound_is_told_to_leave_it_out(model: str) -> None:
    body = sent(model)
    assert [name for name in body["input"] if "audio" in name] == [MODELS[model].sound] * bool(
        MODELS[model].sound
    )


@pytest.mark.parametrize("code", [200, 201, 202])
@pytest.mark.parametrize("status", ["starting", "processing", "a later word"])
def test_what_is_accepted_is_working(status: str, code: int) -> None:
    working, _ = submit(prediction(status, code))
    assert isinstance(working, Working)
    assert working.ticket == TICKET


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (problem(400), Failure.INVALID_INPUT),
        (problem(401), Failure.AUTH),
        (problem(402), Failure.QUOTA),
        (problem(404), Failure.INVALID_INPUT),
        (problem(422), Failure.INVALID_INPUT),
        (problem(429), Failure.RATE_LIMITED),
        (problem(500), Failure.UNAVAILABLE),
        (httpx.Response(503), Failure.UNAVAILABLE),
        (httpx.Response(504), Failure.UNKNOWN),
        (prediction("failed", 201, error="NSFW content detected"), Failure.REFUSED),
        (prediction("failed", 201, error="CUDA error"), Failure.UNAVAILABLE),
        (httpx.Response(201, text="<html>"), Failure.BAD_REPLY),
        (httpx.Response(201, json=[]), Failure.BAD_REPLY),
        (httpx.Response(201, json={"status": "starting"}), Failure.BAD_REPLY),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
        (httpx.ConnectError("x"), Failure.UNAVAILABLE),
    ],
)
def test_says_failed_submits_in_our_words(answer: Answer, failure: Failure) -> None:
    assert submit_failure(answer).failure is failure


@pytest.mark.parametrize(
    ("detail", "wait_s"),
    [
        ("Request was throttled. Your rate limit resets in ~30s.", 30),
        ("Your rate limit resets in 1.5s.", 1.5),
        ("Your rate limit resets in ~99999s.", 3600),
        ("Slow down.", None),
    ],
)
def test_a_rate_limit_says_how_long_to_wait_in_words(detail: str, wait_s: float | None) -> None:
    assert submit_failure(problem(429, detail)).retry_after_s == wait_s


@pytest.mark.parametrize("status", ["starting", "processing", "a later word"])
def test_what_is_not_over_is_still_working(status: str) -> None:
    working, request = check(prediction(status))
    assert (request.method, str(request.url)) == ("GET", f"{BASE_URL}/predictions/{PREDICTION_ID}")
    assert isinstance(working, Working)
    assert working.ticket == TICKET


@pytest.mark.parametrize("output", [FILE_URL, [FILE_URL]], ids=["one address", "a list"])
def test_hands_back_the_address_in_either_form(output: object) -> None:
    working, _ = submit(prediction("starting", 201))
    assert isinstance(working, Working)
    generated, _ = check(prediction("succeeded", output=output), ticket=working.ticket)
    assert generated == Generated(files=(RemoteFile(url=FILE_URL, allowed_hosts=RESULT_HOSTS),))


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (prediction("failed", error="The input was flagged as sensitive (E005)"), Failure.REFUSED),
        (prediction("failed", error="NSFW content detected"), Failure.REFUSED),
        (prediction("failed", error="CUDA out of memory"), Failure.UNAVAILABLE),
        (prediction("failed"), Failure.UNAVAILABLE),
        (prediction("canceled"), Failure.UNAVAILABLE),
        (prediction("canceled", error="flagged by its owner"), Failure.UNAVAILABLE),
        (prediction("aborted"), Failure.UNAVAILABLE),
        (prediction("succeeded", data_removed=True), Failure.EXPIRED),
        (prediction("succeeded"), Failure.BAD_REPLY),
        (prediction("succeeded", output=[]), Failure.BAD_REPLY),
        (prediction("succeeded", output={"video": FILE_URL}), Failure.BAD_REPLY),
        (prediction("succeeded", output="https://evil.example/a.mp4"), Failure.BAD_REPLY),
        (prediction("succeeded", output="https://replicate.delivery.evil.example/a"), Failure.BAD_REPLY),
        (prediction("succeeded", output="http://replicate.delivery/a.mp4"), Failure.BAD_REPLY),
        (prediction("succeeded", output="data:video/mp4;base64,AAAA"), Failure.BAD_REPLY),
        (prediction(None), Failure.BAD_REPLY),
        (httpx.Response(200, text="<html>"), Failure.BAD_REPLY),
        (problem(404), Failure.EXPIRED),
        (problem(429), Failure.RATE_LIMITED),
        (problem(401), Failure.UNKNOWN),
        (httpx.Response(500), Failure.UNKNOWN),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
    ],
)
def test_says_failed_look_ups_in_our_words(answer: Answer, failure: Failure) -> None:
    assert check_failure(answer).failure is failure


def test_an_error_does_not_repeat_the_prompt() -> None:
    assert "fox" not in str(check_failure(prediction("failed", error="a red fox was flagged")))
    assert "fox" not in str(submit_failure(problem(422, "input.prompt: a red fox")))


@pytest.mark.parametrize("ticket", ["", "[]", "{}", "nonsense", '{"id":5}'])
def test_a_ticket_that_is_not_ours_has_expired(ticket: str) -> None:
    assert check_failure(prediction("starting"), ticket=ticket).failure is Failure.EXPIRED


@pytest.mark.parametrize("answer", [prediction("canceled"), problem(404), problem(422)])
def test_a_wish_to_stop_is_passed_on_and_may_come_too_late(answer: httpx.Response) -> None:
    script = Script(answer)
    adapter(script).cancel(TICKET, timeout_s=3)
    (request,) = script.requests
    assert (request.method, str(request.url)) == ("POST", f"{BASE_URL}/predictions/{PREDICTION_ID}/cancel")


def test_a_stand_in_may_deliver_on_its_own_host() -> None:
    base_url = "http://127.0.0.1:9"
    script = Script(prediction("starting", 201), prediction("succeeded", output=f"{base_url}/a.mp4"))
    subject = Replicate(script.client(), Credentials(api_key="k", base_url=base_url), clock=FakeClock())
    working = subject.submit(VIDEO_REQUEST, model=MODEL, timeout_s=10)
    assert isinstance(working, Working)
    generated = subject.check(working.ticket, timeout_s=3)
    assert isinstance(generated, Generated)
    assert generated.files == (
        RemoteFile(url=f"{base_url}/a.mp4", allowed_hosts=(*RESULT_HOSTS, "127.0.0.1")),
    )
