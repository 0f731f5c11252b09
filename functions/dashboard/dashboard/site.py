"""The dashboard's one site, and the API as whoever visits it."""

from pathlib import Path
from typing import Any

from corent.core.ids import new_ulid
from corent.wiring import dashboard
from corent_pages.site import Site

TEMPLATES = Path(__file__).with_name("templates")

site = Site(
    folder=TEMPLATES,
    visits=dashboard.sessions,
    origin=dashboard.origin,
    forms_lead_to=dashboard.forms_lead_to,
)


def api() -> Any:
    """The API as who is signed in, in the world (live or test) that the pages show."""
    return dashboard.api(site.visit.who, mode=site.visit.mode)


def once() -> str:
    """A name for one form: sent twice, it does one thing."""
    return new_ulid()
