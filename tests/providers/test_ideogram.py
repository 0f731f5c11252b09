"""Ideogram images: what is sent, what is understood."""

import json
import re
from typing import Any

import httpx
import pytest

from corent.core.tiers import AspectRatio
from corent.core.upstream import Failure, Generated, RemoteFile, UpstreamError
from corent.providers.credentials import Credentials
from corent.providers.ideogram import BASE_URL, HOSTS, MODELS, Ideogram
from tests.providers.doubles import (
    CREDENTIALS,
    INPUT_IMAGE,
    REQUEST,
    Answer,
    FakeClock,
    Script,
    asked,
)

V3, V4_5 = "ideogram-3:turbo", "ideogram-4-5:medium"
URL = "https://ideogram.ai/api/images/ephemeral/x.png?exp=1795344600&sig=s"
IMAGE = {
    "url": URL,
    "prompt": "a red fox",
    "resolution": "1280x800",
    "seed": 12345,
    "is_image_safe": True,
    "style_type": "GENERAL",
}
UNSAFE = {**IMAGE, "url": "", "is_image_safe": False}
FIELD = re.compile(rb'name="([^"]+)"\r\n\r\n(.*?)\r\n--', re.DOTALL)


def answer(*images: object) -> httpx.Response:
    return httpx.Response(200, json={"created": "2026-11-22T10:00:00Z", "data": list(images)})


def fields_of(request: httpx.Request) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in FIELD.findall(request.content)}


def submit(*answers: Answer, model: str = V3, **changes: Any) -> tuple[Generated, list[httpx.Request]]:
    script = Script(*answers)
    adapter = Ideogram(script.client(), CREDENTIALS, clock=FakeClock())
    return adapter.submit(asked(**changes), model=model, timeout_s=30), script.requests


def failure_of(*answers: Answer, **changes: Any) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        submit(*answers, **changes)
    return caught.value


def error(status: int, *, message: str = "a red fox", **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": message}, headers=headers)


def test_a_request_of_version_3_has_the_documented_form() -> None:
    _, (request,) = submit(answer(IMAGE, IMAGE), count=2, seed=7, negative_prompt="rain")
    assert (request.method, str(request.url)) == ("POST", "https://api.ideogram.ai/v1/ideogram-v3/generate")
    assert request.headers["api-key"] == "k-test"
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert fields_of(request) == {
        "prompt": "a red fox",
        "aspect_ratio": "16x9",
        "rendering_speed": "TURBO",
        "magic_prompt": "OFF",
        "num_images": "2",
        "negative_prompt": "rain",
        "seed": "7",
    }


def test_a_request_of_version_4_5_has_the_documented_form() -> None:
    _, (request,) = submit(answer(IMAGE, IMAGE), model=V4_5, count=2, seed=7)
    assert request.url.path == "/v2/image/generate/ideogram-4-5"
    assert request.headers["api-key"] == "k-test"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == {
        "prompt": "a red fox",
        "size": "1280x720",
        "quality": "medium",
        "magic_prompt": "off",
        "num_images": 2,
        "seed": 7,
    }


@pytest.mark.parametrize("model", [V3, V4_5])
def test_what_was_not_asked_for_is_not_sent(model: str) -> None:
    _, (request,) = submit(answer(IMAGE), model=model)
    assert not {"seed", "negative_prompt"} & set(fields_of(request))
    assert b'"seed"' not in request.content


@pytest.mark.parametrize(
    ("model", "speed"),
    [("ideogram-3:turbo", "TURBO"), ("ideogram-3:default", "DEFAULT"), ("ideogram-3:quality", "QUALITY")],
)
def test_the_models_name_says_the_speed(model: str, speed: str) -> None:
    _, (request,) = submit(answer(IMAGE), model=model)
    assert fields_of(request)["rendering_speed"] == speed


@pytest.mark.parametrize("model", list(MODELS))
def test_every_ratio_is_made_but_the_widest(model: str) -> None:
    ratios = MODELS[model].ratios
    assert set(ratios) == set(AspectRatio) - {AspectRatio.CINEMA}
    for ratio, written in ratios.items():
        wanted_width, wanted_height = map(int, ratio.split(":"))
        width, height = map(int, written.split("x"))
        assert abs(width * wanted_height / (height * wanted_width) - 1) < 0.001


@pytest.mark.parametrize("model", [V3, V4_5])
def test_hands_back_the_addresses(model: str) -> None:
    generated, _ = submit(answer(IMAGE), model=model)
    assert generated == Generated(files=(RemoteFile(url=URL, allowed_hosts=HOSTS),))


def test_more_images_than_asked_for_are_left_out() -> None:
    generated, _ = submit(answer(IMAGE, IMAGE, IMAGE))
    assert len(generated.files) == 1


def test_an_image_that_is_not_safe_is_a_refusal_in_a_200() -> None:
    assert failure_of(answer(UNSAFE)).failure is Failure.REFUSED


def test_one_unsafe_image_among_several_is_a_refusal_of_the_whole() -> None:
    assert failure_of(answer(IMAGE, UNSAFE), count=2).failure is Failure.REFUSED


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (error(422, message="Prompt provided failed safety check: a red fox"), Failure.REFUSED),
        (error(400), Failure.INVALID_INPUT),
        (error(401), Failure.AUTH),
        (error(402), Failure.QUOTA),
        (error(404), Failure.INVALID_INPUT),
        (error(429), Failure.RATE_LIMITED),
        (error(500), Failure.UNAVAILABLE),
        (httpx.Response(503, text="<html>upstream connect error</html>"), Failure.UNAVAILABLE),
        (httpx.Response(400, json=["failed safety check"]), Failure.INVALID_INPUT),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
        (httpx.ConnectError("x"), Failure.UNAVAILABLE),
    ],
)
def test_says_failures_in_our_words(reply: Answer, failure: Failure) -> None:
    assert failure_of(reply).failure is failure


def test_a_402_about_requests_under_way_may_be_known_by_its_reason() -> None:
    reply = httpx.Response(402, json={"error": "x", "reject_reason": "inflight_limit"})
    assert failure_of(reply).failure in {Failure.RATE_LIMITED, Failure.QUOTA}


@pytest.mark.parametrize(("headers", "wait_s"), [({"retry-after": "3"}, 3.0), ({}, None)])
def test_a_rate_limit_may_say_how_long_to_wait(headers: dict[str, str], wait_s: float | None) -> None:
    assert failure_of(error(429, **headers)).retry_after_s == wait_s


def test_an_error_does_not_repeat_the_prompt_or_the_key() -> None:
    caught = failure_of(error(422, message="Prompt provided failed safety check: a red fox"))
    assert "fox" not in str(caught)
    assert "k-test" not in str(caught)


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, content=b'{"data":[{"url":"https://ideogr'),
        httpx.Response(200, json=None),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"data": {}}),
        answer(),
        answer(None),
        answer({}),
        answer({**IMAGE, "url": ""}),
        answer({**IMAGE, "url": 5}),
        answer({**IMAGE, "url": "http://ideogram.ai/x.png"}),
        answer({**IMAGE, "url": "https://ideogram.ai.elsewhere.example/x.png"}),
        answer({**IMAGE, "url": "https://notideogram.ai/x.png"}),
        answer({**IMAGE, "url": "http://169.254.169.254/"}),
        httpx.Response(204),
    ],
)
def test_an_answer_that_is_no_image_is_a_bad_reply(reply: httpx.Response) -> None:
    assert failure_of(reply).failure is Failure.BAD_REPLY


def test_fewer_images_than_asked_for_are_a_bad_reply() -> None:
    assert failure_of(answer(IMAGE), count=2).failure is Failure.BAD_REPLY


@pytest.mark.parametrize(
    "changes",
    [
        {"aspect_ratio": AspectRatio.CINEMA},
        {"aspect_ratio": AspectRatio.CINEMA, "model": V4_5},
        {"image": INPUT_IMAGE},
        {"model": "ideogram-2"},
    ],
)
def test_what_it_does_not_take_is_not_bought(changes: dict[str, Any]) -> None:
    assert failure_of(**changes).failure is Failure.INVALID_INPUT


def test_a_ticket_is_never_one_of_theirs() -> None:
    with pytest.raises(UpstreamError) as caught:
        Ideogram(Script().client(), CREDENTIALS).check("{}", timeout_s=1)
    assert caught.value.failure is Failure.EXPIRED


def test_a_stand_in_is_asked_instead_and_may_hold_the_results() -> None:
    script = Script(answer({**IMAGE, "url": "http://127.0.0.1:8/x.png"}))
    credentials = Credentials(api_key="k", base_url="http://127.0.0.1:9")
    generated = Ideogram(script.client(), credentials).submit(REQUEST, model=V3, timeout_s=5)
    assert str(script.requests[0].url) == "http://127.0.0.1:9/v1/ideogram-v3/generate"
    assert generated.files == (
        RemoteFile(url="http://127.0.0.1:8/x.png", allowed_hosts=(*HOSTS, "127.0.0.1")),
    )
    assert BASE_URL == "https://api.ideogram.ai"
