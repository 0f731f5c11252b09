"""fal images: what is sent, what is understood."""

import json
from typing import Any

import httpx
import pytest

from corent.core.upstream import Failure, Generated, InlineFile, RemoteFile, UpstreamError, Working
from corent.providers.credentials import Credentials
from corent.providers.fal import ENDPOINTS, Fal
from tests.providers.doubles import (
    CREDENTIALS,
    INPUT_IMAGE,
    PNG,
    PNG_BASE64,
    REQUEST,
    Answer,
    FakeClock,
    Script,
    asked,
)

FAST = "fal-ai/flux/schnell"
SLOW = "fal-ai/flux/dev"
# As the queue answers: the sub-path of the endpoint is gone.
STATUS_URL = "https://queue.fal.run/fal-ai/flux/requests/764cabcf/status"
RESPONSE_URL = "https://queue.fal.run/fal-ai/flux/requests/764cabcf"
TICKET = json.dumps({"status_url": STATUS_URL, "response_url": RESPONSE_URL, "count": 1})
DATA_URI = f"data:image/png;base64,{PNG_BASE64}"
CDN_URL = "https://v3.fal.media/files/a/image.png"


def queued(**changes: object) -> httpx.Response:
    body = {
        "status": "IN_QUEUE",
        "request_id": "764cabcf",
        "queue_position": 0,
        "response_url": RESPONSE_URL,
        "status_url": STATUS_URL,
        "cancel_url": f"{RESPONSE_URL}/cancel",
    }
    return httpx.Response(200, json={**body, **changes})


def told(status: str, code: int = 200, **changes: object) -> httpx.Response:
    return httpx.Response(code, json={"status": status, "request_id": "764cabcf", **changes})


def made(*urls: object, **changes: object) -> httpx.Response:
    images = [{"url": url, "width": 1360, "height": 768, "content_type": "image/png"} for url in urls]
    return httpx.Response(200, json={"images": images, "seed": 42, "prompt": "a red fox", **changes})


def model_error(status: int, kind: str) -> httpx.Response:
    return httpx.Response(
        status, json={"detail": [{"loc": ["body", "prompt"], "msg": "a red fox", "type": kind}]}
    )


def submit(
    *answers: Answer, model: str = FAST, **changes: Any
) -> tuple[Generated | Working, list[httpx.Request]]:
    script = Script(*answers)
    adapter = Fal(script.client(), CREDENTIALS, clock=FakeClock())
    return adapter.submit(asked(**changes), model=model, timeout_s=29.5), script.requests


def check(*answers: Answer, ticket: str = TICKET) -> tuple[Generated | Working, list[httpx.Request]]:
    script = Script(*answers)
    adapter = Fal(script.client(), CREDENTIALS, clock=FakeClock())
    return adapter.check(ticket, timeout_s=30), script.requests


def submit_failure(*answers: Answer, **changes: Any) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        submit(*answers, **changes)
    return caught.value


def check_failure(*answers: Answer, ticket: str = TICKET) -> Failure:
    with pytest.raises(UpstreamError) as caught:
        check(*answers, ticket=ticket)
    return caught.value.failure


def test_a_fast_endpoint_is_asked_on_the_synchronous_host() -> None:
    _, (request,) = submit(made(DATA_URI), seed=7)
    assert (request.method, str(request.url)) == ("POST", "https://fal.run/fal-ai/flux/schnell")
    assert request.headers["authorization"] == "Key k-test"
    assert request.headers["x-fal-request-timeout"] == "30"
    assert request.headers["x-fal-no-retry"] == "1"
    assert json.loads(request.content) == {
        "prompt": "a red fox",
        "num_images": 1,
        "image_size": {"width": 1360, "height": 768},
        "output_format": "png",
        "seed": 7,
        "sync_mode": True,
    }


def test_a_slow_endpoint_goes_through_the_queue() -> None:
    working, (request,) = submit(queued(), model=SLOW)
    assert str(request.url) == "https://queue.fal.run/fal-ai/flux/dev"
    assert request.headers["x-fal-no-retry"] == "1"
    assert int(request.headers["x-fal-request-timeout"]) > 0
    assert "sync_mode" not in json.loads(request.content)
    assert isinstance(working, Working)


def test_an_endpoint_of_ratios_gets_a_ratio_and_a_resolution() -> None:
    _, (request,) = submit(queued(), model="fal-ai/nano-banana-2")
    body = json.loads(request.content)
    assert (body["aspect_ratio"], body["resolution"]) == ("16:9", "1K")
    assert "image_size" not in body


def test_an_input_image_goes_to_the_edit_endpoint() -> None:
    _, (request,) = submit(queued(), model="fal-ai/nano-banana-2", image=INPUT_IMAGE)
    assert request.url.path == "/fal-ai/nano-banana-2/edit"
    assert json.loads(request.content)["image_urls"] == [DATA_URI]


def test_a_negative_prompt_goes_where_it_is_known() -> None:
    _, (request,) = submit(queued(), model="fal-ai/ideogram/v3", negative_prompt="rain")
    body = json.loads(request.content)
    assert body["negative_prompt"] == "rain"
    assert "output_format" not in body


@pytest.mark.parametrize("changes", [{"model": "fal-ai/unheard-of"}, {"model": FAST, "image": INPUT_IMAGE}])
def test_what_an_endpoint_does_not_take_is_not_sent(changes: dict[str, Any]) -> None:
    assert submit_failure(**changes).failure is Failure.INVALID_INPUT


def test_takes_images_inside_the_answer_and_on_the_cdn() -> None:
    generated, _ = submit(made(DATA_URI, CDN_URL), count=2)
    assert isinstance(generated, Generated)
    assert generated.files == (
        InlineFile(content=PNG),
        RemoteFile(url=CDN_URL, allowed_hosts=(".fal.media",)),
    )


@pytest.mark.parametrize("flags", [[True], [False, True]])
def test_a_blackened_image_is_a_refusal(flags: list[bool]) -> None:
    assert submit_failure(made(DATA_URI, has_nsfw_concepts=flags)).failure is Failure.REFUSED


@pytest.mark.parametrize("flags", [[False], [], None, "true"])
def test_an_image_that_is_not_blackened_is_delivered(flags: object) -> None:
    generated, _ = submit(made(DATA_URI, has_nsfw_concepts=flags))
    assert isinstance(generated, Generated)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (model_error(422, "content_policy_violation"), Failure.REFUSED),
        (model_error(422, "string_too_long"), Failure.INVALID_INPUT),
        (model_error(500, "internal_server_error"), Failure.UNAVAILABLE),
        (httpx.Response(422, json={"detail": "plain words"}), Failure.INVALID_INPUT),
        (httpx.Response(401, json={"detail": "No user found"}), Failure.AUTH),
        (httpx.Response(429, json={"detail": "Too many"}), Failure.RATE_LIMITED),
        (httpx.Response(504, json={"detail": "x", "error_type": "request_timeout"}), Failure.UNAVAILABLE),
        (httpx.Response(504, headers={"x-fal-request-timeout-type": "user"}), Failure.UNAVAILABLE),
        (httpx.Response(503, headers={"x-fal-error-type": "runner_disconnected"}), Failure.UNAVAILABLE),
        (httpx.Response(500, text="<html>"), Failure.UNAVAILABLE),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
        (httpx.ConnectError("x"), Failure.UNAVAILABLE),
    ],
)
@pytest.mark.parametrize("model", [FAST, SLOW])
def test_says_failed_submits_in_our_words(answer: Answer, failure: Failure, model: str) -> None:
    assert submit_failure(answer, model=model).failure is failure


def test_an_account_that_may_not_buy_is_the_operators_matter() -> None:
    answer = httpx.Response(403, json={"detail": "Exhausted balance"})
    assert submit_failure(answer).failure in {Failure.QUOTA, Failure.AUTH}


def test_an_error_does_not_repeat_the_prompt() -> None:
    assert "fox" not in str(submit_failure(model_error(422, "content_policy_violation")))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"images": {}}),
        httpx.Response(200, json={"images": ["x"]}),
        made(),
        made(None),
        made("data:text/html;base64,AAAA"),
        made("data:image/png,AAAA"),
        made("data:image/png;base64,AAA"),
        made("data:image/png;base64,"),
        made("https://evil.example/a.png"),
        made("http://v3.fal.media/a.png"),
        made("https://v3.fal.media:1234/a.png"),
    ],
)
def test_an_answer_that_is_no_image_is_a_bad_reply(answer: httpx.Response) -> None:
    assert submit_failure(answer).failure is Failure.BAD_REPLY


@pytest.mark.parametrize("member", ["status_url", "response_url"])
@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "https://evil.example/x",
        "http://queue.fal.run/x",
        "https://fal.run/x",
        "https://queue.fal.run:1/x",
    ],
)
def test_the_key_goes_to_no_other_host_to_poll(member: str, url: object) -> None:
    assert submit_failure(queued(**{member: url}), model=SLOW).failure is Failure.BAD_REPLY


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
    working, _ = submit(queued(), model=SLOW)
    assert isinstance(working, Working)
    generated, requests = check(told("COMPLETED"), made(CDN_URL), ticket=working.ticket)
    assert str(requests[1].url) == RESPONSE_URL
    assert requests[1].headers["authorization"] == "Key k-test"
    assert generated == Generated(files=(RemoteFile(url=CDN_URL, allowed_hosts=(".fal.media",)),))


@pytest.mark.parametrize(
    ("answers", "failure"),
    [
        ([told("COMPLETED"), model_error(422, "content_policy_violation")], Failure.REFUSED),
        ([told("COMPLETED"), made(CDN_URL, has_nsfw_concepts=[True])], Failure.REFUSED),
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
        ([httpx.Response(404)], Failure.EXPIRED),
        ([httpx.Response(429)], Failure.RATE_LIMITED),
        ([httpx.Response(401)], Failure.UNKNOWN),
        ([httpx.Response(500)], Failure.UNKNOWN),
        ([httpx.Response(200, json={"status": None})], Failure.BAD_REPLY),
        ([httpx.Response(200, json=[])], Failure.BAD_REPLY),
    ],
)
def test_says_failed_look_ups_in_our_words(answers: list[Answer], failure: Failure) -> None:
    assert check_failure(*answers) is failure


@pytest.mark.parametrize(
    "ticket",
    [
        "",
        "[]",
        "{}",
        "nonsense",
        json.dumps({"status_url": STATUS_URL, "response_url": RESPONSE_URL, "count": 0}),
    ],
)
def test_a_ticket_that_is_not_ours_has_expired(ticket: str) -> None:
    assert check_failure(ticket=ticket) is Failure.EXPIRED


def test_a_stand_in_for_the_queue_alone_also_gets_the_fast_requests() -> None:
    script = Script(made("http://127.0.0.1:9/a.png"))
    credentials = Credentials(api_key="k", base_url="http://127.0.0.1:9")
    generated = Fal(script.client(), credentials).submit(REQUEST, model=FAST, timeout_s=5)
    assert script.requests[0].url.host == "127.0.0.1"
    assert isinstance(generated, Generated)
    assert generated.files == (
        RemoteFile(url="http://127.0.0.1:9/a.png", allowed_hosts=(".fal.media", "127.0.0.1")),
    )


def test_the_synchronous_host_has_a_stand_in_of_its_own() -> None:
    script = Script(made(DATA_URI))
    credentials = Credentials(api_key="k", sync_base_url="http://127.0.0.1:8")
    Fal(script.client(), credentials).submit(REQUEST, model=FAST, timeout_s=5)
    assert str(script.requests[0].url) == "http://127.0.0.1:8/fal-ai/flux/schnell"


@pytest.mark.parametrize("model", sorted(ENDPOINTS))
def test_every_endpoint_is_told_how_many_images(model: str) -> None:
    answers = [made(DATA_URI, DATA_URI)] if ENDPOINTS[model].answers_at_once else [queued()]
    _, (request,) = submit(*answers, model=model, count=2)
    assert json.loads(request.content)["num_images"] == 2
