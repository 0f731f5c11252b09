"""Forms of the dashboard: only our own pages' in this session, and nothing typed is lost."""

import base64
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.fakes import FakeClock
from tests.functions.conftest import Cloud
from tests.functions.dashboard_world import Browser, Outside

JOB = "job_01K00000000000000000000000"
# Every form, and the page it lies on.
FORMS = {
    "/dashboard/sign-out": "/dashboard",
    "/dashboard/mode": "/dashboard",
    "/dashboard/keys": "/dashboard/keys",
    "/dashboard/keys/key_01K00000000000000000000000/revoke": "/dashboard/keys",
    "/dashboard/playground": "/dashboard/playground",
    "/dashboard/playground/code": "/dashboard/playground",
    f"/dashboard/jobs/{JOB}/cancel": f"/dashboard/jobs/{JOB}",
    f"/dashboard/jobs/{JOB}/redeliver": f"/dashboard/jobs/{JOB}",
    "/dashboard/billing/deposit": "/dashboard/billing",
    "/dashboard/billing/auto-topup": "/dashboard/billing",
    "/dashboard/billing/alert": "/dashboard/billing",
    "/dashboard/settings/sign-out-others": "/dashboard/settings",
}
every_form = pytest.mark.parametrize("form", FORMS)
FIELDS = {
    "label": "k", "mode": "live", "scopes": "read", "kind": "image", "prompt": "a red fox", "amount": "25",
    "threshold": "5", "topup_amount": "10", "monthly_cap": "100", "low_balance": "5",
    "alert_url": "https://example.com/h", "once": "01K00000000000000000000000",
}  # fmt: skip
WRITES = {"PutItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"}


def written(cloud: Cloud) -> list[str]:
    """What was written, but for the note that a session was used."""
    return [name for name, asked in cloud.sent if name in WRITES]


def test_every_action_of_the_dashboard_is_tried_here() -> None:
    from tests.functions.conftest import load

    rules = {
        route.path.replace("<key_id>", "{id}").replace("<job_id>", "{id}")
        for route in load("dashboard").handler._resolver._dynamic_routes
        + load("dashboard").handler._resolver._static_routes
        if route.method == "POST"
    }
    tried = {
        form.replace("key_01K00000000000000000000000", "{id}").replace(
            "job_01K00000000000000000000000", "{id}"
        )
        for form in FORMS
    }
    assert {rule.replace("<job_id>", "{id}") for rule in rules} == tried


@every_form
@pytest.mark.parametrize("origin", ["https://evil.example", "null", None, "http://api.corent.example", ""])
def test_a_form_from_another_place_does_nothing(
    somebody: Browser, outside: Outside, form: str, origin: str | None
) -> None:
    somebody.get("/dashboard")
    calls = len(outside.calls)
    outside.cloud.sent.clear()
    page = somebody.post(form, FIELDS, origin=origin)
    assert (page.status, written(outside.cloud), len(outside.calls)) == (403, [], calls)
    assert somebody.get("/dashboard").status == 200


@every_form
def test_a_form_without_this_sessions_token_does_nothing(
    somebody: Browser, outside: Outside, form: str
) -> None:
    other = Browser(outside.cloud)
    outside.pool.email = "else@example.com"
    other.sign_in(outside.pool)
    other.get("/dashboard")
    somebody.get("/dashboard")
    calls = len(outside.calls)
    outside.cloud.sent.clear()
    for token in ("", "0" * 64, other.form_token, somebody.form_token[:-1], "\u00e9"):
        assert somebody.post(form, FIELDS, form_token=token).status == 403
    assert (written(outside.cloud), len(outside.calls)) == ([], calls)


@every_form
def test_a_form_of_a_session_that_is_over_does_nothing_and_is_kept(
    somebody: Browser, outside: Outside, clock: FakeClock, form: str
) -> None:
    somebody.get("/dashboard")
    calls = len(outside.calls)
    clock.sleep(31 * 60)
    outside.cloud.sent.clear()
    page = somebody.post(form, FIELDS)
    assert page.status == 401
    assert "Nothing was sent" in page.words
    assert f"/dashboard/sign-in/begin?to={FORMS[form].replace('/', '%2F')}" in page.text
    # One item: what was typed.
    assert (written(outside.cloud), len(outside.calls)) == (["PutItem"], calls)


@every_form
def test_nobody_signed_in_can_send_a_form(outside: Outside, form: str) -> None:
    assert Browser(outside.cloud).post(form, FIELDS).status == 401
    assert outside.calls == []


KEPT = {
    "/dashboard/playground": (
        "/dashboard/playground",
        {"kind": "image", "prompt": 'a "fox" & <b>'},
        "prompt",
    ),
    "/dashboard/keys": ("/dashboard/keys", {"label": 'my "key" & <b>', "mode": "live"}, "label"),
    "/dashboard/billing/deposit": ("/dashboard/billing", {"amount": "123.45"}, "amount"),
}


@pytest.mark.parametrize("form", KEPT)
def test_what_was_typed_when_the_session_ended_stands_in_the_form_after_signing_in(
    somebody: Browser, outside: Outside, clock: FakeClock, form: str
) -> None:
    page, fields, name = KEPT[form]
    somebody.get(page)
    clock.sleep(31 * 60)
    somebody.post(form, fields)
    assert somebody.sign_in(outside.pool, to=page).location == page
    assert somebody.get(page).value(name) == fields[name]
    # Once: the next time the form is empty again.
    assert somebody.get(page).value(name) != fields[name]


def test_a_draft_is_nobody_elses(somebody: Browser, outside: Outside, clock: FakeClock) -> None:
    somebody.get("/dashboard/playground")
    clock.sleep(31 * 60)
    somebody.post("/dashboard/playground", {"kind": "image", "prompt": "a secret plan"})
    other = Browser(outside.cloud)
    other.sign_in(outside.pool)
    assert "a secret plan" not in other.get("/dashboard/playground").text


def test_a_draft_goes_to_its_own_page_only(somebody: Browser, outside: Outside, clock: FakeClock) -> None:
    somebody.get("/dashboard/keys")
    clock.sleep(31 * 60)
    somebody.post("/dashboard/keys", {"label": "prompt-like"})
    somebody.sign_in(outside.pool)
    assert "prompt-like" not in somebody.get("/dashboard/playground").text


def test_a_form_of_another_site_leaves_no_draft(outside: Outside) -> None:
    page = Browser(outside.cloud).post(
        "/dashboard/playground", {"prompt": "planted"}, origin="https://evil.example"
    )
    assert (page.status, written(outside.cloud)) == (403, [])


@pytest.mark.parametrize(
    "raw",
    ["%", "prompt=%ff", "&".join(f"a{n}=1" for n in range(101)), "prompt=" + "x" * (256 * 1024)],
    ids=["percent", "no text", "too many fields", "too large"],
)
def test_a_form_that_cannot_be_read_is_refused(somebody: Browser, outside: Outside, raw: str) -> None:
    somebody.get("/dashboard")
    calls = len(outside.calls)
    page = somebody.post("/dashboard/playground", raw=raw)
    assert page.status in (403, 413, 422)
    assert "<h1>" in page.text
    assert len(outside.calls) == calls


def test_a_form_that_came_as_base64_is_read_too(somebody: Browser, cloud: Cloud) -> None:
    somebody.get("/dashboard")
    body = urlencode({"form_token": somebody.form_token, "mode": "test", "to": "/dashboard/keys"})
    headers = {
        "Origin": "https://api.corent.example",
        "Cookie": "; ".join(f"{name}={value}" for name, value in somebody.cookies.items()),
    }
    event: dict[str, Any] = {
        **cloud.event("POST", "/dashboard/{proxy+}", headers=headers, path={"proxy": "mode"}),
        "path": "/dashboard/mode",
        "body": base64.b64encode(body.encode()).decode(),
        "isBase64Encoded": True,
    }
    answer = cloud.invoke("dashboard", event)
    assert (answer["statusCode"], answer["multiValueHeaders"]["Location"]) == (303, ["/dashboard/keys"])


def test_a_page_that_does_not_exist_says_so(somebody: Browser) -> None:
    page = somebody.get("/dashboard/nonsense")
    assert page.status == 404
    assert "There is no such page" in page.words


def test_what_breaks_inside_is_a_page_that_tells_nothing(
    somebody: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from corent.wiring import dashboard

    def explode(_account_id: str) -> list[Any]:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(dashboard.sessions(), "list", explode)
    page = somebody.get("/dashboard/settings")
    assert page.status == 500
    assert "a secret" not in page.text
    assert "Something went wrong" in page.words


def test_every_page_has_the_policy_and_is_kept_nowhere(somebody: Browser) -> None:
    for address in ("/dashboard", "/dashboard/keys", "/dashboard/nonsense", "/dashboard/sign-in/begin"):
        headers = {name: values[0] for name, values in somebody.get(address).headers.items()}
        rules = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
        assert rules["default-src"] == "'none'"
        assert {rules[name] for name in ("script-src", "style-src", "img-src", "connect-src")} == {"'self'"}
        assert (rules["base-uri"], rules["frame-ancestors"]) == ("'none'", "'none'")
        assert rules["form-action"] == "'self' http://127.0.0.1:* https://people.corent.example"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Request-Id"].startswith("req_")


def test_on_aws_forms_lead_to_the_processors_pages_and_the_pools(
    somebody: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from corent.wiring import dashboard

    monkeypatch.setenv("CORENT_STAGE", "prod")
    dashboard.settings.cache_clear()
    policy = somebody.get("/dashboard/sign-in").headers["Content-Security-Policy"][0]
    assert "form-action 'self' https://checkout.stripe.com https://people.corent.example" in policy


def test_a_script_whose_form_came_too_late_leads_to_the_page_that_says_so(
    somebody: Browser, outside: Outside, clock: FakeClock
) -> None:
    somebody.get("/dashboard/playground")
    clock.sleep(31 * 60)
    page = somebody.post("/dashboard/playground", {"prompt": "kept"}, **{"HX-Request": "true"})
    assert (page.status, page.headers["HX-Redirect"]) == (
        401,
        ["/dashboard/sign-in/ended?to=%2Fdashboard%2Fplayground"],
    )
    assert "Nothing was sent" in somebody.get(page.headers["HX-Redirect"][0]).words
    somebody.sign_in(outside.pool, to="/dashboard/playground")
    assert somebody.get("/dashboard/playground").value("prompt") == "kept"


def test_a_script_is_told_of_an_error_in_a_part_of_a_page(somebody: Browser) -> None:
    page = somebody.get("/dashboard/jobs/job_1/card", **{"HX-Request": "true"})
    assert page.status == 404
    assert "<html" not in page.text
    assert 'role="alert"' in page.text


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://api.corent.example.evil.example"]
)
@pytest.mark.parametrize(
    "resource",
    ["/dashboard", "/dashboard/{proxy+}", "/v1/account/balance", "/v1/account/keys", "/v1/images/generate"],
)
def test_no_other_origin_is_let_in_by_a_preflight(cloud: Cloud, origin: str, resource: str) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = cloud.call("unknown_route", "OPTIONS", resource, headers=asked)
    assert answer.status == 405
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_pages_let_no_other_origin_read_them(somebody: Browser) -> None:
    page = somebody.get("/dashboard", Origin="https://evil.example")
    assert not [name for name in page.headers if name.lower().startswith("access-control-")]
