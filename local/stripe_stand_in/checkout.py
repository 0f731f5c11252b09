"""The pay page over HTTP: the form of a session, what its buttons do, receipts."""

from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from local.stripe_stand_in import pages, payments
from local.stripe_stand_in.account import Account
from local.stripe_stand_in.store import Record

PLACEHOLDER: Final = "{CHECKOUT_SESSION_ID}"
BUTTONS: Final = ("pay", "fail", "pay_later", "leave")
SETTLING: Final = ("settle", "settle_fail")


def press(account: Account, session: Record, action: str) -> bool:
    """Do what a button does; False when it could not be pressed any more. The caller is acting."""
    match action:
        case "pay":
            return payments.pay(account, session)
        case "fail":
            return payments.decline(account, session)
        case "pay_later":
            return payments.pay_later(account, session)
        case "settle" | "settle_fail":
            return payments.settle(account, session, succeeds=action == "settle")
        case _:
            return bool(session["status"] == "open")


class Checkout:
    """Serves the pages of one account's sessions and charges."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self) -> list[Route]:
        """Return the routes of the pages."""
        return [
            Route("/c/pay/{id}", self._get, methods=["GET"]),
            Route("/c/pay/{id}", self._post, methods=["POST"]),
            Route("/receipts/{id}", self._receipt, methods=["GET"]),
            Route("/stand-in.css", self._style, methods=["GET"]),
        ]

    async def _get(self, request: Request) -> Response:
        return await run_in_threadpool(self._show, request)

    async def _post(self, request: Request) -> Response:
        body = (await request.body()).decode("utf-8", "replace")
        # Sent without a button, the form pays, as it does on Enter.
        action = parse_qs(body).get("action", ["pay"])[-1]
        return await run_in_threadpool(self._press, request, action)

    def _show(self, request: Request) -> Response:
        payments.expire_due(self._account)
        with self._account.store.reading():
            session = self._account.store.table("sessions").get(request.path_params["id"])
            if session is None:
                return _page(404, pages.told("No such payment", "There is no payment at this address."))
            if session["status"] == "open":
                lines = self._account.store.unseen(session["id"])["line_items"]
                declined = request.query_params.get("outcome") == "declined"
                return _page(200, pages.pay(session, lines, declined=declined), leads_to=session)
            return _page(200, self._outcome(session), leads_to=session)

    def _outcome(self, session: Record) -> str:
        if session["status"] == "expired":
            return pages.told("Expired", "This payment has expired. Nothing was paid.")
        if session["payment_status"] == "paid":
            return pages.told("Paid", "This payment is complete.")
        intent = self._account.find("payment_intent", session["payment_intent"])
        if intent["status"] == "processing":
            return pages.settling(session)
        return pages.told("Not paid", "The bank refused this payment. Nothing was paid.")

    def _press(self, request: Request, action: str) -> Response:
        here = f"/c/pay/{request.path_params['id']}"
        payments.expire_due(self._account)
        with self._account.acting():
            session = self._account.store.table("sessions").get(request.path_params["id"])
            if session is None:
                return _page(404, pages.told("No such payment", "There is no payment at this address."))
            if action not in (*BUTTONS, *SETTLING):
                return _page(400, pages.told("No such button", "This page has no such button."))
            if not press(self._account, session, action) or action in SETTLING:
                # A second click, or a button of a page shown before: the page tells what is so now.
                return RedirectResponse(here, status_code=303)
            if action == "fail":
                return RedirectResponse(f"{here}?outcome=declined", status_code=303)
            address = session["cancel_url"] if action == "leave" else session["success_url"]
            if address is None:
                return RedirectResponse(here, status_code=303)
            return RedirectResponse(address.replace(PLACEHOLDER, session["id"]), status_code=303)

    async def _receipt(self, request: Request) -> Response:
        with self._account.store.reading():
            charge = self._account.store.table("charges").get(request.path_params["id"])
            if charge is None:
                return _page(404, pages.told("No such receipt", "There is no receipt at this address."))
            return _page(200, pages.receipt(charge))

    async def _style(self, _request: Request) -> Response:
        return Response(pages.STYLE, media_type="text/css", headers={"x-content-type-options": "nosniff"})


def _page(status: int, html: str, *, leads_to: Record | None = None) -> Response:
    # Browsers hold a form's redirects to form-action too.
    ends = [leads_to["success_url"], leads_to["cancel_url"]] if leads_to else []
    origins = {f"{parts.scheme}://{parts.netloc}" for parts in (urlsplit(end) for end in ends if end)}
    policy = (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {' '.join(["'self'", *sorted(origins)])}"
    )
    headers = {
        "cache-control": "no-store",
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return HTMLResponse(html, status_code=status, headers=headers)
