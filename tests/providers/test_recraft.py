"""Recraft images: what is sent, what is understood."""

import json
from typing import Any

import httpx
import pytest

from corent.core.tiers import AspectRatio, ImageFormat
from corent.core.upstream import Failure, Generated, InlineFile, RemoteFile, UpstreamError
from corent.providers.credentials import Credentials
from corent.providers.recraft import BASE_URL, HOSTS, Recraft
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

MODEL = "recraftv4_1"
IMAGE = {"image_id": "b1c0", "b64_json": PNG_BASE64}
ANSWER = {"created": 1795341000, "credits": 35, "data": [IMAGE]}


def submit(*answers: Answer, model: str = MODEL, **changes: Any) -> tuple[Generated, list[httpx.Request]]:
    script = Script(*answers)
    adapter = Recraft(script.client(), CREDENTIALS, clock=FakeClock())
    return adapter.submit(asked(**changes), model=model, timeout_s=30), script.requests


def failure_of(*answers: Answer, **changes: Any) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        submit(*answers, **changes)
    return caught.value


def error(status: int, *, code: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": "a red fox"}, headers=headers)


def test_a_request_has_the_documented_form() -> None:
    answer = {**ANSWER, "data": [IMAGE, IMAGE]}
    _, (request,) = submit(
        httpx.Response(200, json=answer), model="recraftv3", count=2, seed=7, negative_prompt="rain"
    )
    address = "https://external.api.recraft.ai/v1/images/generations"
    assert (request.method, str(request.url)) == ("POST", address)
    assert request.headers["authorization"] == "Bearer k-test"
    assert json.loads(request.content) == {
        "model": "recraftv3",
        "prompt": "a red fox",
        "n": 2,
        "size": "16:9",
        "response_format": "b64_json",
        "image_format": "png",
        "negative_prompt": "rain",
        "random_seed": 7,
    }


def test_a_long_prompt_goes_to_the_models_that_take_one() -> None:
    _, (request,) = submit(httpx.Response(200, json=ANSWER), prompt="f" * 4_000)
    assert len(json.loads(request.content)["prompt"]) == 4_000


def test_what_was_not_asked_for_is_not_sent() -> None:
    _, (request,) = submit(httpx.Response(200, json=ANSWER))
    assert not {"negative_prompt", "random_seed"} & set(json.loads(request.content))


@pytest.mark.parametrize("image_format", [ImageFormat.PNG, ImageFormat.WEBP])
def test_the_format_is_passed_on(image_format: ImageFormat) -> None:
    _, (request,) = submit(httpx.Response(200, json=ANSWER), output_format=image_format)
    assert json.loads(request.content)["image_format"] == image_format.value


def test_hands_back_the_images_and_what_they_cost() -> None:
    generated, _ = submit(httpx.Response(200, json={**ANSWER, "credits": 70, "data": [IMAGE] * 2}), count=2)
    assert generated == Generated(files=(InlineFile(content=PNG),) * 2, cost_micros=70_000)


def test_an_image_may_come_as_an_address() -> None:
    url = "https://img.recraft.ai/b1c0"
    generated, _ = submit(httpx.Response(200, json={**ANSWER, "data": [{"image_id": "b1c0", "url": url}]}))
    assert generated.files == (RemoteFile(url=url, allowed_hosts=HOSTS),)


@pytest.mark.parametrize("units", [None, -1, "35", 1.5, True, 10**12])
def test_units_that_are_none_say_no_cost(units: object) -> None:
    generated, _ = submit(httpx.Response(200, json={**ANSWER, "credits": units}))
    assert generated.cost_micros is None


def test_more_images_than_asked_for_are_left_out() -> None:
    generated, _ = submit(httpx.Response(200, json={**ANSWER, "data": [IMAGE] * 3}))
    assert len(generated.files) == 1


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (error(400, code="invalid_request"), Failure.INVALID_INPUT),
        (error(401, code="unauthorized"), Failure.AUTH),
        (error(402, code="x"), Failure.QUOTA),
        (error(404, code="x"), Failure.INVALID_INPUT),
        (error(429, code="too_many_requests"), Failure.RATE_LIMITED),
        (error(500, code="x"), Failure.UNAVAILABLE),
        (httpx.Response(503, text="<html>upstream connect error</html>"), Failure.UNAVAILABLE),
        (httpx.Response(400, json=["moderation"]), Failure.INVALID_INPUT),
        (httpx.Response(400, json={"code": 7}), Failure.INVALID_INPUT),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
        (httpx.ConnectError("x"), Failure.UNAVAILABLE),
    ],
)
def test_says_failures_in_our_words(answer: Answer, failure: Failure) -> None:
    assert failure_of(answer).failure is failure


# Whether Recraft uses these words is not known; that they would be understood is.
@pytest.mark.parametrize(
    ("code", "failure"),
    [("content_moderation", Failure.REFUSED), ("not_enough_credits", Failure.QUOTA)],
)
def test_a_code_that_speaks_for_itself_is_understood(code: str, failure: Failure) -> None:
    assert failure_of(error(400, code=code)).failure is failure


@pytest.mark.parametrize(("headers", "wait_s"), [({"retry-after": "2"}, 2.0), ({}, None)])
def test_a_rate_limit_may_say_how_long_to_wait(headers: dict[str, str], wait_s: float | None) -> None:
    assert failure_of(error(429, code="too_many_requests", **headers)).retry_after_s == wait_s


def test_an_error_does_not_repeat_the_prompt_or_the_key() -> None:
    caught = failure_of(error(400, code="invalid_request"))
    assert "fox" not in str(caught)
    assert "k-test" not in str(caught)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, content=b'{"created":1795341000,"da'),
        httpx.Response(200, json=None),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"data": {}}),
        httpx.Response(200, json={"data": []}),
        httpx.Response(200, json={"data": [None]}),
        httpx.Response(200, json={"data": [{}]}),
        httpx.Response(200, json={"data": [{"b64_json": 5}]}),
        httpx.Response(200, json={"data": [{"b64_json": PNG_BASE64[:-3]}]}),
        httpx.Response(200, json={"data": [{"url": "https://elsewhere.example/a.png"}]}),
        httpx.Response(200, json={"data": [{"url": "http://img.recraft.ai/a.png"}]}),
        httpx.Response(204),
    ],
)
def test_an_answer_that_is_no_image_is_a_bad_reply(answer: httpx.Response) -> None:
    assert failure_of(answer).failure is Failure.BAD_REPLY


def test_fewer_images_than_asked_for_are_a_bad_reply() -> None:
    assert failure_of(httpx.Response(200, json=ANSWER), count=2).failure is Failure.BAD_REPLY


@pytest.mark.parametrize(
    "changes",
    [
        {"aspect_ratio": AspectRatio.CINEMA},
        {"image": INPUT_IMAGE},
        {"model": "recraftv3", "prompt": "f" * 1_001},
    ],
)
def test_what_it_does_not_take_is_not_bought(changes: dict[str, Any]) -> None:
    assert failure_of(**changes).failure is Failure.INVALID_INPUT


def test_a_ticket_is_never_one_of_theirs() -> None:
    with pytest.raises(UpstreamError) as caught:
        Recraft(Script().client(), CREDENTIALS).check("{}", timeout_s=1)
    assert caught.value.failure is Failure.EXPIRED


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:9", "http://127.0.0.1:9/v1"])
def test_a_stand_in_is_asked_instead(base_url: str) -> None:
    script = Script(httpx.Response(200, json=ANSWER))
    credentials = Credentials(api_key="k", base_url=base_url)
    Recraft(script.client(), credentials).submit(REQUEST, model=MODEL, timeout_s=5)
    assert str(script.requests[0].url) == "http://127.0.0.1:9/v1/images/generations"
    assert BASE_URL == "https://external.api.recraft.ai/v1"
