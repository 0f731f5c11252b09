"""Outages of the sandbox's models: asked for, met by every submit, and over when that is asked for."""

import json
from collections.abc import Iterator

import pytest

from tests.functions.sandbox_service import Service, emulated_cloud, running_service


@pytest.fixture(scope="module")
def emulated() -> Iterator[None]:
    with emulated_cloud():
        yield


@pytest.fixture
def upstream(emulated: None) -> Iterator[Service]:
    with running_service() as service:
        yield service


def test_a_failing_model_refuses_every_submit_until_it_works_again(upstream: Service) -> None:
    assert upstream.turn("sandbox-swift", "failing").body == {"model": "sandbox-swift", "status": "failing"}
    answers = [upstream.submit(reference=f"r{n}") for n in range(3)]
    assert [(answer.status, answer.error["code"]) for answer in answers] == [(503, "failed")] * 3
    assert upstream.film(reference="f").status == 503
    upstream.turn("sandbox-swift", "working")
    assert upstream.submit(reference="r4").status == 202


def test_the_other_models_go_on_working(upstream: Service) -> None:
    upstream.turn("sandbox-swift", "failing")
    assert upstream.submit(model="sandbox-fine").status == 202


def test_what_was_bought_before_is_still_handed_out(upstream: Service) -> None:
    generation_id = upstream.submit().body["id"]
    upstream.turn("sandbox-swift", "failing")
    upstream.time_ms += 10_000
    assert upstream.look(generation_id).body["status"] == "done"


def test_a_model_that_nobody_spoke_of_is_working(upstream: Service) -> None:
    answer = upstream.call("GET", "/v1/models/sandbox-fine")
    assert answer.body == {"model": "sandbox-fine", "status": "working"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/v1/models/other", '{"status": "failing"}', 404),
        ("GET", "/v1/models/other", None, 404),
        ("PUT", "/v1/models/sandbox-fine", '{"status": "tired"}', 422),
        ("PUT", "/v1/models/sandbox-fine", '{"status": "failing", "until": 5}', 422),
        ("PUT", "/v1/models/sandbox-fine", "[]", 422),
        ("PUT", "/v1/models/sandbox-fine", "{", 400),
        ("PUT", "/v1/models/sandbox-fine", None, 400),
    ],
)
def test_what_cannot_be_done_is_refused(
    upstream: Service, method: str, path: str, body: str | None, status: int
) -> None:
    assert upstream.call(method, path, body=body).status == status


def test_without_the_key_nobody_makes_a_model_fail(upstream: Service) -> None:
    refused = upstream.call(
        "PUT", "/v1/models/sandbox-swift", body=json.dumps({"status": "failing"}), key="wrong"
    )
    assert refused.status == 401
    assert upstream.submit().status == 202
