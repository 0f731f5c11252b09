"""The local stack's page for new people: what the pool refuses is said, and nothing typed becomes markup."""

from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.stack.conftest import Stack

PASSWORD = "a dozen and more"


@pytest.fixture(scope="module")
def carried(stack: Stack) -> dict[str, str]:
    """What the dashboard sends a browser to the page with."""
    with stack.client() as client:
        begun = client.get("/dashboard/sign-in/begin", params={"new": "1"})
    assert begun.status_code == 303
    address = urlsplit(begun.headers["location"])
    assert address.path == "/local/sign-up"
    return dict(parse_qsl(address.query))


def sign_up(stack: Stack, carried: dict[str, str], *, email: str, password: str = PASSWORD) -> httpx.Response:
    with stack.client() as client:
        return client.post("/local/sign-up", data={**carried, "email": email, "password": password})


def test_a_new_address_goes_on_to_the_dashboard_with_a_code(stack: Stack, carried: dict[str, str]) -> None:
    answer = sign_up(stack, carried, email="first@example.com")
    assert answer.status_code == 303
    back = urlsplit(answer.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"{stack.base_url}/dashboard/sign-in/return"
    query = dict(parse_qsl(back.query))
    assert (set(query), query["state"]) == ({"code", "state"}, carried["state"])


def test_an_address_that_is_taken_is_said(stack: Stack, carried: dict[str, str]) -> None:
    for status in (303, 200):
        answer = sign_up(stack, carried, email="twice@example.com")
        assert answer.status_code == status
    assert "There is an account with this address already" in answer.text
    assert 'value="twice@example.com"' in answer.text


@pytest.mark.parametrize("password", ["", "short", "x" * 11])
def test_a_short_password_is_said(stack: Stack, carried: dict[str, str], password: str) -> None:
    answer = sign_up(stack, carried, email="short@example.com", password=password)
    assert answer.status_code == 200
    assert "12 characters or more" in answer.text
    assert 'role="alert"' in answer.text


def test_what_is_no_address_is_said_and_stays_text(stack: Stack, carried: dict[str, str]) -> None:
    answer = sign_up(stack, carried, email='"><script>alert(1)</script>')
    assert answer.status_code == 200
    assert "<script>" not in answer.text
    assert 'role="alert"' in answer.text


def test_an_address_to_go_back_to_that_is_not_ours_is_refused(stack: Stack, carried: dict[str, str]) -> None:
    answer = sign_up(stack, {**carried, "redirect_uri": "https://evil.example/"}, email="evil@example.com")
    assert answer.status_code == 200
    assert "evil.example" not in answer.headers.get("location", "")


def test_the_page_may_do_nothing_but_send_its_form(stack: Stack) -> None:
    with stack.client() as client:
        page = client.get("/local/sign-up", params={"state": '"><img src=x>'})
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "<img" not in page.text
