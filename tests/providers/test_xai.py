"""xAI videos: what is sent, what is understood."""

import json
from typing import Any

import httpx
import pytest

from corent.core.tiers import AspectRatio, Resolution
from corent.core.upstream import Failure, Generated, RemoteFile, UpstreamError, Working
from corent.providers.credentials import Credentials
from corent.providers.xai import FAILURE_BY_CODE, MODELS, RESULT_HOSTS, XAI
from tests.providers.doubles import (
    CREDENTIALS,
    INPUT_IMAGE,
    VIDEO_REQUEST,
    Answer,
    FakeClock,
    Script,
    filmed,
)

MODEL = "grok-imagine-video-1.5"
BASE_URL = "https://api.x.ai/v1"
REQUEST_ID = "d97415a1-5796-b7ec-379f-4e6819e08fdf"
TICKET = json.dumps({"id": REQUEST_ID}, separators=(",", ":"))
FILE_URL = "https://vidgen.x.ai/abc/video.mp4?sig=temporary"


def accepted(**changes: object) -> httpx.Response:
    return httpx.Response(200, json={"request_id": REQUEST_ID, **changes})


def told(status: object, code: int = 200, **changes: object) -> httpx.Response:
    return httpx.Response(code, json={"status": status, "model": MODEL, **changes})


def made(url: object = FILE_URL, *, status: object = "done", **changes: object) -> httpx.Response:
    video = {"url": url, "duration": 5, "respect_moderation": True, **changes}
    return told(status, video=video, usage={"cost_in_usd_ticks": 7_000_000_000})


def failed(code: object, message: object = "Try again.") -> httpx.Response:
    return told("failed", error={"code": code, "message": message})


def adapter(script: Script) -> XAI:
    return XAI(script.client(), CREDENTIALS, clock=FakeClock())


def submit(*answers: Answer, model: str = MODEL, **changes: Any) -> tuple[Working, httpx.Request]:
    script = Script(*answers)
    working = adapter(script).submit(filmed(**changes), model=model, timeout_s=10)
    (request,) = script.requests
    return working, request


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
    _, request = submit(accepted(), aspect_ratio=AspectRatio.TALL, resolution=Resolution.FULL_HD)
    assert (request.method, str(request.url)) == ("POST", f"{BASE_URL}/videos/generations")
    assert request.headers["authorization"] == "Bearer k-test"
    assert json.loads(request.content) == {
        "model": MODEL,
        "prompt": "a red fox",
        "duration": 5,
        "aspect_ratio": "9:16",
        "resolution": "1080p",
        "generate_audio": False,
    }


def test_what_xai_does_not_know_is_left_out() -> None:
    _, request = submit(accepted(), seed=7, negative_prompt="rain", callback_url="https://us.example/c")
    assert {"seed", "negative_prompt", "callback_url"} & set(json.loads(request.content)) == set()


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "grok-unheard-of"},
        {"model": "grok-imagine-video", "resolution": Resolution.FULL_HD},
        {"image": INPUT_IMAGE},
    ],
)
def test_what_a_model_does_not_take_is_not_sent(changes: dict[str, Any]) -> None:
    assert submit_failure(**changes).failure is Failure.INVALID_INPUT


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_model_takes_the_default_video(model: str) -> None:
    _, request = submit(accepted(), model=model)
    assert json.loads(request.content)["model"] == model


def test_what_is_accepted_is_working() -> None:
    working, _ = submit(accepted())
    assert working.ticket == TICKET


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (httpx.Response(400, json={"error": {"message": "x", "code": "invalid"}}), Failure.INVALID_INPUT),
        (
            httpx.Response(400, json={"code": "x", "error": "Content was blocked by moderation"}),
            Failure.REFUSED,
        ),
        (
            httpx.Response(403, json={"error": {"message": "Content violates usage guidelines."}}),
            Failure.REFUSED,
        ),
        (httpx.Response(401, json={"code": "x", "error": "Incorrect API key"}), Failure.AUTH),
        (httpx.Response(403, json={"code": "x", "error": "No access"}), Failure.AUTH),
        (httpx.Response(402), Failure.QUOTA),
        (httpx.Response(404), Failure.INVALID_INPUT),
        (httpx.Response(429), Failure.RATE_LIMITED),
        (httpx.Response(500, json={"error": "moderation is down"}), Failure.UNAVAILABLE),
        (httpx.Response(504), Failure.UNKNOWN),
        (httpx.Response(200, text="<html>"), Failure.BAD_REPLY),
        (httpx.Response(200, json=[]), Failure.BAD_REPLY),
        (accepted(request_id=None), Failure.BAD_REPLY),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
        (httpx.ConnectError("x"), Failure.UNAVAILABLE),
    ],
)
def test_says_failed_submits_in_our_words(answer: Answer, failure: Failure) -> None:
    assert submit_failure(answer).failure is failure


@pytest.mark.parametrize("answer", [told("pending"), told("pending", 202), told("a later word")])
def test_what_is_not_over_is_still_working(answer: httpx.Response) -> None:
    working, request = check(answer)
    assert (request.method, str(request.url)) == ("GET", f"{BASE_URL}/videos/{REQUEST_ID}")
    assert isinstance(working, Working)
    assert working.ticket == TICKET


@pytest.mark.parametrize("status", ["done", None])
def test_hands_back_the_address(status: object) -> None:
    working, _ = submit(accepted())
    generated, _ = check(made(status=status), ticket=working.ticket)
    assert generated == Generated(files=(RemoteFile(url=FILE_URL, allowed_hosts=RESULT_HOSTS),))


@pytest.mark.parametrize("code", sorted(FAILURE_BY_CODE))
def test_every_code_of_a_failure_has_its_meaning(code: str) -> None:
    error = check_failure(failed(code, "a red fox"))
    assert error.failure is FAILURE_BY_CODE[code]
    assert "fox" not in str(error)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (made(respect_moderation=False), Failure.REFUSED),
        (failed("invalid_argument", "Content blocked by moderation."), Failure.REFUSED),
        (failed("invalid_argument", "Prompt cannot be empty."), Failure.INVALID_INPUT),
        (failed("a_later_word"), Failure.UNAVAILABLE),
        (failed(None, None), Failure.UNAVAILABLE),
        (told("failed"), Failure.UNAVAILABLE),
        (told("expired"), Failure.EXPIRED),
        (told("done"), Failure.BAD_REPLY),
        (told("done", video="x"), Failure.BAD_REPLY),
        (made(None), Failure.BAD_REPLY),
        (made("https://evil.example/a.mp4"), Failure.BAD_REPLY),
        (made("https://evilx.ai/a.mp4"), Failure.BAD_REPLY),
        (made(FILE_URL.replace("https", "http")), Failure.BAD_REPLY),
        (told(None), Failure.BAD_REPLY),
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


@pytest.mark.parametrize("ticket", ["", "[]", "{}", "nonsense", '{"id":5}'])
def test_a_ticket_that_is_not_ours_has_expired(ticket: str) -> None:
    assert check_failure(told("pending"), ticket=ticket).failure is Failure.EXPIRED


def test_xai_is_not_asked_to_stop() -> None:
    script = Script()
    adapter(script).cancel(TICKET, timeout_s=3)
    assert script.requests == []


def test_a_stand_in_may_deliver_on_its_own_host() -> None:
    base_url = "http://127.0.0.1:9"
    script = Script(accepted(), made(f"{base_url}/a.mp4"))
    subject = XAI(script.client(), Credentials(api_key="k", base_url=base_url), clock=FakeClock())
    working = subject.submit(VIDEO_REQUEST, model=MODEL, timeout_s=10)
    generated = subject.check(working.ticket, timeout_s=3)
    assert isinstance(generated, Generated)
    assert generated.files == (
        RemoteFile(url=f"{base_url}/a.mp4", allowed_hosts=(*RESULT_HOSTS, "127.0.0.1")),
    )
