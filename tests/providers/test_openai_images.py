"""OpenAI images: what is sent, what is understood."""

import json
from typing import Any, get_args

import httpx
import pytest
from openai.types import ImageGenerateParams, ImagesResponse
from openai.types.image_edit_params import ImageEditParamsNonStreaming
from openai.types.image_generate_params import ImageGenerateParamsNonStreaming
from pydantic import TypeAdapter

from corent.core.tiers import ImageFormat
from corent.core.upstream import Failure, Generated, InlineFile, UpstreamError
from corent.providers.credentials import Credentials
from corent.providers.openai_images import BASE_URL, OpenAIImages
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

# Every member is one of the openai package's ImagesResponse.
ANSWER = {
    "created": 1795341000,
    "background": "opaque",
    "output_format": "png",
    "quality": "medium",
    "size": "1360x768",
    "data": [{"b64_json": PNG_BASE64}],
    "usage": {
        "input_tokens": 12,
        "output_tokens": 1056,
        "total_tokens": 1068,
        "input_tokens_details": {"text_tokens": 12, "image_tokens": 0},
        "output_tokens_details": {"image_tokens": 1056, "text_tokens": 0},
    },
}
MODEL = "gpt-image-2:medium"


def submit(*answers: Answer, model: str = MODEL, **changes: Any) -> tuple[Generated, list[httpx.Request]]:
    script = Script(*answers)
    adapter = OpenAIImages(script.client(), CREDENTIALS, clock=FakeClock())
    return adapter.submit(asked(**changes), model=model, timeout_s=30), script.requests


def failure_of(answer: Answer) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        submit(answer)
    return caught.value


def error(
    status: int, *, code: str | None, kind: str = "invalid_request_error", **headers: str
) -> httpx.Response:
    body = {"error": {"message": "a red fox", "type": kind, "param": None, "code": code}}
    return httpx.Response(status, json=body, headers=headers)


def test_the_documented_answer_is_one_openai_could_give() -> None:
    assert ImagesResponse.model_validate(ANSWER).data


def test_a_text_to_image_request_has_the_documented_form() -> None:
    _, (request,) = submit(httpx.Response(200, json=ANSWER))
    assert (request.method, str(request.url)) == ("POST", "https://api.openai.com/v1/images/generations")
    assert request.headers["authorization"] == "Bearer k-test"
    assert json.loads(request.content) == {
        "model": "gpt-image-2",
        "prompt": "a red fox",
        "n": 1,
        "size": "1360x768",
        "quality": "medium",
        "output_format": "png",
    }


@pytest.mark.parametrize("image_format", list(ImageFormat))
def test_a_text_to_image_request_passes_openais_own_types(image_format: ImageFormat) -> None:
    _, (request,) = submit(httpx.Response(200, json=ANSWER), output_format=image_format)
    sent = json.loads(request.content)
    assert set(sent) <= set(ImageGenerateParamsNonStreaming.__annotations__)
    assert TypeAdapter(get_args(ImageGenerateParams)[0]).validate_python(sent) == sent


def test_a_model_without_a_quality_sends_none() -> None:
    _, (request,) = submit(httpx.Response(200, json=ANSWER), model="gpt-image-2")
    assert "quality" not in json.loads(request.content)


def test_an_input_image_goes_to_edits_as_a_form() -> None:
    _, (request,) = submit(httpx.Response(200, json=ANSWER), image=INPUT_IMAGE)
    assert request.url.path == "/v1/images/edits"
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="image"; filename="image.png"\r\nContent-Type: image/png\r\n\r\n' + PNG in request.content
    assert b'name="prompt"\r\n\r\na red fox\r\n' in request.content


def test_an_edit_sends_only_fields_openai_knows() -> None:
    _, (request,) = submit(httpx.Response(200, json=ANSWER), image=INPUT_IMAGE)
    names = {part.split(b'"')[1].decode() for part in request.content.split(b"form-data; name=")[1:]}
    assert names <= set(ImageEditParamsNonStreaming.__annotations__)
    assert {"model", "prompt", "n", "size", "quality", "output_format", "image"} == names


def test_hands_back_the_decoded_images() -> None:
    answer = {**ANSWER, "data": [{"b64_json": PNG_BASE64}, {"b64_json": PNG_BASE64}]}
    generated, _ = submit(httpx.Response(200, json=answer), count=2)
    assert generated.files == (InlineFile(content=PNG), InlineFile(content=PNG))


def test_more_images_than_asked_for_are_left_out() -> None:
    answer = {**ANSWER, "data": [{"b64_json": PNG_BASE64}] * 3}
    generated, _ = submit(httpx.Response(200, json=answer))
    assert len(generated.files) == 1


def test_the_tokens_of_the_answer_say_what_it_cost() -> None:
    generated, _ = submit(httpx.Response(200, json=ANSWER))
    assert generated.cost_micros == 12 * 5 + 1056 * 30


@pytest.mark.parametrize(
    "usage", [None, [], {}, {"output_tokens": True}, {"output_tokens": -1}, {"output_tokens": 10**30}]
)
def test_an_answer_without_tokens_says_no_cost(usage: object) -> None:
    generated, _ = submit(httpx.Response(200, json={**ANSWER, "usage": usage}))
    assert generated.cost_micros is None


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (error(400, code="moderation_blocked", kind="image_generation_user_error"), Failure.REFUSED),
        (error(400, code="content_policy_violation"), Failure.REFUSED),
        (error(400, code="billing_hard_limit_reached"), Failure.QUOTA),
        (error(429, code="rate_limit_exceeded"), Failure.RATE_LIMITED),
        (error(400, code=None), Failure.INVALID_INPUT),
        (error(401, code="invalid_api_key"), Failure.AUTH),
        (error(404, code="model_not_found"), Failure.INVALID_INPUT),
        (error(500, code=None, kind="server_error"), Failure.UNAVAILABLE),
        (httpx.Response(503, text="<html>upstream connect error</html>"), Failure.UNAVAILABLE),
        (httpx.Response(400, json=["moderation_blocked"]), Failure.INVALID_INPUT),
        (httpx.Response(400, json={"error": "moderation_blocked"}), Failure.INVALID_INPUT),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
        (httpx.ConnectError("x"), Failure.UNAVAILABLE),
    ],
)
def test_says_failures_in_our_words(answer: Answer, failure: Failure) -> None:
    assert failure_of(answer).failure is failure


def test_a_429_without_credit_is_not_worth_waiting_for() -> None:
    assert failure_of(error(429, code="insufficient_quota")).failure in {Failure.QUOTA, Failure.RATE_LIMITED}


def test_a_rate_limit_says_how_long_to_wait() -> None:
    answer = error(429, code="rate_limit_exceeded", **{"retry-after-ms": "1500"})
    assert failure_of(answer).retry_after_s == 1.5


def test_an_error_does_not_repeat_the_prompt_or_the_key() -> None:
    caught = failure_of(error(400, code="moderation_blocked"))
    assert "fox" not in str(caught)
    assert "k-test" not in str(caught)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=None),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"data": {}}),
        httpx.Response(200, json={"data": []}),
        httpx.Response(200, json={"data": [None]}),
        httpx.Response(200, json={"data": [{}]}),
        httpx.Response(200, json={"data": [{"b64_json": 5}]}),
        httpx.Response(200, json={"data": [{"b64_json": ""}]}),
        httpx.Response(200, json={"data": [{"b64_json": "=="}]}),
        httpx.Response(200, json={"data": [{"b64_json": "====" + PNG_BASE64}]}),
        httpx.Response(200, json={"data": [{"b64_json": "<!>?" + PNG_BASE64}]}),
        httpx.Response(200, json={"data": [{"b64_json": PNG_BASE64[:-3]}]}),
        httpx.Response(200, json={"data": [{"b64_json": "\u00e9" * 4}]}),
        httpx.Response(200, json={"data": [{"url": "https://elsewhere.example/a.png"}]}),
        httpx.Response(204),
        httpx.Response(302, headers={"location": "https://elsewhere.example"}),
    ],
)
def test_an_answer_that_is_no_image_is_a_bad_reply(answer: httpx.Response) -> None:
    assert failure_of(answer).failure is Failure.BAD_REPLY


def test_fewer_images_than_asked_for_are_a_bad_reply() -> None:
    with pytest.raises(UpstreamError) as caught:
        submit(httpx.Response(200, json=ANSWER), count=2)
    assert caught.value.failure is Failure.BAD_REPLY


def test_a_ticket_is_never_one_of_openais() -> None:
    adapter = OpenAIImages(Script().client(), CREDENTIALS)
    with pytest.raises(UpstreamError) as caught:
        adapter.check("{}", timeout_s=1)
    assert caught.value.failure is Failure.EXPIRED


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:9", "http://127.0.0.1:9/v1"])
def test_a_stand_in_is_asked_instead(base_url: str) -> None:
    script = Script(httpx.Response(200, json=ANSWER))
    credentials = Credentials(api_key="k", base_url=base_url)
    OpenAIImages(script.client(), credentials).submit(REQUEST, model=MODEL, timeout_s=5)
    assert str(script.requests[0].url) == "http://127.0.0.1:9/v1/images/generations"
    assert BASE_URL == "https://api.openai.com/v1"
