"""GET /dashboard: the balance, what was spent on what, and the latest jobs."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from corent.core.errors import UnansweredError
from corent_pages.site import Page
from dashboard.chart import DAYS, spending
from dashboard.site import api, site

PAGE_ROWS: Final = 100
# A page of usage is one call; beyond this many the chart says what it leaves out.
PAGES_MAX: Final = 10
JOBS_SHOWN: Final = 8


@site.page("/dashboard")
def overview() -> Page:
    today = datetime.now(UTC).date()
    since = (today - timedelta(days=DAYS - 1)).isoformat()
    client = api()
    with ThreadPoolExecutor(max_workers=2) as pool:
        balance = pool.submit(client.get, "/v1/account/balance")
        usage = pool.submit(_usage, client, since)
        try:
            figures, (rows, is_whole) = balance.result(), usage.result()
        except UnansweredError as error:
            return site.show("overview.html", error=error, figures=None, chart=None, rows=[], is_whole=True)
    return site.show(
        "overview.html",
        figures=figures,
        chart=spending(rows, until=today),
        rows=rows[:JOBS_SHOWN],
        is_whole=is_whole,
    )


def _usage(client: Any, since: str) -> tuple[list[dict[str, Any]], bool]:
    """The jobs since that day, newest first, and whether these are all of them."""
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(PAGES_MAX):
        page = client.get("/v1/account/usage", limit=PAGE_ROWS, cursor=cursor, **{"from": since})
        rows += page["recent_jobs"]
        cursor = page["next_cursor"]
        if cursor is None:
            return rows, True
    return rows, False
