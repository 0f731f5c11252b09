"""/dashboard and what lies under it: the pages for people, one module of `dashboard` a page."""

from dashboard import billing, jobs, keys, overview, playground, settings, signing_in
from dashboard.site import site

handler = site

__all__ = ["billing", "handler", "jobs", "keys", "overview", "playground", "settings", "signing_in"]
