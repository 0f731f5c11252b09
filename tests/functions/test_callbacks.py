"""POST /v1/callbacks/{provider}/{token}: who may wake an execution, and that nobody else can do anything."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock, ulid
from tests.films import film
from tests.functions.conftest import CONTEXT, Answer, Cloud, load
from tests.functions.upstreams import Files, Films, serving_files

type Offer = Callable[..., None]
RESOURCE = "/v1/callbacks/{provider}/{token}"


@pytest.fixture(scope="module")
def files() -> Any:
    with serving_files() as served:
        yield served


@pytest.fixture
def films(files: Files, upstream: Offer) -> Films:
    """The sandbox on offer; nothing it makes is done until a test says so."""
    made = Films(files, film())
    made.looks_until_done = 1_000
    upstream("sandbox", made)
    return made


@pytest.fixture
def waiting(cloud: Cloud, account: OpenedAccount, films: Films) -> tuple[str, str]:
    """A job whose execution waits under `token-1`, and the callback token its upstream was given."""
    job_id = cloud.film(account.live_key).json["id"]
    load("generation_submit").handler({"job_id": job_id}, CONTEXT)
    load("generation_check").handler({"job_id": job_id, "wake_token": "token-1"}, CONTEXT)
    assert cloud.told == []
    return job_id, films.callback_urls[-1].rpartition("/")[2]


def call(cloud: Cloud, token: str, *, provider: str = "sandbox", **request: Any) -> Answer:
    request = {"body": {"status": "done"}, **request}
    return cloud.call(
        "provider_callbacks", "POST", RESOURCE, path={"provider": provider, "token": token}, **request
    )


def test_a_callback_has_the_upstream_looked_at_and_the_execution_told(
    cloud: Cloud, waiting: tuple[str, str], films: Films
) -> None:
    films.looks_until_done = 0
    answer = call(cloud, waiting[1])
    assert (answer.status, answer.text) == (204, "")
    assert cloud.looked_at == [waiting[0]]
    assert cloud.told == [("token-1", "deliver")]


def test_nothing_the_body_says_is_believed(
    cloud: Cloud, account: OpenedAccount, waiting: tuple[str, str]
) -> None:
    job_id, token = waiting
    call(cloud, token, body={"id": "gen_1", "status": "done", "videos": [{"url": "https://evil.example/x"}]})
    # The upstream itself was asked, and says that it is still at it.
    assert (cloud.looked_at, cloud.told) == ([job_id], [])
    job = cloud.call("jobs_get", "GET", "/v1/jobs/{id}", key=account.live_key, path={"id": job_id}).json
    assert (job["status"], job["meta"]["cost_cents"]) == ("processing", 0)


@pytest.mark.parametrize("raw", ["", "{", "\ud83e\udd8a", "null"])
def test_a_body_need_not_be_anything(cloud: Cloud, waiting: tuple[str, str], raw: str) -> None:
    raw = raw.encode("utf-16", "surrogatepass").decode("utf-16")
    assert call(cloud, waiting[1], raw=raw).status == 204


def test_a_repeated_callback_is_taken_without_effect_on_the_job(
    cloud: Cloud, account: OpenedAccount, waiting: tuple[str, str]
) -> None:
    answers = [call(cloud, waiting[1]) for _ in range(3)]
    assert {answer.status for answer in answers} == {204}
    balance = cloud.call("account_balance", "GET", "/v1/account/balance", key=account.live_key).json
    assert balance["held_cents"] == 63


FORGED: list[Callable[[str], tuple[str, str]]] = [
    lambda token: ("sandbox", token[:-1] + ("A" if token[-1] != "A" else "B")),
    lambda token: ("fal", token),
    lambda token: ("nobody", token),
    lambda token: ("sandbox", token.replace(".1.", ".2.")),
    lambda token: ("sandbox", f"job_{ulid(7)}" + token[30:]),
    lambda token: ("sandbox", token.partition(".")[0]),
    lambda token: ("sandbox", ""),
    lambda token: ("sandbox", "x" * 5000),
]


@pytest.mark.parametrize("forge", FORGED)
def test_a_forged_callback_is_refused_and_nothing_is_read(
    cloud: Cloud, waiting: tuple[str, str], forge: Callable[[str], tuple[str, str]]
) -> None:
    call(cloud, waiting[1])  # The secret is read once an environment.
    cloud.sent.clear()
    provider, token = forge(waiting[1])
    answer = call(cloud, token, provider=provider)
    error = answer.json["error"]
    assert (answer.status, error["type"], error["code"]) == (401, "authentication_error", "invalid_signature")
    assert cloud.sent == []


def test_a_thousand_forged_callbacks_cost_no_call(cloud: Cloud, waiting: tuple[str, str]) -> None:
    call(cloud, waiting[1])
    cloud.sent.clear()
    forged = waiting[1][:-3]
    answers = {call(cloud, f"{forged}{number:03d}").status for number in range(1_000)}
    assert (answers, cloud.sent) == ({401}, [])


def test_a_body_over_256_kib_is_refused(cloud: Cloud, waiting: tuple[str, str]) -> None:
    assert call(cloud, waiting[1], raw="x" * 256 * 1024).status == 204
    assert call(cloud, waiting[1], raw="x" * (256 * 1024 + 1)).status == 413


def test_a_body_in_base64_is_read_as_its_bytes(cloud: Cloud, waiting: tuple[str, str]) -> None:
    event = cloud.event("POST", RESOURCE, path={"provider": "sandbox", "token": waiting[1]})
    for body, status in ((base64.b64encode(b"{}").decode(), 204), ("not base64!", 400)):
        answer = load("provider_callbacks").handler({**event, "body": body, "isBase64Encoded": True}, CONTEXT)
        assert answer["statusCode"] == status


def test_a_callback_for_an_attempt_that_was_given_up_has_no_effect(
    cloud: Cloud, account: OpenedAccount, waiting: tuple[str, str], films: Films, clock: FakeClock
) -> None:
    job_id, first = waiting
    clock.sleep(60)
    load("generation_check").handler({"job_id": job_id, "wake_token": "token-2"}, CONTEXT)
    load("generation_submit").handler({"job_id": job_id}, CONTEXT)
    load("generation_check").handler({"job_id": job_id, "wake_token": "token-3"}, CONTEXT)
    assert call(cloud, first).status == 204
    assert cloud.looked_at == []
    assert call(cloud, films.callback_urls[-1].rpartition("/")[2]).status == 204
    assert cloud.looked_at == [job_id]


def test_a_callback_after_the_end_has_no_effect(
    cloud: Cloud, account: OpenedAccount, waiting: tuple[str, str]
) -> None:
    job_id, token = waiting
    cloud.call("jobs_cancel", "POST", "/v1/jobs/{id}/cancel", key=account.live_key, path={"id": job_id})
    cloud.looked_at.clear()
    assert call(cloud, token).status == 204
    assert cloud.looked_at == []


def test_no_token_reaches_a_caller(cloud: Cloud, account: OpenedAccount, waiting: tuple[str, str]) -> None:
    job_id, token = waiting
    seen = [
        cloud.call("jobs_get", "GET", "/v1/jobs/{id}", key=account.live_key, path={"id": job_id}).text,
        cloud.call("jobs_list", "GET", "/v1/jobs", key=account.live_key).text,
        cloud.call(
            "routing_explain",
            "GET",
            "/v1/routing/explain",
            key=account.live_key,
            query={"request_id": job_id},
        ).text,
    ]
    for secret in ("token-1", token.rpartition(".")[2], "gen_1"):
        assert secret not in json.dumps(seen)
