"""Runway videos: what is sent, what is understood."""

import json
from typing import Any

import httpx
import pytest

from corent.core.tiers import AspectRatio, Resolution
from corent.core.upstream import Failure, Generated, InputImage, RemoteFile, UpstreamError, Working
from corent.providers.credentials import Credentials
from corent.providers.runway import (
    DATA_URI_MAX_BYTES,
    MICROS_PER_CREDIT,
    MODELS,
    RESULT_HOSTS,
    Runway,
)
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

BASE_URL = "https://api.dev.runwayml.com/v1"
TASK_ID = "17f20503-6c24-4c16-946b-35dbbce2af2f"
TICKET = json.dumps({"id": TASK_ID}, separators=(",", ":"))
DATA_URI = f"data:image/png;base64,{PNG_BASE64}"
FILE_URL = "https://dnznrvs05pmza.cloudfront.net/out.mp4?_jwt=abc"


def accepted(**changes: object) -> httpx.Response:
    return httpx.Response(200, json={"id": TASK_ID, "estimatedCost": {"credits": 25}, **changes})


def task(status: object, **changes: object) -> httpx.Response:
    return httpx.Response(200, json={"id": TASK_ID, "status": status, "createdAt": "2026-11-22", **changes})


def failed(code: object) -> httpx.Response:
    return task("FAILED", failure="human text", failureCode=code, cost={"credits": 0})


def adapter(script: Script) -> Runway:
    return Runway(script.client(), CREDENTIALS, clock=FakeClock())


def submit(*answers: Answer, model: str = "gen4.5", **changes: Any) -> tuple[Working, httpx.Request]:
    script = Script(*answers)
    working = adapter(script).submit(filmed(**changes), model=model, timeout_s=10)
    (request,) = script.requests
    return working, request


def sent(model: str, **changes: Any) -> dict[str, Any]:
    _, request = submit(accepted(), model=model, **changes)
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
    _, request = submit(accepted(), seed=1)
    assert (request.method, str(request.url)) == ("POST", f"{BASE_URL}/text_to_video")
    assert request.headers["authorization"] == "Bearer k-test"
    assert request.headers["x-runway-version"] == "2024-11-06"
    assert json.loads(request.content) == {
        "model": "gen4.5",
        "promptText": "a red fox",
        "ratio": "1280:720",
        "duration": 5,
        "seed": 1,
    }


def test_a_first_frame_goes_to_the_endpoint_for_it() -> None:
    _, request = submit(accepted(), image=INPUT_IMAGE, aspect_ratio=AspectRatio.TALL)
    body = json.loads(request.content)
    assert str(request.url) == f"{BASE_URL}/image_to_video"
    assert (body["promptImage"], body["ratio"]) == (DATA_URI, "720:1280")


def test_a_model_that_needs_a_first_frame_gets_one() -> None:
    assert sent("gen4_turbo", image=INPUT_IMAGE)["promptImage"] == DATA_URI


@pytest.mark.parametrize("model", ["veo3.1", "veo3.1_fast"])
def test_a_resolution_is_a_size_in_pixels(model: str) -> None:
    body = sent(model, resolution=Resolution.FULL_HD, duration_s=8, negative_prompt="rain", seed=1)
    assert body["ratio"] == "1920:1080"
    assert (body["negativePrompt"], body["audio"], body["seed"]) == ("rain", False, 1)


def test_a_ratio_that_is_no_size_goes_with_a_resolution() -> None:
    body = sent("hailuo3", aspect_ratio=AspectRatio.TALL)
    assert (body["ratio"], body["resolution"]) == ("9:16", "768p")
    assert "resolution" not in sent("gen4.5")


@pytest.mark.parametrize(
    ("model", "unknown"),
    [
        ("gen4.5", {"audio", "negativePrompt"}),
        ("kling3.0_standard", {"negativePrompt", "seed"}),
        ("gemini_omni_flash", {"audio", "negativePrompt", "seed"}),
        ("hailuo3", {"audio", "negativePrompt", "seed"}),
    ],
)
def test_what_a_model_does_not_know_is_left_out(model: str, unknown: set[str]) -> None:
    assert set(sent(model, seed=1, negative_prompt="rain")) & unknown == set()


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "gen9"},
        {"model": "gen4_turbo"},
        {"model": "hailuo3", "image": INPUT_IMAGE},
        {"model": "hailuo3", "resolution": Resolution.FULL_HD},
        {"model": "gen4.5", "aspect_ratio": AspectRatio.SQUARE},
        {"model": "gen4.5", "resolution": Resolution.FULL_HD},
        {"model": "gen4.5", "prompt": "x" * 1001},
        {"model": "gen4.5", "prompt": "\U0001f98a" * 501},
        {
            "model": "gen4.5",
            "image": InputImage(content=bytes(DATA_URI_MAX_BYTES * 3 // 4), media_type="image/png"),
        },
    ],
)
def test_what_a_model_does_not_take_is_not_sent(changes: dict[str, Any]) -> None:
    assert submit_failure(**changes).failure is Failure.INVALID_INPUT


@pytest.mark.parametrize("prompt", ["x" * 1000, "\U0001f98a" * 500])
def test_the_longest_prompt_is_sent(prompt: str) -> None:
    assert sent("gen4.5", prompt=prompt)["promptText"] == prompt


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_size_of_a_model_has_the_asked_ratio(model: str) -> None:
    for (ratio, _), pixels in MODELS[model].ratios.items():
        width, height = (int(side) for side in pixels.split(":"))
        asked_width, asked_height = (int(side) for side in ratio.split(":"))
        assert width * asked_height == height * asked_width


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (httpx.Response(400, json={"error": "x"}), Failure.INVALID_INPUT),
        (httpx.Response(401, json={"error": "x"}), Failure.AUTH),
        (httpx.Response(404, json={"error": "x"}), Failure.INVALID_INPUT),
        (httpx.Response(405, json={"error": "x"}), Failure.INVALID_INPUT),
        (httpx.Response(429, json={"error": "x"}), Failure.RATE_LIMITED),
        (httpx.Response(502), Failure.UNAVAILABLE),
        (httpx.Response(503), Failure.UNAVAILABLE),
        (httpx.Response(504), Failure.UNKNOWN),
        (httpx.Response(200, text="<html>"), Failure.BAD_REPLY),
        (httpx.Response(200, json=[]), Failure.BAD_REPLY),
        (accepted(id=None), Failure.BAD_REPLY),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
        (httpx.ConnectError("x"), Failure.UNAVAILABLE),
    ],
)
def test_says_failed_submits_in_our_words(answer: Answer, failure: Failure) -> None:
    assert submit_failure(answer).failure is failure


@pytest.mark.parametrize(
    ("answer", "progress_percent"),
    [
        (task("PENDING"), None),
        (task("THROTTLED"), None),
        (task("RUNNING", progress=0.42), 42),
        (task("RUNNING", progress=1), 100),
        (task("RUNNING", progress="much"), None),
        (task("RUNNING", progress=42), None),
        (task("RUNNING", progress=True), None),
        (task("A_LATER_WORD"), None),
    ],
)
def test_what_is_not_over_is_still_working(answer: httpx.Response, progress_percent: int | None) -> None:
    working, request = check(answer)
    assert (request.method, str(request.url)) == ("GET", f"{BASE_URL}/tasks/{TASK_ID}")
    assert isinstance(working, Working)
    assert (working.ticket, working.progress_percent) == (TICKET, progress_percent)


def test_hands_back_the_signed_address_and_the_cost() -> None:
    working, _ = submit(accepted())
    generated, _ = check(task("SUCCEEDED", output=[FILE_URL], cost={"credits": 25}), ticket=working.ticket)
    assert generated == Generated(
        files=(RemoteFile(url=FILE_URL, allowed_hosts=RESULT_HOSTS),), cost_micros=25 * MICROS_PER_CREDIT
    )


@pytest.mark.parametrize("cost", [None, 5, {}, {"credits": "3"}, {"credits": -1}, {"credits": 10**9}])
def test_a_cost_that_is_none_is_left_out(cost: object) -> None:
    generated, _ = check(task("SUCCEEDED", output=[FILE_URL], cost=cost))
    assert isinstance(generated, Generated)
    assert generated.cost_micros is None


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (failed("SAFETY.INPUT.TEXT"), Failure.REFUSED),
        (failed("SAFETY.OUTPUT.VIDEO"), Failure.REFUSED),
        (failed("INTERNAL.BAD_OUTPUT.CODE01"), Failure.UNAVAILABLE),
        (failed("INTERNAL"), Failure.UNAVAILABLE),
        (failed("A_LATER_WORD"), Failure.UNAVAILABLE),
        (failed(None), Failure.UNAVAILABLE),
        (task("CANCELLED", cost={"credits": 25}), Failure.UNAVAILABLE),
        (task("SUCCEEDED"), Failure.BAD_REPLY),
        (task("SUCCEEDED", output=[]), Failure.BAD_REPLY),
        (task("SUCCEEDED", output=FILE_URL), Failure.BAD_REPLY),
        (task("SUCCEEDED", output=[None]), Failure.BAD_REPLY),
        (task("SUCCEEDED", output=["https://evil.example/a.mp4"]), Failure.BAD_REPLY),
        (task("SUCCEEDED", output=["https://cloudfront.net.evil.example/a.mp4"]), Failure.BAD_REPLY),
        (task("SUCCEEDED", output=[FILE_URL.replace("https", "http")]), Failure.BAD_REPLY),
        (task("SUCCEEDED", output=["data:video/mp4;base64,AAAA"]), Failure.BAD_REPLY),
        (task(None), Failure.BAD_REPLY),
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
    assert "human" not in str(check_failure(failed("SAFETY.INPUT.TEXT")))
    assert "fox" not in str(submit_failure(httpx.Response(400, json={"error": "a red fox"})))


@pytest.mark.parametrize("ticket", ["", "[]", "{}", "nonsense", '{"id":5}'])
def test_a_ticket_that_is_not_ours_has_expired(ticket: str) -> None:
    assert check_failure(task("PENDING"), ticket=ticket).failure is Failure.EXPIRED


@pytest.mark.parametrize("status", [204, 400, 404])
def test_a_wish_to_stop_deletes_the_task_and_may_come_too_late(status: int) -> None:
    script = Script(httpx.Response(status))
    adapter(script).cancel(TICKET, timeout_s=3)
    (request,) = script.requests
    assert (request.method, str(request.url)) == ("DELETE", f"{BASE_URL}/tasks/{TASK_ID}")


def test_a_stand_in_may_deliver_on_its_own_host() -> None:
    base_url = "http://127.0.0.1:9"
    script = Script(accepted(), task("SUCCEEDED", output=[f"{base_url}/a.mp4"]))
    subject = Runway(script.client(), Credentials(api_key="k", base_url=base_url), clock=FakeClock())
    working = subject.submit(VIDEO_REQUEST, model="gen4.5", timeout_s=10)
    generated = subject.check(working.ticket, timeout_s=3)
    assert str(script.requests[0].url) == f"{base_url}/v1/text_to_video"
    assert isinstance(generated, Generated)
    assert generated.files == (
        RemoteFile(url=f"{base_url}/a.mp4", allowed_hosts=(*RESULT_HOSTS, "127.0.0.1")),
    )
