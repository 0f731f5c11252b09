"""The headers of a page: what a browser may do with it. Nothing is foreign, no script is inline."""

from typing import Final

_POLICY: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "media-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
HTML_TYPE: Final = "text/html; charset=utf-8"


def page_headers(*, forms_lead_to: tuple[str, ...] = ()) -> dict[str, str]:
    """The headers of every page.

    Browsers hold redirects after a form to the policy too, so where its forms lead to has to be said.
    """
    targets = " ".join(("'self'", *forms_lead_to))
    rules = {**_POLICY, "form-action": targets}
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in rules.items()),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
