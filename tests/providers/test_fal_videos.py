"""fal videos: what is sent, what is understood."""

import json
from typing import Any

import httpx
import pytest

from corent.core.tiers import AspectRatio, Resolution
from corent.core.upstream import Failure, Generated, RemoteFile, UpstreamError, Working
from corent.providers.credentials import Credentials
from corent.providers.fal_videos import ENDPOINTS, FalVideos
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

KLING = "fal-ai/kling-video/v3/standard/text-to-video"
SEEDANCE = "fal-ai/bytedance/seedance/v1/pro/fast/text-to-video"
H3 = "minimax/h3/text-to-video"
VEO = "fal-ai/veo3.1"
# As the queue answers: the sub-path of the endpoint is gone.
RESPONSE_URL = "https://queue.fal.run/fal-ai/kling-video/requests/764cabcf"
STATUS_URL, CANCEL_URL = f"{RESPONSE_URL}/status", f"{RESPONSE_URL}/cancel"
TICKET = json.dumps({"status_url": STATUS_URL, "response_url": RESPONSE_URL, "cancel_url": CANCEL_URL})
DATA_URI = f"data:image/png;base64,{PNG_BASE64}"
CDN_URL = "https://v3.fal.media/files/a/video.mp4"


def queued(**changes: object) -> httpx.Response:
    body = {
        "status": "IN_QUEUE",
        "request_id": "764cabcf",
        "queue_position": 0,
        "response_url": RESPONSE_URL,
        "status_url": STATUS_URL,
        "cancel_url": CANCEL_URL,
    }
    return httpx.Response(200, json={**body, **changes})


def told(status: str, code: int = 200, **changes: object) -> httpx.Response:
    return httpx.Response(code, json={"status": status, "request_id": "764cabcf", **changes})


def made(url: object = CDN_URL) -> httpx.Response:
    video = {"url": url, "content_type": "video/mp4", "file_name": "video.mp4", "file_size": 123}
    return httpx.Response(200, json={"video": video})


def model_error(status: int, kind: str) -> httpx.Response:
    return httpx.Response(
        status, json={"detail": [{"loc": ["body", "prompt"], "msg": "a red fox", "type": kind}]}
    )


def adapter(script: Script) -> FalVideos:
    return FalVideos(script.client(), CREDENTIALS, clock=FakeClock())


def submit(*answers: Answer, model: str = KLING, **changes: Any) -> tuple[Working, httpx.Request]:
    script = Script(*answers)
    working = adapter(script).submit(filmed(**changes), model=model, timeout_s=10)
    (request,) = script.requests
    return working, request


def sent(model: str, **changes: Any) -> dict[str, Any]:
    _, request = submit(queued(), model=model, **changes)
    document: dict[str, Any] = json.loads(request.content)
    return document


def submit_failure(*answers: Answer, **changes: Any) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        submit(*answers, **changes)
    return caught.value


def check(*answers: Answer, ticket: str = TICKET) -> tuple[Generated | Working, list[httpx.Request]]:
    script = Script(*answers)
    return adapter(script).check(ticket, timeout_s=3), script.requests


def check_failure(*answers: Answer, ticket: str = TICKET) -> Failure:
    with pytest.raises(UpstreamError) as caught:
        check(*answers, ticket=ticket)
    return caught.value.failure


def test_a_request_has_the_documented_form() -> None:
    _, request = submit(queued(), negative_prompt="rain")
    assert (request.method, str(request.url)) == ("POST", f"https://queue.fal.run/{KLING}")
    assert request.headers["authorization"] == "Key k-test"
    assert request.headers["x-fal-no-retry"] == "1"
    assert int(request.headers["x-fal-request-timeout"]) > 0
    assert json.loads(request.content) == {
        "prompt": "a red fox",
        "duration": "5",
        "aspect_ratio": "16:9",
        "generate_audio": False,
        "negative_prompt": "rain",
    }


@pytest.mark.parametrize(
    ("model", "duration_s", "written"),
    [
        (KLING, 5, "5"),
        (VEO, 8, "8s"),
        (SEEDANCE, 5, "5"),
        ("fal-ai/pixverse/v6/text-to-video", 5, 5),
        (H3, 5, 5),
    ],
)
def test_each_endpoint_has_its_own_way_to_write_a_length(
    model: str, duration_s: int, written: object
) -> None:
    assert sent(model, duration_s=duration_s)["duration"] == written


@pytest.mark.parametrize(
    ("model", "seed"), [(KLING, None), (VEO, 7), (SEEDANCE, 7), ("fal-ai/pixverse/v6/text-to-video", 7)]
)
def test_a_seed_goes_where_it_is_known(model: str, seed: int | None) -> None:
    assert sent(model, seed=7).get("seed") == seed


@pytest.mark.parametrize(
    ("model", "resolution", "written"),
    [
        (KLING, Resolution.HD, None),
        (VEO, Resolution.FULL_HD, "1080p"),
        (SEEDANCE, Resolution.HD, "720p"),
        ("fal-ai/ltx-2.3/text-to-video/fast", Resolution.FULL_HD, "1080p"),
        (H3, Resolution.HD, "768P"),
    ],
)
def test_a_resolution_goes_where_there_is_a_choice(
    model: str, resolution: Resolution, written: str | None
) -> None:
    assert sent(model, resolution=resolution).get("resolution") == written


@pytest.mark.parametrize("model", sorted(ENDPOINTS))
def test_no_endpoint_is_asked_for_sound(model: str) -> None:
    endpoint = ENDPOINTS[model]
    body = sent(model, resolution=endpoint.resolutions[0])
    assert [value for name, value in body.items() if "audio" in name] == [False] * bool(endpoint.sound)


@pytest.mark.parametrize("model", [model for model, endpoint in ENDPOINTS.items() if endpoint.from_image])
def test_a_first_frame_goes_to_the_endpoint_for_it_with_the_ratio(model: str) -> None:
    endpoint = ENDPOINTS[model]
    _, request = submit(
        queued(),
        model=model,
        image=INPUT_IMAGE,
        resolution=endpoint.resolutions[0],
        aspect_ratio=AspectRatio.TALL,
    )
    body = json.loads(request.content)
    assert request.url.path == f"/{endpoint.from_image}"
    assert (body["image_url"], body["aspect_ratio"]) == (DATA_URI, "9:16")


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "fal-ai/unheard-of"},
        {"model": KLING, "image": INPUT_IMAGE},
        {"model": KLING, "resolution": Resolution.FULL_HD},
        {"model": "fal-ai/kling-video/v3/pro/text-to-video"},
        {"model": "fal-ai/ltx-2.3/text-to-video"},
        {"model": H3, "resolution": Resolution.FULL_HD},
    ],
)
def test_what_an_endpoint_does_not_take_is_not_sent(changes: dict[str, Any]) -> None:
    assert submit_failure(**changes).failure is Failure.INVALID_INPUT


def test_a_callback_is_passed_on() -> None:
    _, request = submit(queued(), callback_url="https://us.example/c/fal?t=a&b=1")
    assert dict(request.url.params) == {"fal_webhook": "https://us.example/c/fal?t=a&b=1"}
    assert request.url.path == f"/{KLING}"


def test_no_callback_is_asked_for_where_there_is_none() -> None:
    _, request = submit(queued())
    assert request.url.query == b""


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (model_error(422, "content_policy_violation"), Failure.REFUSED),
        (model_error(422, "string_too_long"), Failure.INVALID_INPUT),
        (model_error(500, "internal_server_error"), Failure.UNAVAILABLE),
        (httpx.Response(422, json={"detail": "plain words"}), Failure.INVALID_INPUT),
        (httpx.Response(401, json={"detail": "No user found"}), Failure.AUTH),
        (httpx.Response(429, json={"detail": "Too many"}), Failure.RATE_LIMITED),
        (httpx.Response(503, headers={"x-fal-error-type": "runner_disconnected"}), Failure.UNAVAILABLE),
        (httpx.Response(504, json={"detail": "x", "error_type": "request_timeout"}), Failure.UNAVAILABLE),
        (httpx.Response(504, headers={"x-fal-request-timeout-type": "user"}), Failure.UNAVAILABLE),
        (httpx.Response(504, text="<html>"), Failure.UNKNOWN),
        (httpx.Response(500, text="<html>"), Failure.UNAVAILABLE),
        (httpx.Response(200, text="<html>"), Failure.BAD_REPLY),
        (httpx.Response(200, json=[]), Failure.BAD_REPLY),
        (httpx.Response(200, json={}), Failure.BAD_REPLY),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
        (httpx.ConnectError("x"), Failure.UNAVAILABLE),
    ],
)
def test_says_failed_submits_in_our_words(answer: Answer, failure: Failure) -> None:
    assert submit_failure(answer).failure is failure


def test_an_account_that_may_not_buy_is_the_operators_matter() -> None:
    answer = httpx.Response(403, json={"detail": "Exhausted balance"})
    assert submit_failure(answer).failure in {Failure.QUOTA, Failure.AUTH}


def test_an_error_does_not_repeat_the_prompt() -> None:
    assert "fox" not in str(submit_failure(model_error(422, "content_policy_violation")))


@pytest.mark.parametrize("member", ["status_url", "response_url"])
@pytest.mark.parametrize("url", [None, "", "https://evil.example/x", "http://queue.fal.run/x"])
def test_the_key_goes_to_no_other_host_to_poll(member: str, url: object) -> None:
    assert submit_failure(queued(**{member: url})).failure is Failure.BAD_REPLY


@pytest.mark.parametrize(
    "answer",
    [told("IN_QUEUE", 202, queue_position=3), told("IN_PROGRESS", 202), told("IN_PROGRESS"), told("PAUSED")],
)
def test_what_is_not_over_is_still_working(answer: httpx.Response) -> None:
    working, (request,) = check(answer)
    assert isinstance(working, Working)
    assert working.ticket == TICKET
    assert str(request.url) == STATUS_URL


def test_the_result_is_fetched_from_the_address_as_it_was_given() -> None:
    working, _ = submit(queued())
    generated, requests = check(told("COMPLETED"), made(), ticket=working.ticket)
    assert str(requests[1].url) == RESPONSE_URL
    assert requests[1].headers["authorization"] == "Key k-test"
    assert generated == Generated(files=(RemoteFile(url=CDN_URL, allowed_hosts=(".fal.media",)),))


@pytest.mark.parametrize(
    ("answers", "failure"),
    [
        ([told("COMPLETED"), model_error(422, "content_policy_violation")], Failure.REFUSED),
        ([told("COMPLETED"), model_error(422, "image_too_small")], Failure.INVALID_INPUT),
        ([told("COMPLETED"), model_error(500, "internal_server_error")], Failure.UNAVAILABLE),
        ([told("COMPLETED"), model_error(429, "downstream_limit")], Failure.UNAVAILABLE),
        (
            [told("COMPLETED", error="x", error_type="request_timeout"), httpx.Response(504)],
            Failure.UNAVAILABLE,
        ),
        ([told("COMPLETED", error="x"), httpx.Response(500, text="x")], Failure.UNAVAILABLE),
        ([told("COMPLETED"), httpx.Response(503, text="<html>")], Failure.UNKNOWN),
        ([told("COMPLETED"), httpx.ReadTimeout("x")], Failure.UNKNOWN),
        ([told("COMPLETED"), httpx.Response(404)], Failure.EXPIRED),
        ([told("COMPLETED"), httpx.Response(200, text="<html>")], Failure.BAD_REPLY),
        ([told("COMPLETED"), httpx.Response(200, json={})], Failure.BAD_REPLY),
        ([told("COMPLETED"), httpx.Response(200, json={"video": "x"})], Failure.BAD_REPLY),
        ([told("COMPLETED"), made(None)], Failure.BAD_REPLY),
        ([told("COMPLETED"), made("data:video/mp4;base64,AAAA")], Failure.BAD_REPLY),
        ([told("COMPLETED"), made("https://evil.example/a.mp4")], Failure.BAD_REPLY),
        ([told("COMPLETED"), made("http://v3.fal.media/a.mp4")], Failure.BAD_REPLY),
        ([httpx.Response(404)], Failure.EXPIRED),
        ([httpx.Response(429)], Failure.RATE_LIMITED),
        ([httpx.Response(401)], Failure.UNKNOWN),
        ([httpx.Response(500)], Failure.UNKNOWN),
        ([httpx.Response(200, json={"status": None})], Failure.BAD_REPLY),
    ],
)
def test_says_failed_look_ups_in_our_words(answers: list[Answer], failure: Failure) -> None:
    assert check_failure(*answers) is failure


@pytest.mark.parametrize("ticket", ["", "[]", "{}", "nonsense", '{"status_url":5}'])
def test_a_ticket_that_is_not_ours_has_expired(ticket: str) -> None:
    assert check_failure(ticket=ticket) is Failure.EXPIRED


def test_a_wish_to_stop_goes_to_the_address_for_it() -> None:
    script = Script(queued(), httpx.Response(202, json={"status": "CANCELLATION_REQUESTED"}))
    subject = adapter(script)
    working = subject.submit(VIDEO_REQUEST, model=KLING, timeout_s=10)
    subject.cancel(working.ticket, timeout_s=3)
    assert (script.requests[1].method, str(script.requests[1].url)) == ("PUT", CANCEL_URL)


def test_a_wish_to_stop_that_comes_too_late_is_no_error() -> None:
    script = Script(httpx.Response(400, json={"status": "ALREADY_COMPLETED"}))
    adapter(script).cancel(TICKET, timeout_s=3)
    assert len(script.requests) == 1


@pytest.mark.parametrize("url", [None, "", "https://evil.example/x"])
def test_a_purchase_is_good_also_where_it_cannot_be_stopped(url: object) -> None:
    script = Script(queued(cancel_url=url))
    subject = adapter(script)
    working = subject.submit(VIDEO_REQUEST, model=KLING, timeout_s=10)
    subject.cancel(working.ticket, timeout_s=3)
    assert len(script.requests) == 1


def test_a_stand_in_may_queue_and_deliver_on_its_own_host() -> None:
    base_url = "http://127.0.0.1:9"
    urls = {name: f"{base_url}/r/{name}" for name in ("status_url", "response_url", "cancel_url")}
    script = Script(queued(**urls), told("COMPLETED"), made(f"{base_url}/a.mp4"))
    subject = FalVideos(script.client(), Credentials(api_key="k", base_url=base_url), clock=FakeClock())
    working = subject.submit(VIDEO_REQUEST, model=KLING, timeout_s=10)
    generated = subject.check(working.ticket, timeout_s=3)
    assert isinstance(generated, Generated)
    assert generated.files == (
        RemoteFile(url=f"{base_url}/a.mp4", allowed_hosts=(".fal.media", "127.0.0.1")),
    )
