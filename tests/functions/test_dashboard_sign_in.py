"""Signing in to the dashboard: only who began may finish, only with what the pool vouches for."""

import json
import time
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
import pytest

from corent.accounts.keys import Mode
from corent.accounts.sessions import session_key
from tests.fakes import FakeClock
from tests.functions.conftest import Cloud
from tests.functions.dashboard_world import ORIGIN, OTHER_KEY, POOL, Browser, Outside

SESSION = "__Host-corent_session"
SIGN_IN = "__Host-corent_sign_in"


def balance(cloud: Cloud, key: str) -> int:
    return cloud.call("account_balance", "GET", "/v1/account/balance", key=key).status


def people(cloud: Cloud) -> list[dict[str, Any]]:
    items = cloud.client("dynamodb").scan(TableName="people")["Items"]
    return [item for item in items if item["sk"]["S"] == "PERSON"]


def account_of(browser: Browser) -> str:
    shown = browser.get("/dashboard/settings").words
    return next(word for word in shown.split() if word.startswith("acct_"))


def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(outside: Outside) -> None:
    browser = Browser(outside.cloud)
    page = browser.get("/dashboard/jobs?status=failed")
    assert (page.status, page.location) == (
        303,
        "/dashboard/sign-in?to=%2Fdashboard%2Fjobs%3Fstatus%3Dfailed",
    )
    assert "Sign in" in browser.get(page.location).words
    assert browser.sign_in(outside.pool, to="/dashboard/jobs?status=failed").location == (
        "/dashboard/jobs?status=failed"
    )
    assert browser.get("/dashboard/jobs?status=failed").status == 200


def test_the_pool_is_asked_for_a_code_with_pkce_state_and_nonce(outside: Outside) -> None:
    begun = Browser(outside.cloud).get("/dashboard/sign-in/begin")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(begun.location).query).items()}
    assert begun.location.startswith(f"{POOL}/oauth2/authorize?")
    assert asked["redirect_uri"] == f"{ORIGIN}/dashboard/sign-in/return"
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert (asked["client_id"], asked["scope"]) == ("dashboard-client", "openid email")
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert all(len(asked[name]) == 43 for name in ("state", "nonce", "code_challenge"))


def test_new_people_are_sent_to_the_pools_page_for_them(outside: Outside) -> None:
    begun = Browser(outside.cloud).get("/dashboard/sign-in/begin?new=1")
    assert begun.location.startswith(f"{POOL}/signup?response_type=code&")


def test_the_code_is_redeemed_with_the_verifier_of_its_challenge(outside: Outside) -> None:
    import base64
    import hashlib

    browser = Browser(outside.cloud)
    begun = browser.get("/dashboard/sign-in/begin")
    challenge = parse_qs(urlsplit(begun.location).query)["code_challenge"][0]
    code, state = outside.pool.authorize(begun.location)
    browser.get(f"/dashboard/sign-in/return?code={code}&state={state}")
    (form,) = outside.pool.asked
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
    assert form["redirect_uri"] == f"{ORIGIN}/dashboard/sign-in/return"


def test_cookies_are_of_this_host_alone_and_no_scripts_business(outside: Outside) -> None:
    browser = Browser(outside.cloud)
    pages = [browser.get("/dashboard/sign-in/begin"), browser.sign_in(outside.pool)]
    lines = [line for page in pages for line in page.headers["Set-Cookie"]]
    assert {line.partition("=")[0] for line in lines} == {SIGN_IN, SESSION}
    for line in lines:
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(line.split("; "))
        assert "Domain" not in line


def test_a_first_sign_in_opens_an_account_that_holds_no_money_but_for_tests(outside: Outside) -> None:
    browser = Browser(outside.cloud)
    browser.sign_in(outside.pool)
    assert "Balance $0.00" in browser.get("/dashboard").words
    browser.post("/dashboard/mode", {"mode": "test", "to": "/dashboard"})
    assert "Balance $100.00" in browser.get("/dashboard").words


def test_one_address_has_one_account_however_it_is_written(outside: Outside) -> None:
    first, second = Browser(outside.cloud), Browser(outside.cloud)
    first.sign_in(outside.pool)
    outside.pool.email = "Somebody@EXAMPLE.com"
    second.sign_in(outside.pool)
    assert account_of(first) == account_of(second)
    assert len(people(outside.cloud)) == 1


def test_two_addresses_have_two_accounts(outside: Outside) -> None:
    first, second = Browser(outside.cloud), Browser(outside.cloud)
    first.sign_in(outside.pool)
    outside.pool.email = "else@example.com"
    second.sign_in(outside.pool)
    assert account_of(first) != account_of(second)


def test_an_account_whose_wallets_were_not_opened_gets_them_with_the_next_sign_in(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    from corent.core.errors import TemporarilyUnavailableError
    from corent.wiring import dashboard

    broken = dashboard.sign_in()

    def fail(_account_id: str, *, balance_cents: int) -> None:
        raise TemporarilyUnavailableError(f"not now: {balance_cents}")

    with monkeypatch.context() as patch:
        patch.setattr(broken, "_open_wallets", fail)
        assert Browser(outside.cloud).sign_in(outside.pool).status == 503
    browser = Browser(outside.cloud)
    assert browser.sign_in(outside.pool).status == 303
    assert browser.get("/dashboard").status == 200
    assert len(people(outside.cloud)) == 1


WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"claims": {"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other"}},
    "another audience": {"claims": {"aud": "another-client"}},
    "expired": {"claims": {"exp": int(time.time()) - 3_600}},
    "made in the future": {"claims": {"iat": int(time.time()) + 3_600}},
    "another nonce": {"claims": {"nonce": "n" * 43}},
    "an access token": {"claims": {"token_use": "access"}},
    "signed by another key": {"key": OTHER_KEY},
    "a key that is not published": {"key": OTHER_KEY, "key_id": "k2"},
    "not signed": {"algorithm": "none"},
    "signed with a shared secret": {"algorithm": "HS256"},
    "an address that is not verified": {"claims": {"email_verified": False}},
    **{f"no {name}": {"left_out": (name,)} for name in ("iss", "aud", "exp", "iat", "sub", "nonce", "email")},
    "no word on the address": {"left_out": ("email_verified",)},
    "no token": {"answer": lambda _: httpx.Response(200, json={"access_token": "a"})},
    "a token that is none": {"answer": lambda _: httpx.Response(200, json={"id_token": "a.b.c"})},
    "a refusal": {"answer": lambda _: httpx.Response(400, json={"error": "invalid_grant"})},
    "a list": {"answer": lambda _: httpx.Response(200, json=[])},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_token_with_one_thing_wrong_signs_nobody_in(outside: Outside, wrong: str) -> None:
    for name, value in WRONG[wrong].items():
        setattr(outside.pool, name, value)
    browser = Browser(outside.cloud)
    page = browser.sign_in(outside.pool)
    assert page.status == 400
    assert SESSION not in browser.cookies
    assert people(outside.cloud) == []


def test_the_same_token_with_nothing_wrong_signs_in(outside: Outside) -> None:
    browser = Browser(outside.cloud)
    assert browser.sign_in(outside.pool).status == 303
    assert SESSION in browser.cookies


def test_an_answer_with_another_state_is_refused_before_the_code_is_used(outside: Outside) -> None:
    browser = Browser(outside.cloud)
    code, _ = outside.pool.authorize(browser.get("/dashboard/sign-in/begin").location)
    assert browser.get(f"/dashboard/sign-in/return?code={code}&state={'s' * 43}").status == 400
    assert outside.pool.asked == []


def test_an_answer_in_another_browser_is_refused(outside: Outside) -> None:
    mine, theirs = Browser(outside.cloud), Browser(outside.cloud)
    code, state = outside.pool.authorize(mine.get("/dashboard/sign-in/begin").location)
    theirs.get("/dashboard/sign-in/begin")
    for browser in (theirs, Browser(outside.cloud)):
        assert browser.get(f"/dashboard/sign-in/return?code={code}&state={state}").status == 400
        assert SESSION not in browser.cookies
    assert outside.pool.asked == []


def test_an_answer_that_came_before_is_refused(outside: Outside) -> None:
    browser = Browser(outside.cloud)
    begun = browser.get("/dashboard/sign-in/begin")
    kept = dict(browser.cookies)
    code, state = outside.pool.authorize(begun.location)
    address = f"/dashboard/sign-in/return?code={code}&state={state}"
    assert browser.get(address).status == 303
    again = Browser(outside.cloud, cookies=kept)
    assert again.get(address).status == 400
    assert SESSION not in again.cookies


def test_an_attempt_lasts_ten_minutes(outside: Outside, clock: FakeClock) -> None:
    browser = Browser(outside.cloud)
    for waited_s, status in ((599, 303), (601, 400)):
        code, state = outside.pool.authorize(browser.get("/dashboard/sign-in/begin").location)
        clock.sleep(waited_s)
        assert browser.get(f"/dashboard/sign-in/return?code={code}&state={state}").status == status


@pytest.mark.parametrize("query", ["", "code=c", "state=s", "error=access_denied&state=s", "code=&state="])
def test_an_answer_that_says_too_little_is_refused(outside: Outside, query: str) -> None:
    browser = Browser(outside.cloud)
    browser.get("/dashboard/sign-in/begin")
    assert browser.get(f"/dashboard/sign-in/return?{query}").status == 400


def test_a_pool_that_does_not_answer_is_said_so(outside: Outside) -> None:
    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    outside.pool.answer = down
    page = Browser(outside.cloud).sign_in(outside.pool)
    assert page.status == 503
    assert "does not work just now" in page.words


def test_a_pool_that_fails_is_said_so(outside: Outside) -> None:
    outside.pool.answer = lambda _: httpx.Response(502, text="<html>")
    assert Browser(outside.cloud).sign_in(outside.pool).status == 503


def test_the_pools_keys_are_read_once_however_many_sign_in(outside: Outside) -> None:
    for _ in range(3):
        Browser(outside.cloud).sign_in(outside.pool)
    outside.pool.key_id = "unknown"
    for _ in range(3):  # Strangers cannot make us ask for each of their tokens.
        assert Browser(outside.cloud).sign_in(outside.pool).status == 400
    assert outside.pool.keys_read == 1


ELSEWHERE = [
    *("https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/dashboard/../x"),
    *("/dashboard//evil.example", "/dashboard@evil.example", "javascript:alert(1)", "/v1/jobs", "/"),
    *("/dashboard\r\nX: y", "/dashboard/%2e%2e/%2f", "/dashboardx", " /dashboard", "/dashboard#//x", ""),
    *("/dashboard/.evil", "/dashboard?to=https://evil.example", "/dashboard/\u2044evil"),
]


@pytest.mark.parametrize("to", ELSEWHERE)
def test_no_sign_in_leads_to_another_place(outside: Outside, to: str) -> None:
    browser = Browser(outside.cloud)
    assert (
        f"to={quote('/dashboard', safe='/')}"
        in browser.get(f"/dashboard/sign-in?{urlencode({'to': to})}").text
    )
    assert browser.sign_in(outside.pool, to=to).location == "/dashboard"


def test_signing_in_again_ends_the_session_of_before(outside: Outside) -> None:
    browser = Browser(outside.cloud)
    browser.sign_in(outside.pool)
    before = dict(browser.cookies)
    browser.sign_in(outside.pool)
    assert browser.cookies[SESSION] != before[SESSION]
    assert Browser(outside.cloud, cookies=before).get("/dashboard").status == 303


def test_a_session_that_was_planted_is_not_taken_over(outside: Outside) -> None:
    planted = f"{'0' * 26}.{'A' * 43}"
    browser = Browser(outside.cloud, cookies={SESSION: planted})
    browser.sign_in(outside.pool)
    assert browser.cookies[SESSION] != planted
    assert Browser(outside.cloud, cookies={SESSION: planted}).get("/dashboard").status == 303


@pytest.mark.parametrize("token", ["", "x", f"{'0' * 26}.", f"{'U' * 26}.{'A' * 43}", "a" * 5_000, "%00"])
def test_a_malformed_session_is_none_and_costs_no_look_up(outside: Outside, token: str) -> None:
    outside.cloud.sent.clear()
    assert Browser(outside.cloud, cookies={SESSION: token}).get("/dashboard").status == 303
    assert outside.cloud.sent == []


def test_a_session_ends_after_half_an_hour_without_use(outside: Outside, clock: FakeClock) -> None:
    browser = Browser(outside.cloud)
    browser.sign_in(outside.pool)
    for _ in range(3):
        clock.sleep(29 * 60)
        assert browser.get("/dashboard/settings").status == 200
    clock.sleep(30 * 60)
    assert browser.get("/dashboard/settings").status == 303


def test_a_session_ends_after_twelve_hours_however_much_it_is_used(
    outside: Outside, clock: FakeClock
) -> None:
    browser = Browser(outside.cloud)
    browser.sign_in(outside.pool)
    keys = [session_key(browser.cookies[SESSION], mode=mode) for mode in Mode]
    for _ in range(28):
        clock.sleep(25 * 60)
        assert browser.get("/dashboard/settings").status == 200
    assert [balance(outside.cloud, key) for key in keys] == [200, 200]
    clock.sleep(25 * 60)
    assert browser.get("/dashboard/settings").status == 303
    assert [balance(outside.cloud, key) for key in keys] == [401, 401]


def test_signing_out_ends_the_session_and_its_keys_and_that_of_the_pool(outside: Outside) -> None:
    browser = Browser(outside.cloud)
    browser.sign_in(outside.pool)
    browser.get("/dashboard")
    cookies = dict(browser.cookies)
    keys = [session_key(cookies[SESSION], mode=mode) for mode in Mode]
    page = browser.post("/dashboard/sign-out")
    assert page.location.startswith(f"{POOL}/logout?client_id=dashboard-client&logout_uri=")
    assert SESSION not in browser.cookies
    assert Browser(outside.cloud, cookies=cookies).get("/dashboard").status == 303
    assert [balance(outside.cloud, key) for key in keys] == [401, 401]


def test_signing_out_elsewhere_ends_the_others_and_not_this_one(outside: Outside) -> None:
    here, there = Browser(outside.cloud, agent="Here/1"), Browser(outside.cloud, agent="There/1")
    here.sign_in(outside.pool)
    there.sign_in(outside.pool)
    assert "There/1" in here.get("/dashboard/settings").words
    key = session_key(there.cookies[SESSION], mode=Mode.LIVE)
    here.submit("/dashboard/settings", "/dashboard/settings/sign-out-others")
    shown = here.get("/dashboard/settings").words
    assert ("Here/1" in shown, "There/1" in shown) == (True, False)
    assert there.get("/dashboard").status == 303
    assert balance(outside.cloud, key) == 401


def test_no_table_has_what_opens_a_session_or_its_keys(outside: Outside) -> None:
    browser = Browser(outside.cloud)
    begun = browser.get("/dashboard/sign-in/begin")
    secret = browser.cookies[SIGN_IN]
    code, state = outside.pool.authorize(begun.location)
    database = outside.cloud.client("dynamodb")
    before = json.dumps([database.scan(TableName=name)["Items"] for name in ("people", "keys")])
    browser.get(f"/dashboard/sign-in/return?code={code}&state={state}")
    after = json.dumps([database.scan(TableName=name)["Items"] for name in ("people", "keys")])
    token = browser.cookies[SESSION]
    assert secret not in before
    for kept in (token, token.partition(".")[2], *(session_key(token, mode=mode) for mode in Mode)):
        assert kept not in after
    assert browser.get("/dashboard").hidden("form_token") not in after


def test_a_sessions_keys_are_in_no_list(somebody: Browser, cloud: Cloud) -> None:
    key = session_key(somebody.cookies[SESSION], mode=Mode.LIVE)
    assert cloud.call("keys_list", "GET", "/v1/account/keys", key=key).json == {"keys": []}
    assert "There are no keys yet" in somebody.get("/dashboard/keys").words


def test_who_is_signed_in_already_is_not_asked_again(somebody: Browser) -> None:
    page = somebody.get("/dashboard/sign-in?to=%2Fdashboard%2Fkeys")
    assert (page.status, page.location) == (303, "/dashboard/keys")
