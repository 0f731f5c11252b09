"""Settings: whose account it is, and where it is signed in to."""

from typing import Final

from corent.core.clock import rfc3339
from corent.core.errors import CorentError
from corent.wiring import dashboard
from corent_pages.site import Page
from dashboard.site import site

PAGE: Final = "/dashboard/settings"


@site.page(PAGE)
def settings() -> Page:
    return _show()


def _show(*, error: CorentError | None = None) -> Page:
    here = site.visit.who.session
    return site.show(
        "settings.html",
        error=error,
        base_url=dashboard.origin(),
        passkeys_url=dashboard.passkeys_url(),
        sessions=[
            {
                "browser": session.browser or "unknown",
                "since": rfc3339(session.created_at_ms),
                "seen": rfc3339(session.seen_at_ms),
                "is_here": session.id == here.id,
            }
            for session in dashboard.sessions().list(here.account_id)
        ],
    )


def _again(*, error: CorentError) -> Page:
    return _show(error=error)


@site.action(f"{PAGE}/sign-out-others", again=_again, page=PAGE)
def sign_out_others() -> Page:
    dashboard.sessions().end_others(site.visit.who.session)
    return site.go(f"{PAGE}?done=others_signed_out")
