"""Servers of the operator's own that speak OpenAI's images API."""

import json
from typing import Any

import httpx
import pytest

from corent.core.upstream import Failure, Generated, InlineFile, RemoteFile, UpstreamError
from corent.providers.credentials import Credentials
from corent.providers.openai_images import SelfHostedImages
from tests.providers.doubles import PNG, PNG_BASE64, Answer, FakeClock, Script, asked

BASE_URL = "http://gpu.example:8091/v1"
ANSWER = {"created": 1795341000, "data": [{"b64_json": PNG_BASE64, "url": None}]}


def submit(
    *answers: Answer, model: str = "default", api_key: str = "", **changes: Any
) -> tuple[Generated, list[dict[str, object]]]:
    script = Script(*answers)
    credentials = Credentials(api_key=api_key, base_url=BASE_URL)
    adapter = SelfHostedImages(script.client(), credentials, clock=FakeClock())
    generated = adapter.submit(asked(**changes), model=model, timeout_s=30)
    assert {str(request.url) for request in script.requests} == {f"{BASE_URL}/images/generations"}
    return generated, [json.loads(request.content) for request in script.requests]


def failure_of(*answers: Answer, **changes: Any) -> Failure:
    with pytest.raises(UpstreamError) as caught:
        submit(*answers, **changes)
    return caught.value.failure


def test_sends_the_five_fields_every_such_server_knows() -> None:
    _, (body,) = submit(httpx.Response(200, json=ANSWER), seed=7, negative_prompt="rain")
    assert body == {
        "model": "default",
        "prompt": "a red fox",
        "n": 1,
        "size": "1360x768",
        "response_format": "b64_json",
    }


@pytest.mark.parametrize(("api_key", "header"), [("", None), ("k", "Bearer k")])
def test_sends_a_key_only_where_there_is_one(api_key: str, header: str | None) -> None:
    script = Script(httpx.Response(200, json=ANSWER))
    adapter = SelfHostedImages(script.client(), Credentials(api_key=api_key, base_url=BASE_URL))
    adapter.submit(asked(), model="default", timeout_s=5)
    assert script.requests[0].headers.get("authorization") == header


@pytest.mark.parametrize(
    "refusal",
    [
        httpx.Response(400, json={"error": {"message": "Unknown parameter: 'response_format'."}}),
        httpx.Response(422, json={"detail": [{"loc": ["body", "response_format"], "msg": "x", "type": "y"}]}),
        httpx.Response(400, text="response_format is not supported"),
    ],
)
def test_a_server_that_refuses_the_response_format_is_asked_without(refusal: httpx.Response) -> None:
    _, bodies = submit(refusal, httpx.Response(200, json=ANSWER))
    assert "response_format" not in bodies[1]
    assert {**bodies[1], "response_format": "b64_json"} == bodies[0]


def test_a_server_that_wants_its_own_model_name_is_asked_without_one() -> None:
    refusal = httpx.Response(400, json={"detail": "Model mismatch"})
    _, bodies = submit(refusal, httpx.Response(200, json=ANSWER))
    assert "model" not in bodies[1]


def test_a_model_the_operator_chose_is_never_left_out() -> None:
    refusal = httpx.Response(404, json={"error": {"message": "The model does not exist."}})
    assert failure_of(refusal, model="qwen-image") is Failure.INVALID_INPUT


def test_gives_up_once_there_is_nothing_left_to_leave_out() -> None:
    refusals = [httpx.Response(400, text="response_format and model") for _ in range(3)]
    assert failure_of(*refusals) is Failure.INVALID_INPUT


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (httpx.Response(400, json={"detail": "size must be WxH"}), Failure.INVALID_INPUT),
        (
            httpx.Response(422, json={"detail": [{"loc": ["body", "n"], "msg": "x", "type": "y"}]}),
            Failure.INVALID_INPUT,
        ),
        (httpx.Response(401, json={"detail": "Unauthorized"}), Failure.AUTH),
        (httpx.Response(500, text="CUDA out of memory"), Failure.UNAVAILABLE),
        (httpx.Response(503, json={"detail": "not ready"}), Failure.UNAVAILABLE),
        (httpx.Response(400, json={"error": {"code": "content_policy_violation"}}), Failure.REFUSED),
        (httpx.RemoteProtocolError("x"), Failure.UNKNOWN),
        (httpx.Response(200, json={"data": [{}]}), Failure.BAD_REPLY),
        (httpx.Response(200, json={"data": [{"url": 5}]}), Failure.BAD_REPLY),
        (httpx.Response(200, json={"data": [{"url": "http://[::1"}]}), Failure.BAD_REPLY),
    ],
)
def test_says_failures_in_our_words(answer: Answer, failure: Failure) -> None:
    assert failure_of(answer) is failure


def test_takes_an_image_inside_the_answer() -> None:
    generated, _ = submit(httpx.Response(200, json=ANSWER))
    assert generated == Generated(files=(InlineFile(content=PNG),))


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("/images/a.png", "http://gpu.example:8091/images/a.png"),
        ("http://gpu.example:8091/images/a.png", "http://gpu.example:8091/images/a.png"),
    ],
)
def test_takes_an_image_at_an_address_of_the_server(url: str, whole: str) -> None:
    generated, _ = submit(httpx.Response(200, json={"data": [{"url": url}]}), api_key="k")
    assert generated.files == (
        RemoteFile(url=whole, allowed_hosts=("gpu.example",), headers=(("Authorization", "Bearer k"),)),
    )


@pytest.mark.parametrize(
    "url",
    ["//evil.example/a.png", "https://gpu.example/a.png", "http://gpu.example:6379/", "file:///etc/passwd"],
)
def test_an_image_anywhere_else_is_a_bad_reply(url: str) -> None:
    assert failure_of(httpx.Response(200, json={"data": [{"url": url}]})) is Failure.BAD_REPLY


def test_there_is_no_server_without_an_address() -> None:
    with pytest.raises(ValueError, match="base_url"):
        SelfHostedImages(Script().client(), Credentials(api_key=""))
