"""Every refusal has its type, and none shows the key."""

import logging
import pickle
import traceback

import pytest

import corent
from corent import AsyncCorent, Corent, CorentError
from corent.errors import APIStatusError, from_answer
from tests.conftest import Api
from tests.documents import KEY
from tests.scripted import ScriptedServer, answer, hang_up, page, refusal


@pytest.mark.parametrize(
    ("status", "kind", "name"),
    [
        (400, "invalid_request_error", "InvalidRequestError"),
        (401, "authentication_error", "AuthenticationError"),
        (402, "insufficient_funds_error", "InsufficientFundsError"),
        (403, "permission_error", "PermissionDeniedError"),
        (404, "not_found_error", "NotFoundError"),
        (405, "invalid_request_error", "InvalidRequestError"),
        (409, "conflict_error", "ConflictError"),
        (413, "invalid_request_error", "InvalidRequestError"),
        (422, "invalid_request_error", "InvalidRequestError"),
        (422, "content_policy_error", "ContentPolicyError"),
        (429, "rate_limit_error", "RateLimitedError"),
        (500, "api_error", "ServerError"),
        (503, "api_error", "ServerError"),
        (418, "teapot_error", "APIStatusError"),
    ],
)
def test_each_refusal_has_its_type_and_says_everything(
    api: Api, server: ScriptedServer, status: int, kind: str, name: str
) -> None:
    server.then(answer(status, refusal(status, "some_code", kind=kind, param="prompt")))
    with pytest.raises(APIStatusError) as caught:
        api.call(lambda client: client.account.balance())
    error = caught.value
    assert type(error).__name__ == name
    assert (error.status, error.code, error.param, error.request_id) == (
        status,
        "some_code",
        "prompt",
        "req_1",
    )
    assert str(error) == "It is some_code. (some_code, req_1)"


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 502])
@pytest.mark.parametrize(
    "body",
    [
        b"<html>Bad <b>Gateway</b></html>",
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"error": "text"}',
        b'{"error": {"code": 1}}',
    ],
)
def test_a_refusal_that_is_not_the_apis_is_typed_by_its_status(status: int, body: bytes) -> None:
    error = from_answer(
        status=status,
        body=body,
        media_type="text/html",
        request_id="req_9",
        retry_after_s=None,
        replayed=False,
    )
    assert (error.code, error.status, error.request_id) == (f"http_{status}", status, "req_9") or body == b"["
    assert error.retryable == (status in {429, 502})
    assert "html>" not in str(error)


def test_a_proxys_page_becomes_a_typed_error(api: Api, server: ScriptedServer) -> None:
    server.then(*[page(502, b"<html><h1>502 Bad Gateway</h1></html>", "text/html; charset=utf-8")] * 3)
    with pytest.raises(corent.ServerError, match="text/html, 37 bytes") as caught:
        api.call(lambda client: client.account.balance(), max_retries=2)
    assert caught.value.code == "http_502"
    assert len(server.received) == 3


def test_the_key_is_in_no_repr_error_traceback_or_log(
    api: Api, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.then(answer(401, refusal(401, "invalid_api_key")), hang_up)
    said = [repr(Corent(api_key=KEY)), repr(AsyncCorent(api_key=KEY)), repr(Corent(api_key=KEY).settings)]
    for _ in range(2):
        with pytest.raises(CorentError) as caught:
            api.call(lambda client: client.account.balance(), max_retries=0)
        said += [str(caught.value), repr(caught.value), "".join(traceback.format_exception(caught.value))]
    assert KEY not in "".join(said) + caplog.text
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("key", ["co_live_a\nb", "co_live_\N{FOX FACE}", "co live"])
def test_a_key_that_cannot_be_one_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ValueError, match="characters") as caught:
        Corent(api_key=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["api.corent.dev", "ftp://x", "http://", "https://x/?key=1", "https://x/#a"]
)
def test_an_address_that_cannot_be_one_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        Corent(api_key=KEY, base_url=address)


def test_key_and_address_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORENT_API_KEY", f"{KEY}\n")
    monkeypatch.setenv("CORENT_BASE_URL", "http://127.0.0.1:9/")
    settings = Corent().settings
    assert (settings.api_key, settings.base_url) == (KEY, "http://127.0.0.1:9")


def test_answers_can_be_kept() -> None:
    image = corent.Image(url="https://files.test/a.png", width=1, height=1)
    assert pickle.loads(pickle.dumps(image)) == image  # noqa: S301 - our own
