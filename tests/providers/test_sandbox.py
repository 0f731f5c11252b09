"""The sandbox's adapters: what they post, and what they make of every answer."""

import base64
import json

import httpx
import pytest

from corent.core.tiers import ImageFormat
from corent.core.upstream import Failure, Generated, RemoteFile, UpstreamError, Working
from corent.providers.credentials import Credentials
from corent.providers.sandbox import SandboxImages, SandboxVideos
from tests.providers.doubles import (
    INPUT_IMAGE,
    KEY,
    PNG,
    VIDEO_REQUEST,
    Answer,
    FakeClock,
    Script,
    asked,
    filmed,
)

BASE_URL = "https://abc123.execute-api.eu-west-1.amazonaws.com/live"
ACCEPTED = {"id": "gen_1", "status": "running", "poll_after_ms": 400}
CALLBACK_URL = "https://api.corent.test/v1/callbacks/sandbox/token"
FILE_URL = "https://bucket.s3.eu-west-1.amazonaws.com/images/gen_1/0.png?X-Amz-Signature=1"


def sandbox(script: Script, *, base_url: str = BASE_URL) -> SandboxImages:
    return SandboxImages(script.client(), Credentials(api_key=KEY, base_url=base_url), clock=FakeClock())


def videos(script: Script, *, base_url: str = BASE_URL) -> SandboxVideos:
    return SandboxVideos(script.client(), Credentials(api_key=KEY, base_url=base_url), clock=FakeClock())


def check_video(answer: Answer) -> Generated | Working:
    return videos(Script(answer)).check("gen_1", timeout_s=5)


def submit(answer: Answer) -> Generated | Working:
    return sandbox(Script(answer)).submit(asked(), model="sandbox-swift", timeout_s=5)


def check(answer: Answer, *, base_url: str = BASE_URL) -> Generated | Working:
    return sandbox(Script(answer), base_url=base_url).check("gen_1", timeout_s=5)


def done(*urls: object) -> httpx.Response:
    images = [{"url": url, "width": 1360, "height": 768} for url in urls]
    return httpx.Response(200, json={"id": "gen_1", "status": "done", "images": images})


def error(status: int, code: str, *, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": "…"}}, headers=headers)


def test_posts_the_whole_request_with_the_key() -> None:
    script = Script(httpx.Response(202, json=ACCEPTED))
    request = asked(
        seed=7, negative_prompt="rain", count=2, output_format=ImageFormat.WEBP, attempt=3, image=INPUT_IMAGE
    )
    sandbox(script).submit(request, model="sandbox-fine", timeout_s=5)
    sent = script.requests[0]
    assert (str(sent.url), sent.headers["authorization"]) == (f"{BASE_URL}/v1/generations", f"Bearer {KEY}")
    assert json.loads(sent.content) == {
        "model": "sandbox-fine",
        "prompt": "a red fox",
        "width": 1360,
        "height": 768,
        "n": 2,
        "seed": 7,
        "negative_prompt": "rain",
        "format": "webp",
        "image": {"media_type": "image/png", "data_base64": base64.b64encode(PNG).decode()},
        "reference": "job_01-1",
        "attempt": 3,
    }


def test_a_request_without_options_says_so_with_nulls() -> None:
    script = Script(httpx.Response(202, json=ACCEPTED))
    sandbox(script).submit(asked(), model="sandbox-swift", timeout_s=5)
    body = json.loads(script.requests[0].content)
    assert (body["seed"], body["negative_prompt"], body["image"]) == (None, None, None)


def test_posts_where_the_images_may_be_told_of() -> None:
    script = Script(httpx.Response(202, json=ACCEPTED))
    sandbox(script).submit(asked(callback_url=CALLBACK_URL), model="sandbox-swift", timeout_s=5)
    assert json.loads(script.requests[0].content)["callback_url"] == CALLBACK_URL


def test_a_request_without_a_callback_does_not_speak_of_it() -> None:
    script = Script(httpx.Response(202, json=ACCEPTED))
    sandbox(script).submit(asked(), model="sandbox-swift", timeout_s=5)
    assert "callback_url" not in json.loads(script.requests[0].content)


def test_an_accepted_request_is_working_under_its_id() -> None:
    assert submit(httpx.Response(202, json=ACCEPTED)) == Working(ticket="gen_1", poll_after_s=0.4)


def test_asks_for_the_ticket_with_the_key() -> None:
    script = Script(httpx.Response(200, json=ACCEPTED))
    assert sandbox(script).check("gen_1", timeout_s=5) == Working(ticket="gen_1", poll_after_s=0.4)
    asked_for = script.requests[0]
    assert str(asked_for.url) == f"{BASE_URL}/v1/generations/gen_1"
    assert asked_for.headers["authorization"] == f"Bearer {KEY}"


def test_a_ticket_cannot_lead_to_another_path() -> None:
    script = Script(error(404, "not_found"))
    with pytest.raises(UpstreamError):
        sandbox(script).check("../../admin?x=1", timeout_s=5)
    assert script.requests[0].url.raw_path == b"/live/v1/generations/..%2F..%2Fadmin%3Fx%3D1"


def test_a_finished_generation_gives_its_files_without_our_key() -> None:
    hosts = ("abc123.execute-api.eu-west-1.amazonaws.com", ".s3.eu-west-1.amazonaws.com", ".s3.amazonaws.com")
    file = RemoteFile(url=FILE_URL, allowed_hosts=hosts)
    assert check(done(FILE_URL, FILE_URL)) == Generated(files=(file, file))


def test_on_a_local_stage_files_come_from_the_sandboxs_own_host_alone() -> None:
    url = "http://127.0.0.1:4566/bucket/images/gen_1/0.png?X-Amz-Signature=1"
    result = check(done(url), base_url="http://127.0.0.1:4566/_aws/execute-api/abc/live")
    assert result == Generated(files=(RemoteFile(url=url, allowed_hosts=("127.0.0.1",)),))


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/0.png",
        "https://bucket.s3.eu-west-1.amazonaws.com.evil.example/0.png",
        "https://abc.execute-api.us-east-1.amazonaws.com/x",
        "https://bucket.s3.us-west-2.amazonaws.com/0.png",
        "http://bucket.s3.eu-west-1.amazonaws.com/0.png",
        "https://bucket.s3.eu-west-1.amazonaws.com:8443/0.png",
        "file:///etc/passwd",
        "",
        7,
        None,
    ],
)
def test_a_file_elsewhere_is_a_bad_reply(url: object) -> None:
    with pytest.raises(UpstreamError) as caught:
        check(done(url))
    assert caught.value.failure is Failure.BAD_REPLY


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (error(401, "unauthorized"), Failure.AUTH),
        (error(400, "invalid_request"), Failure.INVALID_INPUT),
        (error(422, "invalid_request"), Failure.INVALID_INPUT),
        (error(422, "content_refused"), Failure.REFUSED),
        (error(429, "rate_limited"), Failure.RATE_LIMITED),
        (error(500, "failed"), Failure.UNAVAILABLE),
        (error(503, "unavailable"), Failure.UNAVAILABLE),
        (httpx.Response(502, text="<html>"), Failure.UNAVAILABLE),
        (httpx.Response(403, json={"message": "Forbidden"}), Failure.AUTH),
        (httpx.Response(202, text="<html>"), Failure.BAD_REPLY),
        (httpx.Response(202, json=[]), Failure.BAD_REPLY),
        (httpx.Response(202, json={**ACCEPTED, "id": ""}), Failure.BAD_REPLY),
        (httpx.Response(202, json={**ACCEPTED, "poll_after_ms": "soon"}), Failure.BAD_REPLY),
        (httpx.Response(202, json={**ACCEPTED, "poll_after_ms": -1}), Failure.BAD_REPLY),
        (httpx.ConnectError("refused"), Failure.UNAVAILABLE),
        (httpx.ReadTimeout("slow"), Failure.UNKNOWN),
    ],
)
def test_says_a_submits_failures_in_our_words(answer: Answer, failure: Failure) -> None:
    with pytest.raises(UpstreamError) as caught:
        submit(answer)
    assert caught.value.failure is failure


def test_passes_on_how_long_to_stay_away() -> None:
    with pytest.raises(UpstreamError) as caught:
        submit(error(429, "rate_limited", headers={"Retry-After": "2"}))
    assert caught.value.retry_after_s == 2


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (error(404, "not_found"), Failure.EXPIRED),
        (error(401, "unauthorized"), Failure.UNKNOWN),
        (error(500, "failed"), Failure.UNKNOWN),
        (error(429, "rate_limited"), Failure.RATE_LIMITED),
        (httpx.ReadTimeout("slow"), Failure.UNKNOWN),
        (httpx.Response(200, text="<html>"), Failure.BAD_REPLY),
        (httpx.Response(200, json={"id": "gen_1", "status": "resting"}), Failure.BAD_REPLY),
        (httpx.Response(200, json={"id": "gen_1", "status": "done", "images": []}), Failure.BAD_REPLY),
        (httpx.Response(200, json={"id": "gen_1", "status": "done", "images": ["x"]}), Failure.BAD_REPLY),
        (httpx.Response(200, json={"status": "failed", "error": {"code": "failed"}}), Failure.UNAVAILABLE),
        (httpx.Response(200, json={"id": "gen_1", "status": "cancelled"}), Failure.EXPIRED),
        (
            httpx.Response(200, json={"status": "failed", "error": {"code": "content_refused"}}),
            Failure.REFUSED,
        ),
    ],
)
def test_says_a_looks_failures_in_our_words(answer: Answer, failure: Failure) -> None:
    with pytest.raises(UpstreamError) as caught:
        check(answer)
    assert caught.value.failure is failure


def test_a_secret_without_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="base_url"):
        SandboxImages(Script().client(), Credentials(api_key=KEY))


# Videos


def test_posts_the_whole_order_of_a_video_with_the_key() -> None:
    script = Script(httpx.Response(202, json=ACCEPTED))
    request = filmed(seed=7, negative_prompt="rain", attempt=3, image=INPUT_IMAGE, callback_url=CALLBACK_URL)
    videos(script).submit(request, model="sandbox-fine", timeout_s=5)
    sent = script.requests[0]
    assert (str(sent.url), sent.headers["authorization"]) == (f"{BASE_URL}/v1/generations", f"Bearer {KEY}")
    assert json.loads(sent.content) == {
        "kind": "video",
        "model": "sandbox-fine",
        "prompt": "a red fox",
        "width": 1280,
        "height": 720,
        "duration_s": 5,
        "seed": 7,
        "negative_prompt": "rain",
        "image": {"media_type": "image/png", "data_base64": base64.b64encode(PNG).decode()},
        "reference": "job_01-1",
        "attempt": 3,
        "callback_url": CALLBACK_URL,
    }


def test_an_accepted_video_is_working_from_its_beginning() -> None:
    script = Script(httpx.Response(202, json={**ACCEPTED, "progress_percent": 0}))
    working = videos(script).submit(VIDEO_REQUEST, model="sandbox-swift", timeout_s=5)
    assert working == Working(ticket="gen_1", poll_after_s=0.4, progress_percent=0)


def test_a_video_in_work_says_how_far_it_is() -> None:
    answer = httpx.Response(200, json={**ACCEPTED, "progress_percent": 62})
    assert check_video(answer) == Working(ticket="gen_1", poll_after_s=0.4, progress_percent=62)


@pytest.mark.parametrize("progress", [None, "62", 62.5, -1, 100, True])
def test_a_progress_that_is_none_is_left_out(progress: object) -> None:
    answer = httpx.Response(200, json={**ACCEPTED, "progress_percent": progress})
    assert check_video(answer) == Working(ticket="gen_1", poll_after_s=0.4)


def test_a_finished_video_is_to_be_fetched_from_the_bucket() -> None:
    answer = httpx.Response(200, json={"id": "gen_1", "status": "done", "videos": [{"url": FILE_URL}]})
    outcome = check_video(answer)
    assert isinstance(outcome, Generated)
    (file,) = outcome.files
    assert isinstance(file, RemoteFile)
    assert file.url == FILE_URL
    assert ".s3.eu-west-1.amazonaws.com" in file.allowed_hosts


@pytest.mark.parametrize(
    ("document", "failure"),
    [
        ({"status": "done", "videos": []}, Failure.BAD_REPLY),
        ({"status": "done", "images": [{"url": FILE_URL}]}, Failure.BAD_REPLY),
        ({"status": "done", "videos": [{"url": FILE_URL}, {"url": FILE_URL}]}, Failure.BAD_REPLY),
        ({"status": "done", "videos": [{"url": "https://elsewhere.test/a.mp4"}]}, Failure.BAD_REPLY),
        ({"status": "failed", "error": {"code": "failed"}}, Failure.UNAVAILABLE),
        ({"status": "failed", "error": {"code": "content_refused"}}, Failure.REFUSED),
        ({"status": "cancelled"}, Failure.EXPIRED),
    ],
)
def test_says_a_videos_failures_in_our_words(document: dict[str, object], failure: Failure) -> None:
    with pytest.raises(UpstreamError) as caught:
        check_video(httpx.Response(200, json={"id": "gen_1", **document}))
    assert caught.value.failure is failure


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (error(422, "content_refused"), Failure.REFUSED),
        (error(422, "invalid_request"), Failure.INVALID_INPUT),
        (error(503, "failed"), Failure.UNAVAILABLE),
        (httpx.ReadTimeout("slow"), Failure.UNKNOWN),
        (httpx.ConnectError("down"), Failure.UNAVAILABLE),
    ],
)
def test_says_a_videos_submits_failures_in_our_words(answer: Answer, failure: Failure) -> None:
    with pytest.raises(UpstreamError) as caught:
        videos(Script(answer)).submit(VIDEO_REQUEST, model="sandbox-swift", timeout_s=5)
    assert caught.value.failure is failure


def test_cancels_the_ticket_with_the_key() -> None:
    script = Script(httpx.Response(200, json={"id": "gen_1", "status": "cancelled"}))
    videos(script).cancel("gen/1", timeout_s=5)
    sent = script.requests[0]
    assert (sent.method, str(sent.url)) == ("POST", f"{BASE_URL}/v1/generations/gen%2F1/cancel")
    assert sent.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={"id": "gen_1", "status": "done"}),
        httpx.Response(200, text="<html>"),
        error(404, "not_found"),
    ],
)
def test_whatever_came_of_a_cancel_is_fine(answer: httpx.Response) -> None:
    assert videos(Script(answer)).cancel("gen_1", timeout_s=5) is None


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (error(500, "failed"), Failure.UNKNOWN),
        (error(401, "unauthorized"), Failure.UNKNOWN),
        (error(429, "rate_limited"), Failure.RATE_LIMITED),
        (httpx.ReadTimeout("slow"), Failure.UNKNOWN),
        (httpx.ConnectError("down"), Failure.UNKNOWN),
    ],
)
def test_a_cancel_that_could_not_be_asked_says_so(answer: Answer, failure: Failure) -> None:
    with pytest.raises(UpstreamError) as caught:
        videos(Script(answer)).cancel("gen_1", timeout_s=5)
    assert caught.value.failure is failure


def test_a_secret_without_an_address_makes_no_videos() -> None:
    with pytest.raises(ValueError, match="base_url"):
        SandboxVideos(Script().client(), Credentials(api_key=KEY))
