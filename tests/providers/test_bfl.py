"""BFL images: what is sent, what is understood."""

import json
from typing import Any

import httpx
import pytest

from corent.core.tiers import ImageFormat
from corent.core.upstream import Failure, Generated, RemoteFile, UpstreamError, Working
from corent.providers.bfl import BFL
from corent.providers.credentials import Credentials
from tests.providers.doubles import (
    CREDENTIALS,
    INPUT_IMAGE,
    PNG_BASE64,
    REQUEST,
    Answer,
    FakeClock,
    Script,
    asked,
)

MODEL = "flux-2-pro"
POLLING_URL = "https://api.eu.bfl.ai/v1/get_result?id=t1"
SAMPLE = "https://delivery-eu1.bfl.ai/results/sample.png?sig=abc"
TICKET = json.dumps({"polling_urls": [POLLING_URL], "cost_micros": 30_000})


def accepted(**changes: object) -> httpx.Response:
    return httpx.Response(200, json={"id": "t1", "polling_url": POLLING_URL, "cost": 3.0, **changes})


def told(status: str, **changes: object) -> httpx.Response:
    return httpx.Response(
        200, json={"id": "t1", "status": status, "result": None, "progress": None, **changes}
    )


def ready(sample: object = SAMPLE) -> httpx.Response:
    return told("Ready", result={"sample": sample, "prompt": "a red fox", "seed": 42, "duration": 3.9})


def submit(*answers: Answer, model: str = MODEL, **changes: Any) -> tuple[Working, list[httpx.Request]]:
    script = Script(*answers)
    adapter = BFL(script.client(), CREDENTIALS, clock=FakeClock())
    return adapter.submit(asked(**changes), model=model, timeout_s=30), script.requests


def check(*answers: Answer, ticket: str = TICKET) -> tuple[Generated | Working, list[httpx.Request]]:
    script = Script(*answers)
    adapter = BFL(script.client(), CREDENTIALS, clock=FakeClock())
    return adapter.check(ticket, timeout_s=30), script.requests


def submit_failure(answer: Answer) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        submit(answer)
    return caught.value


def check_failure(*answers: Answer, ticket: str = TICKET) -> Failure:
    with pytest.raises(UpstreamError) as caught:
        check(*answers, ticket=ticket)
    return caught.value.failure


def test_a_request_has_the_documented_form() -> None:
    _, (request,) = submit(accepted(), seed=7, image=INPUT_IMAGE, output_format=ImageFormat.WEBP)
    assert (request.method, str(request.url)) == ("POST", "https://api.bfl.ai/v1/flux-2-pro")
    assert request.headers["x-key"] == "k-test"
    assert json.loads(request.content) == {
        "prompt": "a red fox",
        "width": 1360,
        "height": 768,
        "output_format": "webp",
        "seed": 7,
        "input_image": PNG_BASE64,
    }


@pytest.mark.parametrize("sides", [(1024, 1024), (1360, 768), (1536, 640), (640, 1536), (832, 1248)])
def test_the_first_generation_gets_sides_it_takes(sides: tuple[int, int]) -> None:
    _, (request,) = submit(accepted(), model="flux-pro-1.1", width_px=sides[0], height_px=sides[1])
    body = json.loads(request.content)
    assert all(body[side] % 32 == 0 and 256 <= body[side] <= 1440 for side in ("width", "height"))
    assert body["width"] / body["height"] == pytest.approx(sides[0] / sides[1], rel=0.05)


def test_the_first_generation_calls_the_input_image_otherwise() -> None:
    _, (request,) = submit(accepted(), model="flux-pro-1.1", image=INPUT_IMAGE)
    body = json.loads(request.content)
    assert body["image_prompt"] == PNG_BASE64
    assert "input_image" not in body


def test_n_images_are_n_submits_under_one_ticket_with_seeds_of_their_own() -> None:
    working, requests = submit(
        accepted(), accepted(polling_url="https://api.us.bfl.ai/v1/get_result?id=t2"), count=2, seed=7
    )
    assert [json.loads(request.content)["seed"] for request in requests] == [7, 8]
    generated, _ = check(ready(), ready(), ticket=working.ticket)
    assert isinstance(generated, Generated)
    assert len(generated.files) == 2


def test_its_credits_are_cents() -> None:
    working, _ = submit(accepted(cost=3.5), accepted(cost=1), count=2)
    generated, _ = check(ready(), ready(), ticket=working.ticket)
    assert isinstance(generated, Generated)
    assert generated.cost_micros == 45_000


@pytest.mark.parametrize("cost", [None, "3", True, -1, 10**9, float("1e300")])
def test_a_cost_that_is_none_is_left_out(cost: object) -> None:
    working, _ = submit(accepted(cost=cost))
    generated, _ = check(ready(), ticket=working.ticket)
    assert isinstance(generated, Generated)
    assert generated.cost_micros is None


@pytest.mark.parametrize(
    "url",
    [
        None,
        5,
        "",
        "https://bfl.ai.evil.example/x",
        "http://api.bfl.ai/v1/get_result",
        "https://evil.example",
        "/v1/x",
    ],
)
def test_the_key_goes_to_no_other_host_to_poll(url: object) -> None:
    assert submit_failure(accepted(polling_url=url)).failure is Failure.BAD_REPLY


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (httpx.Response(400), Failure.INVALID_INPUT),
        (httpx.Response(401), Failure.AUTH),
        (httpx.Response(402, json={"detail": "Insufficient credits"}), Failure.QUOTA),
        (httpx.Response(403, json={"detail": "Not authenticated"}), Failure.AUTH),
        (
            httpx.Response(422, json={"detail": [{"loc": ["body"], "msg": "x", "type": "y"}]}),
            Failure.INVALID_INPUT,
        ),
        (httpx.Response(429), Failure.RATE_LIMITED),
        (httpx.Response(500), Failure.UNAVAILABLE),
        (httpx.Response(503), Failure.UNAVAILABLE),
        (httpx.Response(200, text="<html>"), Failure.BAD_REPLY),
        (httpx.Response(200, json=[]), Failure.BAD_REPLY),
        (httpx.Response(200, json={"id": "t1", "status": "Pending"}), Failure.BAD_REPLY),
        (httpx.ReadError("reset"), Failure.UNKNOWN),
        (httpx.ConnectError("x"), Failure.UNAVAILABLE),
    ],
)
def test_says_failed_submits_in_our_words(answer: Answer, failure: Failure) -> None:
    assert submit_failure(answer).failure is failure


@pytest.mark.parametrize(
    ("headers", "wait_s"), [({}, 5), ({"retry-after": "8"}, 8)], ids=["in the body", "in the header"]
)
def test_a_rate_limit_says_how_long_to_wait(headers: dict[str, str], wait_s: float) -> None:
    body = {"error": "rate_limit_exceeded", "message": "x", "retry_after": 5}
    assert submit_failure(httpx.Response(429, json=body, headers=headers)).retry_after_s == wait_s


def test_polls_the_address_as_it_was_given() -> None:
    _, (request,) = check(told("Pending"))
    assert (request.method, str(request.url)) == ("GET", POLLING_URL)
    assert request.headers["x-key"] == "k-test"


@pytest.mark.parametrize("status", ["Pending", "Queued by a later version"])
def test_what_is_not_over_is_still_working(status: str) -> None:
    working, _ = check(told(status))
    assert isinstance(working, Working)
    assert working.ticket == TICKET


def test_hands_back_the_signed_address() -> None:
    generated, _ = check(ready())
    assert generated == Generated(
        files=(RemoteFile(url=SAMPLE, allowed_hosts=(".bfl.ai",)),), cost_micros=30_000
    )


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (told("Request Moderated"), Failure.REFUSED),
        (told("Content Moderated"), Failure.REFUSED),
        (told("Task not found"), Failure.EXPIRED),
        (httpx.Response(404, json={"id": "t1", "status": "Task not found"}), Failure.EXPIRED),
        (told("Error"), Failure.UNAVAILABLE),
        (httpx.Response(429), Failure.RATE_LIMITED),
        (httpx.Response(500), Failure.UNKNOWN),
        (httpx.Response(401), Failure.UNKNOWN),
        (httpx.ReadTimeout("x"), Failure.UNKNOWN),
        (httpx.ConnectError("x"), Failure.UNKNOWN),
        (httpx.Response(200, text="<html>"), Failure.BAD_REPLY),
        (httpx.Response(200, json={}), Failure.BAD_REPLY),
        (httpx.Response(200, json={"status": 5}), Failure.BAD_REPLY),
        (told("Ready"), Failure.BAD_REPLY),
        (ready(sample=None), Failure.BAD_REPLY),
        (ready(sample="https://evil.example/a.png"), Failure.BAD_REPLY),
        (ready(sample="http://delivery-eu1.bfl.ai/a.png"), Failure.BAD_REPLY),
    ],
)
def test_says_failed_look_ups_in_our_words(answer: Answer, failure: Failure) -> None:
    assert check_failure(answer) is failure


@pytest.mark.parametrize("ticket", ["", "[]", "{}", "nonsense", '{"polling_urls":[]}', '{"polling_urls":5}'])
def test_a_ticket_that_is_not_ours_has_expired(ticket: str) -> None:
    assert check_failure(ticket=ticket) is Failure.EXPIRED


def test_a_stand_in_may_poll_and_deliver_on_its_own_host() -> None:
    base_url = "http://127.0.0.1:9"
    script = Script(
        accepted(polling_url=f"{base_url}/v1/get_result?id=t1"), ready(sample=f"{base_url}/sample.png")
    )
    adapter = BFL(script.client(), Credentials(api_key="k", base_url=base_url), clock=FakeClock())
    working = adapter.submit(REQUEST, model=MODEL, timeout_s=5)
    generated = adapter.check(working.ticket, timeout_s=5)
    assert str(script.requests[0].url) == f"{base_url}/v1/flux-2-pro"
    assert isinstance(generated, Generated)
    assert generated.files == (
        RemoteFile(url=f"{base_url}/sample.png", allowed_hosts=(".bfl.ai", "127.0.0.1")),
    )
