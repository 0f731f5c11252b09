"""API keys: made, shown once, revoked."""

from typing import Any

from corent.core.errors import CorentError, InvalidRequestError
from corent.edge.bodies.keys import DEFAULT_SCOPES, KeyBody
from corent.edge.keys import key_body, new_key_of
from corent.edge.validation import checked
from corent.wiring import dashboard
from corent.wiring.accounts import ADMIN
from corent_pages.forms import Form
from corent_pages.site import Page
from dashboard.money import cents_of
from dashboard.site import once, site

PAGE = "/dashboard/keys"


@site.page(PAGE)
def keys() -> Page:
    return _show(form=site.draft(PAGE))


def _show(*, form: Form | None = None, error: CorentError | None = None, **made: Any) -> Page:
    account_id = site.visit.who.session.account_id
    return site.show(
        "keys.html",
        error=error,
        form=form or {"mode": [site.visit.mode], "scopes": list(DEFAULT_SCOPES)},
        once=once(),
        keys=[key_body(key) for key in dashboard.manage_keys().list(account_id)],
        made=made,
    )


def _again(*, error: CorentError, **_parts: str) -> Page:
    return _show(form=site.visit.form, error=error)


@site.action(PAGE, again=_again, page=PAGE)
def create() -> Page:
    """Make a key and show its secret, in this answer and nowhere else: a reload shows none."""
    visit = site.visit
    fields = {
        "label": visit.text("label"),
        "mode": visit.text("mode"),
        "scopes": visit.form.get("scopes", []),
        "limit_cents": cents_of(visit.text("limit"), param="limit") if visit.text("limit") else None,
        "expires_at": visit.text("expires_at") or None,
    }
    also = (ADMIN,) if visit.text("admin") == "yes" else ()
    new = new_key_of(checked(KeyBody, fields), also=also)
    session = visit.who.session
    if not dashboard.sessions().is_first(session, visit.text("once")):
        raise InvalidRequestError(
            "This key was made already, and its secret was shown then. If you did not see it, revoke the key "
            "and make another one.",
            code="invalid_form",
        )
    key, secret = dashboard.manage_keys().grant(session.account_id, new)
    return _show(key=key_body(key), secret=secret)


@site.action(f"{PAGE}/<key_id>/revoke", again=_again, page=PAGE)
def revoke(key_id: str) -> Page:
    dashboard.manage_keys().revoke(site.visit.who.session.account_id, key_id=key_id)
    return site.go(f"{PAGE}?done=revoked")
