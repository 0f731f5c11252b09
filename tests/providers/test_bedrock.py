"""Bedrock images: what is sent, how it is signed, what is understood."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from corent.core.tiers import AspectRatio, ImageFormat
from corent.core.upstream import Failure, Generated, InlineFile, UpstreamError
from corent.providers._http import make_client
from corent.providers.bedrock import BASE_URL, Bedrock
from corent.providers.credentials import Credentials
from tests.providers.doubles import (
    INPUT_IMAGE,
    KEY,
    PNG,
    PNG_BASE64,
    REQUEST,
    Answer,
    FakeClock,
    Script,
    asked,
    client,
)
from tests.raw_server import RawServer, ok, sends

MODEL = "stability.stable-image-core-v1:1"
PATH = "/model/stability.stable-image-core-v1%3A1/invoke"
ANSWER = {"seeds": [2130420379], "finish_reasons": [None], "images": [PNG_BASE64]}
FILTERED = httpx.Response(200, json={"finish_reasons": ["Filter reason: prompt"]})
KEYLESS = Credentials(api_key="")


def submit(*answers: Answer, model: str = MODEL, **changes: Any) -> tuple[Generated, list[httpx.Request]]:
    script = Script(*answers)
    adapter = Bedrock(script.client(), KEYLESS, clock=FakeClock())
    return adapter.submit(asked(**changes), model=model, timeout_s=30), script.requests


def failure_of(*answers: Answer, **changes: Any) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        submit(*answers, **changes)
    return caught.value


def error(status: int, *, kind: str, **headers: str) -> httpx.Response:
    said = {"x-amzn-errortype": f"{kind}:http://internal.amazon.com/coral/", **headers}
    return httpx.Response(status, json={"message": "a red fox"}, headers=said)


def test_a_request_has_the_documented_form() -> None:
    _, (request,) = submit(httpx.Response(200, json=ANSWER), seed=7, negative_prompt="rain")
    assert (request.method, request.url.host) == ("POST", "bedrock-runtime.us-west-2.amazonaws.com")
    assert request.url.raw_path.decode() == PATH
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == {
        "prompt": "a red fox",
        "aspect_ratio": "16:9",
        "output_format": "png",
        "negative_prompt": "rain",
        "seed": 8,
    }


def test_what_was_not_asked_for_is_not_sent() -> None:
    _, (request,) = submit(httpx.Response(200, json=ANSWER))
    assert set(json.loads(request.content)) == {"prompt", "aspect_ratio", "output_format"}


@pytest.mark.parametrize("image_format", [ImageFormat.PNG, ImageFormat.JPEG])
def test_the_format_is_passed_on(image_format: ImageFormat) -> None:
    _, (request,) = submit(httpx.Response(200, json=ANSWER), output_format=image_format)
    assert json.loads(request.content)["output_format"] == image_format.value


def test_hands_back_the_decoded_image() -> None:
    generated, _ = submit(httpx.Response(200, json=ANSWER))
    assert generated == Generated(files=(InlineFile(content=PNG),))


def test_n_images_are_n_calls_with_seeds_of_their_own() -> None:
    generated, requests = submit(*[httpx.Response(200, json=ANSWER) for _ in range(4)], count=4, seed=0)
    assert len(generated.files) == 4
    # None of them is 0, which would be any.
    assert sorted(json.loads(request.content)["seed"] for request in requests) == [1, 2, 3, 4]


def test_one_refusal_among_several_is_a_refusal_of_the_whole() -> None:
    assert failure_of(httpx.Response(200, json=ANSWER), FILTERED, count=2).failure is Failure.REFUSED


def test_a_lost_answer_among_several_outweighs_the_others() -> None:
    def by_seed(request: httpx.Request) -> httpx.Response:
        if json.loads(request.content)["seed"] == 1:
            return error(429, kind="ThrottlingException")
        raise httpx.ReadTimeout("x")

    adapter = Bedrock(client(by_seed), KEYLESS, clock=FakeClock())
    with pytest.raises(UpstreamError) as caught:
        adapter.submit(asked(count=2, seed=0), model=MODEL, timeout_s=30)
    assert caught.value.failure is Failure.UNKNOWN


@pytest.mark.parametrize(
    "reason", ["Filter reason: prompt", "Filter reason: output image", "Filter reason: input image", "other"]
)
def test_a_reason_in_a_200_is_a_refusal(reason: str) -> None:
    answer = httpx.Response(200, json={**ANSWER, "finish_reasons": [reason]})
    assert failure_of(answer).failure is Failure.REFUSED


def test_an_error_of_the_model_in_a_200_is_no_refusal() -> None:
    answer = httpx.Response(200, json={"finish_reasons": ["Inference error"]})
    assert failure_of(answer).failure is Failure.UNAVAILABLE


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (error(403, kind="AccessDeniedException"), Failure.AUTH),
        (error(400, kind="ValidationException"), Failure.INVALID_INPUT),
        (error(400, kind="ServiceQuotaExceededException"), Failure.QUOTA),
        (error(404, kind="ResourceNotFoundException"), Failure.INVALID_INPUT),
        (error(408, kind="ModelTimeoutException"), Failure.UNAVAILABLE),
        (error(424, kind="ModelErrorException"), Failure.UNAVAILABLE),
        (error(429, kind="ThrottlingException"), Failure.RATE_LIMITED),
        (error(429, kind="ModelNotReadyException"), Failure.UNAVAILABLE),
        (error(500, kind="InternalServerException"), Failure.UNAVAILABLE),
        (error(503, kind="ServiceUnavailableException"), Failure.UNAVAILABLE),
        (httpx.Response(424), Failure.UNAVAILABLE),
        (httpx.Response(429), Failure.RATE_LIMITED),
        (httpx.Response(503, text="<html>"), Failure.UNAVAILABLE),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
        (httpx.ConnectError("x"), Failure.UNAVAILABLE),
    ],
)
def test_says_failures_in_our_words(answer: Answer, failure: Failure) -> None:
    assert failure_of(answer).failure is failure


@pytest.mark.parametrize(("headers", "wait_s"), [({"retry-after": "2"}, 2.0), ({}, None)])
def test_a_rate_limit_may_say_how_long_to_wait(headers: dict[str, str], wait_s: float | None) -> None:
    assert failure_of(error(429, kind="ThrottlingException", **headers)).retry_after_s == wait_s


def test_an_error_does_not_repeat_the_prompt() -> None:
    assert "fox" not in str(failure_of(error(400, kind="ValidationException")))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, content=b'{"seeds":[1],"images":["iVBOR'),
        httpx.Response(200, json=None),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"images": {}}),
        httpx.Response(200, json={"images": []}),
        httpx.Response(200, json={**ANSWER, "images": [None]}),
        httpx.Response(200, json={**ANSWER, "images": [PNG_BASE64[:-3]]}),
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
    ],
)
def test_what_it_does_not_take_is_not_bought(changes: dict[str, Any]) -> None:
    assert failure_of(**changes).failure is Failure.INVALID_INPUT


def test_a_ticket_is_never_one_of_theirs() -> None:
    with pytest.raises(UpstreamError) as caught:
        Bedrock(Script().client(), KEYLESS).check("{}", timeout_s=1)
    assert caught.value.failure is Failure.EXPIRED


# ---- Where and as whom -------------------------------------------------------------------------------


def test_the_secret_says_the_region_before_the_functions_own() -> None:
    script = Script(httpx.Response(200, json=ANSWER))
    adapter = Bedrock(script.client(), Credentials(api_key="", region="eu-central-1"))
    adapter.submit(REQUEST, model=MODEL, timeout_s=5)
    (request,) = script.requests
    assert request.url.host == "bedrock-runtime.eu-central-1.amazonaws.com"
    assert "/eu-central-1/bedrock/aws4_request" in request.headers["authorization"]
    assert BASE_URL == "https://bedrock-runtime.{region}.amazonaws.com"


@pytest.mark.parametrize("region", ["eu central 1", "a.example/", "EU", "x" * 33, ""])
def test_a_region_that_no_host_name_can_hold_is_refused(region: str) -> None:
    with pytest.raises(ValueError, match="region"):
        Credentials(api_key="", region=region)


def test_without_any_region_there_is_no_adapter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(ValueError, match="region"):
        Bedrock(Script().client(), KEYLESS)


def test_an_environment_without_a_role_is_a_matter_of_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert failure_of(httpx.Response(200, json=ANSWER)).failure is Failure.AUTH


def test_the_roles_token_is_sent_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session-token")
    _, (request,) = submit(httpx.Response(200, json=ANSWER))
    assert request.headers["x-amz-security-token"] == "session-token"
    assert "x-amz-security-token" in request.headers["authorization"]
    assert "role-secret" not in str(request.headers)


def is_signed(request: bytes, *, secret: str) -> bool:
    """Whether a request as it was received carries version 4's signature, by AWS's published recipe."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    said = headers["authorization"].removeprefix("AWS4-HMAC-SHA256 ").split(", ")
    parts = dict(part.split("=", 1) for part in said)
    _, *scope = parts["Credential"].split("/")
    signed = parts["SignedHeaders"].split(";")
    canonical = "\n".join(
        [
            method,
            quote(target, safe="/~"),
            "",
            *(f"{name}:{headers[name]}" for name in signed),
            "",
            parts["SignedHeaders"],
            hashlib.sha256(body).hexdigest(),
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], "/".join(scope), digest])
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex() == parts["Signature"]


def ours(address: str) -> None:
    with make_client() as http:
        adapter = Bedrock(http, Credentials(api_key="", base_url=address, region="us-west-2"))
        adapter.submit(REQUEST, model=MODEL, timeout_s=5)


def amazons(address: str) -> None:
    session = boto3.Session(KEY, "role-secret", region_name="us-west-2")
    config = Config(retries={"total_max_attempts": 1})
    runtime: Any = session.client("bedrock-runtime", endpoint_url=address, config=config)
    body = {"prompt": "a red fox", "aspect_ratio": "16:9", "output_format": "png"}
    answer = runtime.invoke_model(modelId=MODEL, body=json.dumps(body), contentType="application/json")
    assert json.loads(answer["body"].read()) == ANSWER


@pytest.mark.parametrize("ask", [ours, amazons], ids=["ours", "amazons"])
def test_both_clients_sign_the_same_address_for_the_same_service(ask: Callable[[str], None]) -> None:
    answer = ok(json.dumps(ANSWER).encode(), b"Content-Type: application/json", b"Connection: close")
    with RawServer(sends(answer), bodies=True) as server:
        ask(f"http://127.0.0.1:{server.port}")
        (request,) = server.requests
    assert request.startswith(f"POST {PATH} HTTP/1.1\r\n".encode())
    assert b"/us-west-2/bedrock/aws4_request" in request
    assert is_signed(request, secret="role-secret")
    assert not is_signed(request, secret="another")
    assert not is_signed(request.replace(b"red fox", b"red cat"), secret="role-secret")


def test_an_errors_name_is_read_where_amazons_client_reads_it() -> None:
    body = b'{"message":"a red fox","code":"Elsewhere"}'
    head = b"HTTP/1.1 400 Bad Request\r\nx-amzn-errortype: ServiceQuotaExceededException:http://x/\r\n"
    answer = head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with RawServer(sends(answer), bodies=True) as server:
        address = f"http://127.0.0.1:{server.port}"
        with pytest.raises(ClientError) as theirs:
            amazons(address)
        with pytest.raises(UpstreamError) as caught:
            ours(address)
    assert theirs.value.response["Error"]["Code"] == "ServiceQuotaExceededException"
    assert "ServiceQuotaExceededException" in caught.value.detail
