"""Money: deposits, automatic top-ups, the low-balance alert, and every entry of the ledger."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from aws_lambda_powertools.event_handler import Response

from corent.core.errors import CorentError, InvalidRequestError, RelayedError, UnansweredError
from corent.core.ids import is_ulid, new_ulid
from corent_pages.forms import Form
from corent_pages.site import Page
from dashboard.money import cents_of
from dashboard.site import api, once, site

PAGE: Final = "/dashboard/billing"
ROWS: Final = 25
TABLE_ROWS: Final = 100
# Beyond this many pages a table is asked for at the API, which hands it out page by page.
TABLE_PAGES_MAX: Final = 20


@site.page(PAGE)
def billing() -> Page:
    return _show(form=site.draft(PAGE))


@site.open_page(f"{PAGE}/returned")
def returned() -> Page:
    """Where a payer comes back to, who need not be anybody that can sign in. It credits nothing."""
    if site.visit.visitor is not None:
        return site.go(f"{PAGE}?paid=maybe")
    return site.show("returned.html")


def _show(*, form: Form | None = None, error: CorentError | None = None) -> Page:
    client, cursor = api(), site.visit.query.get("cursor", "")
    context: dict[str, Any] = {"form": form or {}, "once": once(), "figures": None, "ledger": None}
    context |= {"topup": None, "alert": None}
    reads = {
        "figures": lambda: client.get("/v1/account/balance"),
        "ledger": lambda: client.get("/v1/account/ledger", limit=ROWS, cursor=cursor),
        "topup": lambda: client.get("/v1/account/auto-topup"),
        "alert": lambda: client.get("/v1/account/alerts"),
    }
    with ThreadPoolExecutor(max_workers=len(reads)) as pool:
        for name, answer in {name: pool.submit(read) for name, read in reads.items()}.items():
            try:
                context[name] = answer.result()
            except (RelayedError, UnansweredError) as failed:
                # A test key has neither top-ups nor alerts; what else is missing is said.
                if not (isinstance(failed, RelayedError) and failed.code == "live_key_required"):
                    error = error or failed
    return site.show("billing.html", error=error, **context)


def _again(*, error: CorentError) -> Page:
    return _show(form=site.visit.form, error=error)


@site.action(f"{PAGE}/deposit", again=_again, page=PAGE)
def deposit() -> Page:
    """On to the pay page. The same form sent twice leads to the same page."""
    visit = site.visit
    body = {
        "amount_cents": cents_of(visit.text("amount"), param="amount"),
        "save_card": visit.text("save_card") == "yes",
    }
    form_id = visit.text("once")
    key = form_id if is_ulid(form_id) else new_ulid()
    return site.go(api().post("/v1/account/deposit", body, idempotency_key=key)["checkout_url"])


@site.action(f"{PAGE}/auto-topup", again=_again, page=PAGE)
def set_topup() -> Page:
    visit = site.visit
    if visit.text("off") == "yes":
        api().delete("/v1/account/auto-topup")
        return site.go(f"{PAGE}?done=topup_off")
    names = ("threshold", "topup_amount", "monthly_cap")
    threshold, amount, cap = (cents_of(visit.text(name), param=name) for name in names)
    body = {"threshold_cents": threshold, "amount_cents": amount, "monthly_cap_cents": cap}
    api().put("/v1/account/auto-topup", body)
    return site.go(f"{PAGE}?done=topup_on")


@site.action(f"{PAGE}/alert", again=_again, page=PAGE)
def set_alert() -> Page:
    visit = site.visit
    if visit.text("off") == "yes":
        api().delete("/v1/account/alerts")
        return site.go(f"{PAGE}?done=alert_off")
    body: dict[str, Any] = {
        "low_balance_cents": cents_of(visit.text("low_balance"), param="low_balance"),
        "webhook_url": visit.text("alert_url"),
    }
    if visit.text("alert_secret"):
        body["webhook_secret"] = visit.text("alert_secret")
    api().put("/v1/account/alerts", body)
    return site.go(f"{PAGE}?done=alert_on")


@site.page(f"{PAGE}/<table>.csv")
def table(table: str) -> Page:
    """The ledger or the usage as one file."""
    if table not in ("ledger", "usage"):
        raise InvalidRequestError("There are tables of the ledger and of the usage.", code="invalid_table")
    client = api()
    lines: list[str] = []
    path: str | None = f"/v1/account/{table}?limit={TABLE_ROWS}"
    for _ in range(TABLE_PAGES_MAX):
        text, path = client.get_table(path)
        lines += text.splitlines(keepends=True)[1 if lines else 0 :]
        if path is None:
            break
    return Response(
        status_code=200,
        content_type="text/csv; charset=utf-8",
        body="".join(lines),
        headers={
            "Content-Disposition": f'attachment; filename="corent-{table}.csv"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
