"""Together images: what is sent, what is understood."""

import json
from typing import Any

import httpx
import pytest

from corent.core.upstream import Failure, Generated, InlineFile, UpstreamError
from corent.providers.credentials import Credentials
from corent.providers.together import BASE_URL, TogetherImages
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

MODEL = "black-forest-labs/FLUX.1-schnell"
IMAGE = {"index": 0, "type": "b64_json", "b64_json": PNG_BASE64}
ANSWER = {"id": "o1", "model": MODEL, "object": "list", "data": [IMAGE]}


def submit(*answers: Answer, **changes: Any) -> tuple[Generated, list[httpx.Request]]:
    script = Script(*answers)
    adapter = TogetherImages(script.client(), CREDENTIALS, clock=FakeClock())
    return adapter.submit(asked(**changes), model=MODEL, timeout_s=30), script.requests


def failure_of(*answers: Answer, **changes: Any) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        submit(*answers, **changes)
    return caught.value


def error(status: int, *, code: str | None = None, **headers: str) -> httpx.Response:
    body = {"error": {"message": "a red fox", "type": "invalid_request_error", "param": None, "code": code}}
    return httpx.Response(status, json=body, headers=headers)


def test_a_request_has_the_documented_form() -> None:
    answer = {**ANSWER, "data": [IMAGE, {**IMAGE, "index": 1}]}
    _, (request,) = submit(httpx.Response(200, json=answer), count=2, seed=7, negative_prompt="rain")
    address = "https://api.together.ai/v1/images/generations"
    assert (request.method, str(request.url)) == ("POST", address)
    assert request.headers["authorization"] == "Bearer k-test"
    assert json.loads(request.content) == {
        "model": MODEL,
        "prompt": "a red fox",
        "n": 2,
        "width": 1360,
        "height": 768,
        "response_format": "base64",
        "output_format": "png",
        "negative_prompt": "rain",
        "seed": 7,
    }


def test_what_was_not_asked_for_is_not_sent() -> None:
    _, (request,) = submit(httpx.Response(200, json=ANSWER))
    assert not {"negative_prompt", "seed"} & set(json.loads(request.content))


def test_hands_back_the_decoded_images() -> None:
    generated, _ = submit(httpx.Response(200, json={**ANSWER, "data": [IMAGE, IMAGE]}), count=2)
    assert generated == Generated(files=(InlineFile(content=PNG),) * 2)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (error(400), Failure.INVALID_INPUT),
        (error(400, code="content_policy_violation"), Failure.REFUSED),
        (error(401, code="invalid_api_key"), Failure.AUTH),
        (error(402), Failure.QUOTA),
        (error(404, code="model_not_available"), Failure.INVALID_INPUT),
        (error(422), Failure.INVALID_INPUT),
        (error(429), Failure.RATE_LIMITED),
        (error(500), Failure.UNAVAILABLE),
        (error(503), Failure.UNAVAILABLE),
        (httpx.Response(503, text="<html>upstream connect error</html>"), Failure.UNAVAILABLE),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
        (httpx.ConnectError("x"), Failure.UNAVAILABLE),
    ],
)
def test_says_failures_in_our_words(answer: Answer, failure: Failure) -> None:
    assert failure_of(answer).failure is failure


@pytest.mark.parametrize(("headers", "wait_s"), [({"retry-after": "2"}, 2.0), ({}, None)])
def test_a_rate_limit_may_say_how_long_to_wait(headers: dict[str, str], wait_s: float | None) -> None:
    assert failure_of(error(429, **headers)).retry_after_s == wait_s


def test_an_error_does_not_repeat_the_prompt_or_the_key() -> None:
    caught = failure_of(error(400))
    assert "fox" not in str(caught)
    assert "k-test" not in str(caught)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, content=b'{"id":"o1","data":[{"b64_json":"iVBOR'),
        httpx.Response(200, json=None),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"data": {}}),
        httpx.Response(200, json={"data": []}),
        httpx.Response(200, json={"data": [None]}),
        httpx.Response(200, json={"data": [{}]}),
        httpx.Response(200, json={"data": [{**IMAGE, "b64_json": PNG_BASE64[:-3]}]}),
        # An address was not asked for, and nobody says on which hosts it may lie.
        httpx.Response(
            200, json={"data": [{"index": 0, "type": "url", "url": "https://elsewhere.example/"}]}
        ),
        httpx.Response(204),
    ],
)
def test_an_answer_that_is_no_image_is_a_bad_reply(answer: httpx.Response) -> None:
    assert failure_of(answer).failure is Failure.BAD_REPLY


def test_fewer_images_than_asked_for_are_a_bad_reply() -> None:
    assert failure_of(httpx.Response(200, json=ANSWER), count=2).failure is Failure.BAD_REPLY


def test_an_input_image_is_not_bought() -> None:
    assert failure_of(image=INPUT_IMAGE).failure is Failure.INVALID_INPUT


def test_a_ticket_is_never_one_of_theirs() -> None:
    with pytest.raises(UpstreamError) as caught:
        TogetherImages(Script().client(), CREDENTIALS).check("{}", timeout_s=1)
    assert caught.value.failure is Failure.EXPIRED


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:9", "http://127.0.0.1:9/v1"])
def test_a_stand_in_is_asked_instead(base_url: str) -> None:
    script = Script(httpx.Response(200, json=ANSWER))
    credentials = Credentials(api_key="k", base_url=base_url)
    TogetherImages(script.client(), credentials).submit(REQUEST, model=MODEL, timeout_s=5)
    assert str(script.requests[0].url) == "http://127.0.0.1:9/v1/images/generations"
    assert BASE_URL == "https://api.together.ai"
