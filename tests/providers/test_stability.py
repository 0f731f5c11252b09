"""Stability images: what is sent, what is understood."""

import re
from typing import Any

import httpx
import pytest

from corent.core.tiers import AspectRatio, ImageFormat
from corent.core.upstream import Failure, Generated, InlineFile, UpstreamError
from corent.providers.credentials import Credentials
from corent.providers.stability import BASE_URL, MODELS, Stability
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
    client,
)

ANSWER = {"image": PNG_BASE64, "finish_reason": "SUCCESS", "seed": 343940597}
FILTERED = httpx.Response(200, json={**ANSWER, "finish_reason": "CONTENT_FILTERED"})
FIELD = re.compile(rb'name="([^"]+)"\r\n\r\n(.*?)\r\n--', re.DOTALL)


def fields_of(request: httpx.Request) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in FIELD.findall(request.content)}


def submit(
    *answers: Answer, model: str = "stable-image-core", **changes: Any
) -> tuple[Generated, list[httpx.Request]]:
    script = Script(*answers)
    adapter = Stability(script.client(), CREDENTIALS, clock=FakeClock())
    return adapter.submit(asked(**changes), model=model, timeout_s=30), script.requests


def failure_of(*answers: Answer, **changes: Any) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        submit(*answers, **changes)
    return caught.value


def error(status: int, *, name: str, **headers: str) -> httpx.Response:
    body = {"id": "2a1b", "name": name, "errors": ["a red fox was flagged, you were not charged."]}
    return httpx.Response(status, json=body, headers=headers)


def test_a_request_has_the_documented_form() -> None:
    _, (request,) = submit(httpx.Response(200, json=ANSWER), seed=7, negative_prompt="rain")
    address = "https://api.stability.ai/v2beta/stable-image/generate/core"
    assert (request.method, str(request.url)) == ("POST", address)
    assert request.headers["authorization"] == "Bearer k-test"
    assert request.headers["accept"] == "application/json"
    assert fields_of(request) == {
        "prompt": "a red fox",
        "aspect_ratio": "16:9",
        "output_format": "png",
        "negative_prompt": "rain",
        "seed": "8",
    }


def test_a_request_without_a_file_is_multipart_all_the_same() -> None:
    _, (request,) = submit(httpx.Response(200, json=ANSWER))
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b"filename" not in request.content


def test_what_was_not_asked_for_is_not_sent() -> None:
    _, (request,) = submit(httpx.Response(200, json=ANSWER))
    assert set(fields_of(request)) == {"prompt", "aspect_ratio", "output_format"}


@pytest.mark.parametrize(
    ("model", "path", "field"),
    [
        ("stable-image-core", "core", None),
        ("stable-image-ultra", "ultra", None),
        ("sd3.5-large", "sd3", "sd3.5-large"),
        ("sd3.5-large-turbo", "sd3", "sd3.5-large-turbo"),
        ("sd3.5-medium", "sd3", "sd3.5-medium"),
    ],
)
def test_each_model_has_its_path_and_some_a_field(model: str, path: str, field: str | None) -> None:
    _, (request,) = submit(httpx.Response(200, json=ANSWER), model=model)
    assert request.url.path == f"/v2beta/stable-image/generate/{path}"
    assert fields_of(request).get("model") == field
    assert model in MODELS


@pytest.mark.parametrize("image_format", list(ImageFormat))
def test_the_format_is_passed_on(image_format: ImageFormat) -> None:
    _, (request,) = submit(httpx.Response(200, json=ANSWER), output_format=image_format)
    assert fields_of(request)["output_format"] == image_format.value


def test_hands_back_the_decoded_image() -> None:
    generated, _ = submit(httpx.Response(200, json=ANSWER))
    assert generated == Generated(files=(InlineFile(content=PNG),))


def test_n_images_are_n_calls_with_seeds_of_their_own() -> None:
    generated, requests = submit(*[httpx.Response(200, json=ANSWER) for _ in range(4)], count=4, seed=0)
    assert len(generated.files) == 4
    # None of them is 0, which would be any.
    assert sorted(fields_of(request)["seed"] for request in requests) == ["1", "2", "3", "4"]


def test_one_refusal_among_several_is_a_refusal_of_the_whole() -> None:
    answers = [httpx.Response(200, json=ANSWER), FILTERED, httpx.Response(200, json=ANSWER)]
    assert failure_of(*answers, count=3).failure is Failure.REFUSED


def test_a_lost_answer_among_several_outweighs_the_others() -> None:
    def by_seed(request: httpx.Request) -> httpx.Response:
        if fields_of(request)["seed"] == "1":
            return error(429, name="rate_limit_exceeded")
        raise httpx.ReadTimeout("x")

    adapter = Stability(client(by_seed), CREDENTIALS, clock=FakeClock())
    with pytest.raises(UpstreamError) as caught:
        adapter.submit(asked(count=2, seed=0), model="stable-image-core", timeout_s=30)
    assert caught.value.failure is Failure.UNKNOWN


def test_a_filtered_image_in_a_200_is_a_refusal() -> None:
    assert failure_of(FILTERED).failure is Failure.REFUSED


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (error(403, name="content_moderation"), Failure.REFUSED),
        (error(403, name="forbidden"), Failure.AUTH),
        (error(401, name="unauthorized"), Failure.AUTH),
        (error(402, name="payment_required"), Failure.QUOTA),
        (error(400, name="bad_request"), Failure.INVALID_INPUT),
        (error(413, name="payload_too_large"), Failure.INVALID_INPUT),
        (error(422, name="unprocessable_entity"), Failure.INVALID_INPUT),
        (error(429, name="rate_limit_exceeded"), Failure.RATE_LIMITED),
        (error(500, name="internal_error"), Failure.UNAVAILABLE),
        (httpx.Response(503, text="<html>upstream connect error</html>"), Failure.UNAVAILABLE),
        (httpx.Response(403, json=["content_moderation"]), Failure.AUTH),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
        (httpx.ConnectError("x"), Failure.UNAVAILABLE),
    ],
)
def test_says_failures_in_our_words(answer: Answer, failure: Failure) -> None:
    assert failure_of(answer).failure is failure


@pytest.mark.parametrize(("headers", "wait_s"), [({"retry-after": "60"}, 60.0), ({}, None)])
def test_a_rate_limit_may_say_how_long_to_wait(headers: dict[str, str], wait_s: float | None) -> None:
    assert failure_of(error(429, name="rate_limit_exceeded", **headers)).retry_after_s == wait_s


def test_an_error_does_not_repeat_the_prompt_or_the_key() -> None:
    caught = failure_of(error(403, name="content_moderation"))
    assert "fox" not in str(caught)
    assert "k-test" not in str(caught)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, content=b'{"image":"iVBOR'),
        httpx.Response(200, json=None),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"image": PNG_BASE64}),
        httpx.Response(200, json={**ANSWER, "finish_reason": "ERROR"}),
        httpx.Response(200, json={**ANSWER, "finish_reason": 7}),
        httpx.Response(200, json={**ANSWER, "image": None}),
        httpx.Response(200, json={**ANSWER, "image": ""}),
        httpx.Response(200, json={**ANSWER, "image": PNG_BASE64[:-3]}),
        httpx.Response(200, content=PNG),
        httpx.Response(204),
    ],
)
def test_an_answer_that_is_no_image_is_a_bad_reply(answer: httpx.Response) -> None:
    assert failure_of(answer).failure is Failure.BAD_REPLY


@pytest.mark.parametrize(
    "changes",
    [
        {"aspect_ratio": AspectRatio.LANDSCAPE_4_3},
        {"aspect_ratio": AspectRatio.PORTRAIT_3_4},
        {"image": INPUT_IMAGE},
        {"model": "stable-video"},
    ],
)
def test_what_it_does_not_take_is_not_bought(changes: dict[str, Any]) -> None:
    assert failure_of(**changes).failure is Failure.INVALID_INPUT


def test_a_ticket_is_never_one_of_theirs() -> None:
    with pytest.raises(UpstreamError) as caught:
        Stability(Script().client(), CREDENTIALS).check("{}", timeout_s=1)
    assert caught.value.failure is Failure.EXPIRED


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:9", "http://127.0.0.1:9/v2beta"])
def test_a_stand_in_is_asked_instead(base_url: str) -> None:
    script = Script(httpx.Response(200, json=ANSWER))
    credentials = Credentials(api_key="k", base_url=base_url)
    Stability(script.client(), credentials).submit(REQUEST, model="stable-image-core", timeout_s=5)
    assert str(script.requests[0].url) == "http://127.0.0.1:9/v2beta/stable-image/generate/core"
    assert BASE_URL == "https://api.stability.ai/v2beta"
