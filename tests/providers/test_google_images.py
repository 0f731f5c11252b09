"""Gemini images: what is sent, what is understood."""

import json
from typing import Any

import httpx
import pytest

from corent.core.upstream import Failure, Generated, InlineFile, UpstreamError
from corent.providers.credentials import Credentials
from corent.providers.google_images import GoogleImages
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

MODEL = "gemini-3.1-flash-image"
IMAGE_PART = {"inlineData": {"mimeType": "image/png", "data": PNG_BASE64}}


def candidate(*parts: object, reason: str = "STOP") -> dict[str, object]:
    return {"index": 0, "finishReason": reason, "content": {"role": "model", "parts": list(parts)}}


def answer(*candidates: object, **members: object) -> httpx.Response:
    return httpx.Response(200, json={"candidates": list(candidates), "modelVersion": MODEL, **members})


def error(status: int, *, word: str, details: list[object] | None = None) -> httpx.Response:
    body = {"code": status, "message": "a red fox", "status": word, "details": details or []}
    return httpx.Response(status, json={"error": body})


def submit(*answers: Answer, **changes: Any) -> tuple[Generated, list[httpx.Request]]:
    script = Script(*answers)
    adapter = GoogleImages(script.client(), CREDENTIALS, clock=FakeClock())
    return adapter.submit(asked(**changes), model=MODEL, timeout_s=30), script.requests


def failure_of(*answers: Answer, **changes: Any) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        submit(*answers, **changes)
    return caught.value


def test_a_request_has_the_documented_form() -> None:
    _, (request,) = submit(answer(candidate(IMAGE_PART)), seed=7, image=INPUT_IMAGE)
    assert request.url.path == f"/v1/models/{MODEL}:generateContent"
    assert request.url.host == "generativelanguage.googleapis.com"
    assert request.headers["x-goog-api-key"] == "k-test"
    parts = [{"text": "a red fox"}, {"inlineData": {"mimeType": "image/png", "data": PNG_BASE64}}]
    assert json.loads(request.content) == {
        "contents": [{"role": "user", "parts": parts}],
        "generationConfig": {
            "responseModalities": ["IMAGE"],
            "seed": 7,
            "imageConfig": {"aspectRatio": "16:9"},
        },
    }


def test_the_key_is_in_no_address() -> None:
    _, (request,) = submit(answer(candidate(IMAGE_PART)))
    assert "k-test" not in str(request.url)


def test_hands_back_the_image_beside_a_text() -> None:
    generated, _ = submit(answer(candidate({"text": "Here it is"}, IMAGE_PART)))
    assert generated == Generated(files=(InlineFile(content=PNG),))


def test_a_draft_the_model_thought_of_is_not_the_image() -> None:
    draft = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}, "thought": True}
    generated, _ = submit(answer(candidate(draft, IMAGE_PART)))
    assert generated.files == (InlineFile(content=PNG),)


def test_n_images_are_n_calls_with_seeds_of_their_own() -> None:
    generated, requests = submit(*[answer(candidate(IMAGE_PART)) for _ in range(3)], count=3, seed=7)
    assert len(generated.files) == 3
    seeds = {json.loads(request.content)["generationConfig"]["seed"] for request in requests}
    assert seeds == {7, 8, 9}


def test_a_lost_answer_among_several_outweighs_the_others() -> None:
    def by_seed(request: httpx.Request) -> httpx.Response:
        seed = json.loads(request.content)["generationConfig"]["seed"]
        if seed == 1:
            return error(429, word="RESOURCE_EXHAUSTED")
        raise httpx.ReadTimeout("x")

    adapter = GoogleImages(client(by_seed), CREDENTIALS, clock=FakeClock())
    with pytest.raises(UpstreamError) as caught:
        adapter.submit(asked(count=2, seed=1), model=MODEL, timeout_s=30)
    assert caught.value.failure is Failure.UNKNOWN


@pytest.mark.parametrize(
    "reason",
    ["SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK"],
)
def test_a_blocked_prompt_is_a_refusal(reason: str) -> None:
    blocked = httpx.Response(200, json={"promptFeedback": {"blockReason": reason}})
    assert failure_of(blocked).failure is Failure.REFUSED


@pytest.mark.parametrize(
    "reason",
    [
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "SAFETY",
        "PROHIBITED_CONTENT",
        "BLOCKLIST",
        "SPII",
        "RECITATION",
    ],
)
def test_a_blocked_output_is_a_refusal(reason: str) -> None:
    assert failure_of(answer(candidate(reason=reason))).failure is Failure.REFUSED


@pytest.mark.parametrize(
    "empty",
    [
        answer(candidate(reason="NO_IMAGE")),
        answer(candidate(reason="IMAGE_OTHER")),
        answer(candidate({"text": "I would rather not."})),
        answer({"finishReason": "STOP"}),
        answer(),
    ],
)
def test_no_image_without_a_reason_is_unavailable(empty: httpx.Response) -> None:
    assert failure_of(empty).failure is Failure.UNAVAILABLE


@pytest.mark.parametrize(
    ("answered", "failure"),
    [
        (error(400, word="INVALID_ARGUMENT"), Failure.INVALID_INPUT),
        (error(403, word="PERMISSION_DENIED"), Failure.AUTH),
        (error(404, word="NOT_FOUND"), Failure.INVALID_INPUT),
        (error(429, word="RESOURCE_EXHAUSTED"), Failure.RATE_LIMITED),
        (error(500, word="INTERNAL"), Failure.UNAVAILABLE),
        (error(503, word="UNAVAILABLE"), Failure.UNAVAILABLE),
        (httpx.Response(502, text="<html>"), Failure.UNAVAILABLE),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
    ],
)
def test_says_failures_in_our_words(answered: Answer, failure: Failure) -> None:
    assert failure_of(answered).failure is failure


def test_a_wrong_key_is_known_by_its_reason() -> None:
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    assert failure_of(error(400, word="INVALID_ARGUMENT", details=[detail])).failure is Failure.AUTH


def test_a_precondition_of_the_account_is_not_the_callers_fault() -> None:
    assert failure_of(error(400, word="FAILED_PRECONDITION")).failure is Failure.QUOTA


def test_reads_how_long_to_wait_from_the_details() -> None:
    detail = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "21s"}
    assert failure_of(error(429, word="RESOURCE_EXHAUSTED", details=[detail])).retry_after_s == 21


@pytest.mark.parametrize("delay", [None, 21, "21", "soon", "-1s", "9" * 400 + "s", "infs"])
def test_a_delay_that_is_none_is_left_out(delay: object) -> None:
    caught = failure_of(error(429, word="RESOURCE_EXHAUSTED", details=[5, {"retryDelay": delay}]))
    assert (caught.failure, caught.retry_after_s) == (Failure.RATE_LIMITED, None)


def test_an_error_does_not_repeat_the_prompt() -> None:
    assert "fox" not in str(failure_of(error(400, word="INVALID_ARGUMENT")))


@pytest.mark.parametrize(
    "answered",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"candidates": {}}),
        answer(candidate({"inlineData": None})),
        answer(candidate({"inlineData": {"data": 5}})),
        answer(candidate({"inlineData": {"data": PNG_BASE64[:-3]}})),
    ],
)
def test_an_answer_of_another_shape_is_a_bad_reply(answered: httpx.Response) -> None:
    assert failure_of(answered).failure is Failure.BAD_REPLY


@pytest.mark.parametrize(
    ("base_url", "path"),
    [
        ("http://127.0.0.1:9", f"/v1/models/{MODEL}:generateContent"),
        ("http://127.0.0.1:9/v1beta", f"/v1beta/models/{MODEL}:generateContent"),
    ],
)
def test_a_stand_in_chooses_the_version(base_url: str, path: str) -> None:
    script = Script(answer(candidate(IMAGE_PART)))
    credentials = Credentials(api_key="k", base_url=base_url)
    GoogleImages(script.client(), credentials).submit(REQUEST, model=MODEL, timeout_s=5)
    assert script.requests[0].url.path == path


def test_a_ticket_is_never_one_of_googles() -> None:
    with pytest.raises(UpstreamError) as caught:
        GoogleImages(Script().client(), CREDENTIALS).check("{}", timeout_s=1)
    assert caught.value.failure is Failure.EXPIRED
