"""Jobs: a list to filter, and for each its result, why it went where it went, and whom it told."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from corent.core.errors import CorentError, RelayedError, UnansweredError
from corent_pages.site import Page
from dashboard.job_card import card_context
from dashboard.paths import path_of
from dashboard.site import api, site

PAGE: Final = "/dashboard/jobs"
STATUSES: Final = ("queued", "processing", "completed", "failed", "cancelled")
KINDS: Final = ("image", "video")
ROWS: Final = 25


@site.page(PAGE)
def jobs() -> Page:
    query = site.visit.query
    asked = {name: query.get(name, "") for name in ("status", "kind", "cursor")}
    context: dict[str, Any] = {"asked": asked, "statuses": STATUSES, "kinds": KINDS}
    try:
        found = api().get("/v1/jobs", limit=ROWS, **asked)
    except (RelayedError, UnansweredError) as error:
        return site.show("jobs.html", error=error, jobs=[], next_cursor=None, **context)
    return site.show("jobs.html", jobs=found["jobs"], next_cursor=found["next_cursor"], **context)


@site.page(f"{PAGE}/<job_id>")
def job(job_id: str) -> Page:
    return _show(job_id)


def _show(job_id: str, *, error: CorentError | None = None) -> Page:
    client = api()
    with ThreadPoolExecutor(max_workers=3) as pool:
        job = pool.submit(client.get, path_of("v1", "jobs", job_id))
        explained = pool.submit(client.get, "/v1/routing/explain", request_id=job_id)
        tries = pool.submit(client.get, path_of("v1", "jobs", job_id, "webhook"))
        found = job.result()
    return site.show(
        "job.html",
        error=error,
        explained=_if_there(explained),
        tries=_if_there(tries),
        **card_context(client, found),
    )


def _if_there(answer: Future[Any]) -> Any:
    """What the API said, or None: a page with less on it beats none."""
    try:
        return answer.result()
    except (RelayedError, UnansweredError):
        return None


@site.page(f"{PAGE}/<job_id>/card")
def card(job_id: str) -> Page:
    """The part of a page that follows a job; a script asks for it when the job has moved on."""
    client = api()
    return site.show("job_card.html", **card_context(client, client.get(path_of("v1", "jobs", job_id))))


def _again(*, job_id: str, error: CorentError) -> Page:
    return _show(job_id, error=error)


@site.action(f"{PAGE}/<job_id>/cancel", again=_again, page=f"{PAGE}/{{job_id}}")
def cancel(job_id: str) -> Page:
    api().post(path_of("v1", "jobs", job_id, "cancel"))
    return site.go(path_of("dashboard", "jobs", job_id))


@site.action(f"{PAGE}/<job_id>/redeliver", again=_again, page=f"{PAGE}/{{job_id}}")
def redeliver(job_id: str) -> Page:
    api().post(path_of("v1", "jobs", job_id, "webhook", "redeliver"))
    return site.go(path_of("dashboard", "jobs", job_id))
