"""The dashboard's pages: what each shows, and what its forms do by way of the API."""

import html
import re
import shlex
from collections.abc import Callable, Iterator
from typing import Any

import markupsafe
import pytest

from corent.usecases.open_account import OpenedAccount
from tests.fakes import FakeClock
from tests.forbidden_words import find_forbidden
from tests.functions.card_money import Payments, paying
from tests.functions.conftest import Cloud
from tests.functions.dashboard_world import Browser, Outside, Page
from tests.functions.test_images_generate import DOWN, IMAGE
from tests.functions.upstreams import Files, serving_files

type Offer = Callable[..., None]
NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</textarea><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "\u202egnp.exe\u0000",
    "<!--",
    "&lt;b&gt;",
]


def buy(browser: Browser, **fields: Any) -> Page:
    """Generate in the playground, as without scripts."""
    return browser.submit(
        "/dashboard/playground", "/dashboard/playground", {"kind": "image", "prompt": "a red fox", **fields}
    )


def escaped(text: str) -> str:
    """As text stands in a page."""
    return str(markupsafe.escape(text))


def job_id_of(page: Page) -> str:
    found = re.search(r"job=(job_\w+)", page.location)
    assert found is not None
    return found[1]


@pytest.fixture
def serving(upstream: Offer) -> None:
    upstream("openai", lambda _: IMAGE)


# ---- overview ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("serving")
def test_the_overview_shows_the_balance_what_is_held_and_what_was_spent(
    owner: Browser, cloud: Cloud, clock: FakeClock
) -> None:
    job_id = job_id_of(buy(owner, preference="quality"))
    assert "Balance $50.00" in owner.get("/dashboard").words
    assert "Available $49.88 for new work Held $0.12" in owner.get("/dashboard").words
    cloud.carry(job_id, clock=clock)
    clock.sleep(60)  # Ids are made by the real clock, and usage is asked for up to now.
    shown = owner.get("/dashboard")
    assert "Balance $49.88" in shown.words
    assert "Spent in 30 days $0.12" in shown.words
    assert "corent-image-studio: $0.12" in shown.words
    assert job_id in shown.words
    assert shown.text.count("<rect class=") == 2  # One bar, and its colour in the legend.


def test_an_empty_account_is_shown_what_to_do(somebody: Browser) -> None:
    shown = somebody.get("/dashboard")
    assert "Add money" in shown.words
    assert "Make a first image" in shown.words


def test_in_test_mode_pages_show_the_test_wallet(owner: Browser, outside: Outside) -> None:
    owner.get("/dashboard")
    owner.post("/dashboard/mode", {"mode": "test", "to": "/dashboard/keys"})
    assert "Balance $100.00" in owner.get("/dashboard").words
    assert outside.calls[-1][2]["authorization"].startswith("Bearer co_test_")
    owner.post("/dashboard/mode", {"mode": "live", "to": "/dashboard"})
    assert "Balance $50.00" in owner.get("/dashboard").words


@pytest.mark.parametrize("mode", ["", "prod", "LIVE"])
def test_there_are_two_modes_and_no_other(owner: Browser, mode: str) -> None:
    owner.get("/dashboard")
    assert owner.post("/dashboard/mode", {"mode": mode}).status == 422


@pytest.mark.parametrize(
    "address", ["/dashboard", "/dashboard/jobs", "/dashboard/billing", "/dashboard/playground?job=job_1"]
)
def test_a_page_with_a_dead_api_behind_it_says_so(owner: Browser, outside: Outside, address: str) -> None:
    outside.is_down = True
    page = owner.get(address)
    assert page.status == 503
    assert "Corent did not answer in time" in page.words
    assert "Sign out" in page.words


# ---- keys -------------------------------------------------------------------------------------------


def make_key(browser: Browser, **fields: Any) -> Page:
    wanted = {"label": "ci", "mode": "live", "scopes": ["generate", "read"], **fields}
    return browser.submit("/dashboard/keys", "/dashboard/keys", wanted)


def secret_of(page: Page) -> str | None:
    found = re.search(r"co_(live|test)_[0-9A-Za-z]{38}", page.text)
    return found[0] if found else None


def test_a_new_keys_secret_is_shown_once_and_opens_the_api(owner: Browser, cloud: Cloud) -> None:
    page = make_key(owner)
    secret = secret_of(page)
    assert page.status == 200
    assert secret is not None
    assert cloud.call("account_balance", "GET", "/v1/account/balance", key=secret).status == 200
    later = owner.get("/dashboard/keys")
    assert secret_of(later) is None
    assert f"co_live_…{secret[-4:]}" in later.words


def test_a_form_sent_again_makes_no_second_key_and_shows_no_secret(owner: Browser, cloud: Cloud) -> None:
    fields = {"label": "ci", "mode": "live", "scopes": "read", "once": "01K00000000000000000000000"}
    owner.get("/dashboard/keys")
    assert secret_of(owner.post("/dashboard/keys", fields)) is not None
    again = owner.post("/dashboard/keys", fields)
    assert (again.status, secret_of(again)) == (422, None)
    assert "was made already" in again.words
    assert owner.get("/dashboard/keys").text.count("/revoke") == 3  # With the account's first two.


def test_a_key_has_the_scopes_limit_and_end_that_were_asked_for(owner: Browser) -> None:
    make_key(owner, scopes=["billing"], limit="12.50", expires_at="2999-01-01")
    shown = owner.get("/dashboard/keys").words
    assert "billing $12.50" in shown
    assert "expires 1 Jan 2999" in shown


def test_the_dashboard_alone_gives_the_right_to_make_keys(owner: Browser, cloud: Cloud) -> None:
    secret = secret_of(make_key(owner, admin="yes"))
    body = {"label": "made by a key"}
    assert cloud.call("keys_create", "POST", "/v1/account/keys", key=secret, body=body).status == 201
    plain = secret_of(make_key(owner))
    assert cloud.call("keys_create", "POST", "/v1/account/keys", key=plain, body=body).status == 403


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"label": ""}, "label"),
        ({"label": "x" * 101}, "label"),
        ({"mode": "prod"}, "mode"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["admin"]}, "scopes"),
        ({"limit": "much"}, "An amount looks like"),
        ({"limit": "0"}, "limit_cents"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"expires_at": "2001-01-01"}, "expires_at must lie in the future"),
        ({"expires_at": "2026-02-30"}, "expires_at"),
    ],
)
def test_a_key_that_cannot_be_made_is_refused_and_the_form_kept(
    owner: Browser, fields: dict[str, Any], said: str
) -> None:
    page = make_key(owner, **{"label": "kept", **fields})
    assert page.status == 422
    assert said in page.words
    assert secret_of(page) is None
    assert page.value("label") == fields.get("label", "kept")


def test_a_revoked_key_stops_at_once(owner: Browser, cloud: Cloud) -> None:
    page = make_key(owner)
    secret = secret_of(page)
    key_id = re.findall(r"/dashboard/keys/(key_\w+)/revoke", page.text)[0]  # The newest stands first.
    assert owner.post(f"/dashboard/keys/{key_id}/revoke").location == "/dashboard/keys?done=revoked"
    assert cloud.call("account_balance", "GET", "/v1/account/balance", key=secret).status == 401
    assert "stopped working at once" in owner.get("/dashboard/keys?done=revoked").words


def test_nobody_revokes_anothers_key(owner: Browser, outside: Outside) -> None:
    key_id = re.findall(r"/dashboard/keys/(key_\w+)/revoke", make_key(owner).text)[0]
    other = Browser(outside.cloud)
    outside.pool.email = "else@example.com"
    other.sign_in(outside.pool)
    other.get("/dashboard/keys")
    assert other.post(f"/dashboard/keys/{key_id}/revoke").status == 404
    assert f"{key_id}/revoke" in owner.get("/dashboard/keys").text


@pytest.mark.parametrize("text", NASTY)
def test_a_nasty_label_is_shown_as_it_is(owner: Browser, text: str) -> None:
    make_key(owner, label=text)
    page = owner.get("/dashboard/keys")
    assert text in html.unescape(page.text)
    for tag in ("<script>alert", "<img src=x", "<svg onload", "<!--"):
        assert tag not in page.text


# ---- playground -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("serving")
def test_what_is_generated_is_followed_and_shown(owner: Browser, cloud: Cloud, clock: FakeClock) -> None:
    page = buy(owner)
    assert page.status == 303
    job_id = job_id_of(page)
    following = owner.get(page.location)
    assert f'data-card="/dashboard/jobs/{job_id}/card"' in following.text
    assert f'data-stream="/v1/jobs/{job_id}/stream?token=' in following.text
    cloud.carry(job_id, clock=clock)
    card = owner.get(f"/dashboard/jobs/{job_id}/card")
    assert "data-stream" not in card.text
    assert re.search(
        r'<img src="https://api.corent.example/files/[^"]+" width="64" height="64" alt="', card.text
    )
    assert "Charged $0.04" in card.words


@pytest.mark.usefixtures("serving")
def test_a_second_click_buys_nothing(owner: Browser, outside: Outside) -> None:
    owner.get("/dashboard/playground")
    fields = {"kind": "image", "prompt": "a red fox", "once": "01K00000000000000000000000"}
    pages = [owner.post("/dashboard/playground", fields) for _ in range(2)]
    assert pages[0].location == pages[1].location
    assert "Held $0.04" in owner.get("/dashboard").words


def test_a_form_that_got_no_answer_keeps_all_and_finds_its_job_when_sent_again(
    owner: Browser, outside: Outside
) -> None:
    owner.get("/dashboard/playground?kind=video")
    outside.is_down = True
    fields = {
        "kind": "video",
        "prompt": "a <fox> runs",
        "duration_s": "3",
        "once": "01K00000000000000000000000",
    }
    page = owner.post("/dashboard/playground", fields)
    assert page.status == 503
    assert "Nothing you typed is lost" in page.words
    assert (page.value("prompt"), page.hidden("duration_s")) == ("a <fox> runs", "3")
    assert page.hidden("once") == "01K00000000000000000000000"
    owner.post("/dashboard/playground", {**fields, "once": page.hidden("once")})
    sent = [headers["idempotency-key"] for method, _, headers, _ in outside.calls if method == "POST"]
    assert sent == ["01K00000000000000000000000"] * 2


def test_two_forms_are_two_purchases(owner: Browser, outside: Outside) -> None:
    for _ in range(2):
        buy(owner)
    sent = [headers["idempotency-key"] for method, _, headers, _ in outside.calls if method == "POST"]
    assert len(set(sent)) == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"prompt": ""}, "prompt is missing"),
        ({"prompt": "x" * 4_001}, "prompt"),
        ({"aspect_ratio": "5:1"}, "aspect_ratio"),
        ({"n": "9"}, "n:"),
        ({"n": "two"}, "n:"),
        ({"seed": "-1"}, "seed"),
        ({"seed": "9" * 30}, "seed"),
        ({"webhook_url": "https://127.0.0.1/"}, "webhook_url"),
        ({"webhook_url": "https://example.com/", "webhook_secret": "short"}, "webhook_secret"),
        ({"preference": "best"}, "preference"),
    ],
)
def test_what_the_api_refuses_is_said_in_its_words_and_the_form_kept(
    owner: Browser, fields: dict[str, str], said: str
) -> None:
    page = buy(owner, **{"prompt": "kept", **fields})
    assert page.status == 422
    assert said in page.words
    assert page.value("prompt") == fields.get("prompt", "kept")


@pytest.mark.usefixtures("serving")
def test_too_little_money_is_said(somebody: Browser) -> None:
    page = buy(somebody)
    assert page.status == 402
    assert "insufficient_funds" in page.words


@pytest.mark.usefixtures("serving")
def test_a_script_gets_the_card_and_a_new_name_for_the_form(owner: Browser) -> None:
    owner.get("/dashboard/playground")
    page = owner.post(
        "/dashboard/playground",
        {"kind": "image", "prompt": "a red fox", "once": "01K00000000000000000000000"},
        **{"HX-Request": "true"},
    )
    assert page.status == 200
    assert 'id="job"' in page.text
    assert "<html" not in page.text
    assert page.hidden("once") != "01K00000000000000000000000"


def test_a_script_whose_session_is_over_is_sent_to_sign_in(outside: Outside) -> None:
    page = Browser(outside.cloud).get("/dashboard/jobs/job_1/card", **{"HX-Request": "true"})
    assert page.status == 401
    assert page.headers["HX-Redirect"] == ["/dashboard/sign-in?to=%2Fdashboard%2Fjobs%2Fjob_1%2Fcard"]


@pytest.mark.parametrize("prompt", [*NASTY, 'it\'s "quoted" \\ $HOME `id` $(id)\nsecond line'])
def test_the_code_beside_the_form_is_the_same_call(owner: Browser, prompt: str) -> None:
    owner.get("/dashboard/playground")
    page = owner.post(
        "/dashboard/playground/code",
        {"kind": "image", "prompt": prompt, "n": "2", "webhook_secret": "never shown in code"},
    )
    code = dict(re.findall(r'<code id="(\w+)-code">(.*?)</code>', page.text, re.DOTALL))
    words = shlex.split(html.unescape(code["curl"]))
    assert words[:2] == ["curl", "https://api.corent.example/v1/images/generate"]
    import json

    assert json.loads(words[-1]) == {"prompt": prompt.strip(), "n": 2}
    made: list[dict[str, Any]] = []

    class Images:
        def generate(self, **arguments: Any) -> str:
            made.append(arguments)
            return "an image"

    class Client:
        def __init__(self, *, base_url: str) -> None:
            assert base_url == "https://api.corent.example"
            self.images = Images()

    program = html.unescape(code["python"]).replace("from corent import Corent", "")
    exec(program.replace("print(", "str("), {"Corent": Client})  # noqa: S102 - our own sample, with a stand-in
    assert made == [{"prompt": prompt.strip(), "n": 2}]
    assert "never shown" not in page.text


# ---- jobs -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("serving")
def test_jobs_are_listed_and_filtered(owner: Browser, cloud: Cloud, clock: FakeClock) -> None:
    done, waiting = job_id_of(buy(owner)), job_id_of(buy(owner))
    cloud.carry(done, clock=clock)
    listed = {
        query: {job_id for job_id in (done, waiting) if job_id in owner.get(f"/dashboard/jobs{query}").text}
        for query in ("", "?status=completed", "?kind=video", "?status=queued&kind=image")
    }
    assert listed[""] == {done, waiting}
    assert listed["?status=completed"] == {done}
    assert listed["?kind=video"] == set()
    assert done not in listed["?status=queued&kind=image"]


@pytest.mark.parametrize("query", ["?status=odd", "?kind=song", "?cursor=%3Cscript%3E"])
def test_a_filter_that_is_none_is_said(owner: Browser, query: str) -> None:
    page = owner.get(f"/dashboard/jobs{query}")
    assert page.status == 422
    assert "<script>" not in page.text.replace('<script src="', "")


@pytest.mark.usefixtures("serving")
def test_a_job_is_shown_with_its_result_and_why_it_went_there(
    owner: Browser, cloud: Cloud, clock: FakeClock
) -> None:
    job_id = job_id_of(buy(owner))
    cloud.carry(job_id, clock=clock)
    shown = owner.get(f"/dashboard/jobs/{job_id}").words
    assert "Why it went where it went" in shown
    assert re.search(r"Attempts Candidate Outcome Took A completed \d+\.\d s", shown)
    assert "ordered without a webhook" in shown
    assert "Cancel it" not in shown


@pytest.mark.usefixtures("serving")
def test_nasty_metadata_is_shown_as_it_is(owner: Browser, cloud: Cloud, account: OpenedAccount) -> None:
    metadata = {f"{number} {text}"[:64]: text for number, text in enumerate(NASTY)}
    bought = cloud.generate(account.live_key, metadata=metadata, prompt=" ".join(NASTY))
    assert bought.status == 200
    page = owner.get(f"/dashboard/jobs/{bought.json['id']}")
    for name, text in metadata.items():
        assert f"<dt>{escaped(name)}</dt><dd>{escaped(text)}</dd>" in page.text
    for tag in ("<script>alert", "<img src=x", "<svg onload", "<!--"):
        assert tag not in page.text


def test_a_jobs_page_names_no_upstream_though_one_failed_and_another_served(
    owner: Browser, cloud: Cloud, clock: FakeClock, upstream: Offer
) -> None:
    upstream("bfl", lambda _: DOWN)
    upstream("openai", lambda _: IMAGE)
    job_id = job_id_of(buy(owner, preference="fast"))
    cloud.carry(job_id, clock=clock)
    pages = [f"/dashboard/jobs/{job_id}", f"/dashboard/jobs/{job_id}/card", "/dashboard", "/dashboard/jobs"]
    for address in pages:
        assert find_forbidden(owner.get(address).text) == []


@pytest.mark.usefixtures("serving")
def test_a_job_that_waits_can_be_cancelled(owner: Browser, cloud: Cloud) -> None:
    job_id = job_id_of(buy(owner))
    assert "Cancel it" in owner.get(f"/dashboard/jobs/{job_id}").words
    assert owner.post(f"/dashboard/jobs/{job_id}/cancel").location == f"/dashboard/jobs/{job_id}"
    assert "It was cancelled. Nothing was charged." in owner.get(f"/dashboard/jobs/{job_id}").words


@pytest.mark.usefixtures("serving")
def test_a_job_that_is_over_cannot_be_cancelled(owner: Browser, cloud: Cloud, clock: FakeClock) -> None:
    job_id = job_id_of(buy(owner))
    owner.get(f"/dashboard/jobs/{job_id}")
    cloud.carry(job_id, clock=clock)
    page = owner.post(f"/dashboard/jobs/{job_id}/cancel")
    assert (page.status, "job_not_cancellable" in page.words) == (409, True)


@pytest.mark.usefixtures("serving")
def test_nobody_sees_anothers_job(owner: Browser, outside: Outside) -> None:
    job_id = job_id_of(buy(owner))
    other = Browser(outside.cloud)
    outside.pool.email = "else@example.com"
    other.sign_in(outside.pool)
    for address in (f"/dashboard/jobs/{job_id}", f"/dashboard/jobs/{job_id}/card"):
        assert other.get(address).status == 404
    assert other.post(f"/dashboard/jobs/{job_id}/cancel", form_token=other.form_token).status in (403, 404)


@pytest.mark.parametrize("job_id", ["job_1", "job_..", "%2e%2e%2fkeys", "job_<b>", "a b"])
def test_a_job_that_is_none_is_a_page_that_says_so(owner: Browser, job_id: str) -> None:
    page = owner.get(f"/dashboard/jobs/{job_id}")
    assert page.status == 404
    assert "<b>" not in page.text


@pytest.fixture(scope="module")
def receiver() -> Iterator[Files]:
    with serving_files() as served:
        served.put("hook", b"ok")
        yield served


@pytest.mark.usefixtures("serving")
def test_the_webhook_log_is_shown_and_a_message_delivered_again(
    outside: Outside, cloud: Cloud, clock: FakeClock, receiver: Files, monkeypatch: pytest.MonkeyPatch,
    account: OpenedAccount,
) -> None:  # fmt: skip
    from corent.wiring.operator import give_owner
    from tests.functions.conftest import clear_wiring
    from tests.functions.test_webhooks import due, message

    monkeypatch.setenv("CORENT_ALLOW_LOOPBACK", "1")
    clear_wiring()
    give_owner(account.account_id, email=outside.pool.email)
    owner = Browser(cloud)
    owner.sign_in(outside.pool)
    job_id = job_id_of(buy(owner, webhook_url=f"{receiver.address}/hook", webhook_secret="s" * 16))
    cloud.carry(job_id, clock=clock)
    assert "pending" in owner.get(f"/dashboard/jobs/{job_id}").words
    due(cloud, message(job_id))
    shown = owner.get(f"/dashboard/jobs/{job_id}").words
    assert "Webhook delivered" in shown
    assert "2xx" in shown
    assert owner.post(f"/dashboard/jobs/{job_id}/redeliver").status == 303


# ---- billing ----------------------------------------------------------------------------------------


@pytest.fixture
def payments(cloud: Cloud) -> Iterator[Payments]:
    with paying(cloud) as made:
        yield made


def payer(outside: Outside, payments: Payments) -> Browser:
    from corent.wiring.operator import give_owner

    give_owner(payments.account.account_id, email=outside.pool.email)
    browser = Browser(outside.cloud)
    browser.sign_in(outside.pool)
    return browser


def test_a_deposit_leads_to_the_pay_page_and_a_second_click_to_the_same(
    outside: Outside, payments: Payments
) -> None:
    browser = payer(outside, payments)
    browser.get("/dashboard/billing")
    fields = {"amount": "25", "once": "01K00000000000000000000000"}
    pages = [browser.post("/dashboard/billing/deposit", fields) for _ in range(2)]
    assert {page.status for page in pages} == {303}
    assert pages[0].location == pages[1].location
    assert pages[0].location.startswith(payments.stripe.running.base_url)
    assert outside.calls[-1][3] == {"amount_cents": 2_500, "save_card": False}


@pytest.mark.parametrize("amount", ["", "4.99", "-5", "ten", "1e3", "10,000.01", "5.001", "٥"])
def test_an_amount_that_cannot_be_paid_is_refused_and_kept(
    outside: Outside, payments: Payments, amount: str
) -> None:
    browser = payer(outside, payments)
    page = browser.submit("/dashboard/billing", "/dashboard/billing/deposit", {"amount": amount})
    assert page.status == 422
    assert page.value("amount") == amount
    assert re.search(r'id="amount"[^>]* aria-invalid="true"', page.text)


def test_who_comes_back_from_paying_is_told_what_happens_now(owner: Browser, outside: Outside) -> None:
    assert owner.get("/dashboard/billing/returned").location == "/dashboard/billing?paid=maybe"
    assert "If you have paid" in owner.get("/dashboard/billing?paid=maybe").words
    stranger = Browser(outside.cloud)
    outside.cloud.sent.clear()
    page = stranger.get("/dashboard/billing/returned")
    assert (page.status, outside.cloud.sent) == (200, [])
    assert "Back from the payment page" in page.words


def test_top_ups_need_a_saved_card_and_say_so(owner: Browser) -> None:
    page = owner.submit(
        "/dashboard/billing",
        "/dashboard/billing/auto-topup",
        {"threshold": "5", "topup_amount": "20", "monthly_cap": "100"},
    )
    assert page.status == 409
    assert "no_saved_card" in page.words
    assert page.value("topup_amount") == "20"


def test_an_alert_is_set_shown_and_switched_off(owner: Browser, outside: Outside) -> None:
    fields = {"low_balance": "5", "alert_url": "https://hooks.example.com/low"}
    page = owner.submit("/dashboard/billing", "/dashboard/billing/alert", fields)
    assert page.location == "/dashboard/billing?done=alert_on"
    shown = owner.get(page.location)
    assert (shown.value("low_balance"), shown.value("alert_url")) == ("5.00", "https://hooks.example.com/low")
    owner.post("/dashboard/billing/alert", {"off": "yes"})
    assert owner.get("/dashboard/billing").value("low_balance") == ""


def test_in_test_mode_no_money_can_be_added(owner: Browser) -> None:
    owner.get("/dashboard/billing")
    owner.post("/dashboard/mode", {"mode": "test"})
    page = owner.get("/dashboard/billing")
    assert page.status == 200
    assert "To the pay page" not in page.words
    assert "fills up to $100.00 each day" in page.words


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize("table", ["ledger", "usage"])
def test_a_table_is_one_file_with_every_page_of_it(
    owner: Browser, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    from dashboard import billing

    monkeypatch.setattr(billing, "TABLE_ROWS", 2)
    jobs = {job_id_of(buy(owner)) for _ in range(5)}
    page = owner.get(f"/dashboard/billing/{table}.csv")
    lines = page.text.strip().splitlines()
    assert page.headers["Content-Type"] == ["text/csv; charset=utf-8"]
    assert page.headers["Content-Disposition"] == [f'attachment; filename="corent-{table}.csv"']
    assert lines[0].startswith("id,kind,")
    assert len(lines) == 1 + 5 + (table == "ledger")
    assert all(any(job_id in line for line in lines) for job_id in jobs)
    assert sum(line.startswith("id,") for line in lines) == 1


def test_there_is_no_other_table(owner: Browser) -> None:
    assert owner.get("/dashboard/billing/keys.csv").status == 422


# ---- settings ---------------------------------------------------------------------------------------


def test_the_settings_say_whose_account_it_is(owner: Browser, account: OpenedAccount) -> None:
    shown = owner.get("/dashboard/settings").words
    assert account.account_id in shown
    assert "somebody@example.com" in shown
    assert "Test/1.0 this one" in shown


def test_a_browsers_name_is_text_and_no_markup(outside: Outside) -> None:
    browser = Browser(outside.cloud, agent="<script>alert(1)</script>" + "x" * 500)
    browser.sign_in(outside.pool)
    page = browser.get("/dashboard/settings")
    assert "<script>alert" not in page.text
    assert "x" * 200 not in page.text
