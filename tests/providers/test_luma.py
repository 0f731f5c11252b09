"""Luma videos: what is sent, what is understood."""

import json
from typing import Any

import httpx
import pytest

from corent.core.tiers import AspectRatio, Resolution
from corent.core.upstream import Failure, Generated, RemoteFile, UpstreamError, Working
from corent.providers.credentials import Credentials
from corent.providers.luma import FAILURE_BY_CODE, RESULT_HOSTS, Luma
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

MODEL = "ray-3.2"
BASE_URL = "https://agents.lumalabs.ai/v1"
TICKET = json.dumps({"id": "gen-1"}, separators=(",", ":"))
# Where results really lie is not known: one of the hosts that are allowed.
FILE_URL = "https://results.lumalabs.ai/gen-1.mp4?X-Amz-Signature=abc"


def generation(state: object, code: int = 200, **changes: object) -> httpx.Response:
    body = {
        "id": "gen-1",
        "created_at": "2026-11-22T10:00:00Z",
        "model": MODEL,
        "state": state,
        "type": "video",
        "failure_code": None,
        "failure_reason": None,
        "output": None,
    }
    return httpx.Response(code, json={**body, **changes})


def completed(*output: object) -> httpx.Response:
    return generation("completed", output=list(output))


def adapter(script: Script) -> Luma:
    return Luma(script.client(), CREDENTIALS, clock=FakeClock())


def submit(*answers: Answer, **changes: Any) -> tuple[Generated | Working, httpx.Request]:
    script = Script(*answers)
    outcome = adapter(script).submit(filmed(**changes), model=MODEL, timeout_s=10)
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
    _, request = submit(generation("queued"), aspect_ratio=AspectRatio.TALL, resolution=Resolution.FULL_HD)
    assert (request.method, str(request.url)) == ("POST", f"{BASE_URL}/generations")
    assert request.headers["authorization"] == "Bearer k-test"
    assert json.loads(request.content) == {
        "prompt": "a red fox",
        "type": "video",
        "model": MODEL,
        "aspect_ratio": "9:16",
        "video": {"duration": "5s", "resolution": "1080p"},
    }


def test_what_luma_does_not_know_is_left_out() -> None:
    _, request = submit(
        generation("queued"), seed=7, negative_prompt="rain", callback_url="https://us.example/c"
    )
    assert set(json.loads(request.content)) == {"prompt", "type", "model", "aspect_ratio", "video"}


def test_a_first_frame_goes_inside_the_request() -> None:
    _, request = submit(generation("queued"), image=INPUT_IMAGE)
    frame = json.loads(request.content)["video"]["start_frame"]
    assert frame == {"data": PNG_BASE64, "media_type": "image/png"}


def test_a_first_frame_with_a_length_that_takes_none_is_not_sent() -> None:
    assert submit_failure(image=INPUT_IMAGE, duration_s=10).failure is Failure.INVALID_INPUT


@pytest.mark.parametrize("state", ["queued", "processing", "a later word"])
def test_what_is_accepted_is_working(state: str) -> None:
    working, _ = submit(generation(state, 201))
    assert isinstance(working, Working)
    assert working.ticket == TICKET


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (httpx.Response(400), Failure.INVALID_INPUT),
        (httpx.Response(401), Failure.AUTH),
        (httpx.Response(402), Failure.QUOTA),
        (httpx.Response(422, json={"detail": []}), Failure.INVALID_INPUT),
        (httpx.Response(429), Failure.RATE_LIMITED),
        (httpx.Response(500), Failure.UNAVAILABLE),
        (httpx.Response(504), Failure.UNKNOWN),
        (generation("failed", failure_code="content_moderated"), Failure.REFUSED),
        (httpx.Response(200, text="<html>"), Failure.BAD_REPLY),
        (httpx.Response(200, json=[]), Failure.BAD_REPLY),
        (generation("queued", id=None), Failure.BAD_REPLY),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
        (httpx.ConnectError("x"), Failure.UNAVAILABLE),
    ],
)
def test_says_failed_submits_in_our_words(answer: Answer, failure: Failure) -> None:
    assert submit_failure(answer).failure is failure


@pytest.mark.parametrize("state", ["queued", "processing", "a later word"])
def test_what_is_not_over_is_still_working(state: str) -> None:
    working, request = check(generation(state))
    assert (request.method, str(request.url)) == ("GET", f"{BASE_URL}/generations/gen-1")
    assert isinstance(working, Working)
    assert working.ticket == TICKET


def test_hands_back_the_signed_address() -> None:
    working, _ = submit(generation("queued"))
    assert isinstance(working, Working)
    answer = completed({"type": "thumbnail", "url": "x"}, {"type": "video", "url": FILE_URL})
    generated, _ = check(answer, ticket=working.ticket)
    assert generated == Generated(files=(RemoteFile(url=FILE_URL, allowed_hosts=RESULT_HOSTS),))


@pytest.mark.parametrize("code", sorted(FAILURE_BY_CODE))
def test_every_code_of_a_failure_has_its_meaning(code: str) -> None:
    error = check_failure(generation("failed", failure_code=code, failure_reason="a red fox"))
    assert error.failure is FAILURE_BY_CODE[code]
    assert "fox" not in str(error)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (generation("failed", failure_code="content_moderated"), Failure.REFUSED),
        (generation("failed", failure_code="budget_exhausted"), Failure.QUOTA),
        (generation("failed", failure_code="rate_limited"), Failure.UNAVAILABLE),
        (generation("failed", failure_code="a_later_word"), Failure.UNAVAILABLE),
        (generation("failed"), Failure.UNAVAILABLE),
        (generation("completed"), Failure.BAD_REPLY),
        (completed(), Failure.BAD_REPLY),
        (completed("x"), Failure.BAD_REPLY),
        (completed({"type": "image", "url": FILE_URL}), Failure.BAD_REPLY),
        (completed({"type": "video"}), Failure.BAD_REPLY),
        (completed({"type": "video", "url": "https://evil.example/a.mp4"}), Failure.BAD_REPLY),
        (completed({"type": "video", "url": FILE_URL.replace("https", "http")}), Failure.BAD_REPLY),
        (completed({"type": "video", "url": "data:video/mp4;base64,AAAA"}), Failure.BAD_REPLY),
        (generation(None), Failure.BAD_REPLY),
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
    assert check_failure(generation("queued"), ticket=ticket).failure is Failure.EXPIRED


def test_luma_is_not_asked_to_stop() -> None:
    script = Script()
    adapter(script).cancel(TICKET, timeout_s=3)
    assert script.requests == []


def test_a_stand_in_may_deliver_on_its_own_host() -> None:
    base_url = "http://127.0.0.1:9"
    script = Script(generation("queued"), completed({"type": "video", "url": f"{base_url}/a.mp4"}))
    subject = Luma(script.client(), Credentials(api_key="k", base_url=base_url), clock=FakeClock())
    working = subject.submit(VIDEO_REQUEST, model=MODEL, timeout_s=10)
    assert isinstance(working, Working)
    generated = subject.check(working.ticket, timeout_s=3)
    assert isinstance(generated, Generated)
    assert generated.files == (
        RemoteFile(url=f"{base_url}/a.mp4", allowed_hosts=(*RESULT_HOSTS, "127.0.0.1")),
    )
