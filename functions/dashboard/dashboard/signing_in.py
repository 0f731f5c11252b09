"""Sign in, sign out, and which of the account's two worlds the pages show."""

from urllib.parse import quote

from corent.core.errors import CorentError, InvalidRequestError
from corent.wiring import dashboard
from corent_pages.site import ENDED_PATH, MODE, SESSION, SIGN_IN, Page, new_secret, safe_path
from dashboard.site import site


@site.open_page("/dashboard/sign-in")
def choose() -> Page:
    visit = site.visit
    to = safe_path(visit.query.get("to", ""))
    if visit.visitor is not None:
        return site.go(to)
    return site.show("sign_in.html", to=to)


@site.open_page(ENDED_PATH)
def ended() -> Page:
    return site.show("ended.html", to=quote(safe_path(site.visit.query.get("to", "")), safe=""))


@site.open_page("/dashboard/sign-in/begin")
def begin() -> Page:
    """Off to the identity provider. The secret in the cookie binds the attempt to this browser."""
    visit = site.visit
    secret = new_secret()
    visit.set_cookie(SIGN_IN, secret, lasts_s=dashboard.ATTEMPT_S)
    return site.go(
        dashboard.sign_in().begin(
            secret,
            return_to=safe_path(visit.query.get("to", "")),
            new_person=visit.query.get("new") == "1",
        )
    )


@site.open_page("/dashboard/sign-in/return")
def come_back() -> Page:
    """Back from the identity provider: a session of its own for each sign-in, and none of before."""
    visit = site.visit
    try:
        person, to = dashboard.sign_in().finish(
            visit.cookies.get(SIGN_IN, ""),
            code=visit.query.get("code", ""),
            state=visit.query.get("state", ""),
        )
    except CorentError as error:
        visit.drop_cookie(SIGN_IN)
        return site.show("sign_in.html", to=safe_path(""), error=error)
    if visit.visitor is not None:
        dashboard.sessions().end(visit.visitor.session)
    token = dashboard.sessions().begin(person, browser=visit.headers.get("user-agent", ""))
    visit.drop_cookie(SIGN_IN)
    visit.set_cookie(SESSION, token)
    return site.go(to)


def _again(*, error: CorentError) -> Page:
    return site.show("error.html", error=error)


@site.action("/dashboard/sign-out", again=_again, page="/dashboard")
def sign_out() -> Page:
    visit = site.visit
    dashboard.sessions().end(visit.who.session)
    visit.drop_cookie(SESSION)
    return site.go(dashboard.pool().sign_out_address())


@site.action("/dashboard/mode", again=_again, page="/dashboard")
def switch() -> Page:
    """Show the live or the test wallet from here on."""
    visit = site.visit
    mode = visit.text("mode")
    if mode not in ("live", "test"):
        raise InvalidRequestError("mode is live or test.", code="invalid_mode", param="mode")
    visit.set_cookie(MODE, mode)
    return site.go(safe_path(visit.text("to")))
