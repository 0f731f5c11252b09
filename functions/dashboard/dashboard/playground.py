"""The playground: an image or a video from a form, followed live, with the same call as code beside it."""

from collections.abc import Callable
from typing import Any, Final

from corent.core.errors import CorentError, RelayedError, UnansweredError
from corent.core.ids import is_ulid, new_ulid
from corent.wiring import dashboard
from corent_pages.forms import Form, first
from corent_pages.site import Page
from dashboard.job_card import card_context
from dashboard.paths import path_of
from dashboard.samples import curl_of, python_of
from dashboard.site import api, once, site

PAGE: Final = "/dashboard/playground"
CODE: Final = f"{PAGE}/code"
ROUTES: Final = {"image": "/v1/images/generate", "video": "/v1/videos/generate"}
TITLES: Final = {"image": "Image", "video": "Video"}
PREFERENCES: Final = ("balanced", "fast", "cheap", "quality")
RATIOS: Final = {
    "image": ("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9"),
    "video": ("16:9", "9:16", "1:1"),
}
STYLES: Final = (
    *("photorealistic", "illustration", "anime", "3d"),
    *("pixel-art", "watercolor", "line-art", "cinematic"),
)
_TEXTS: Final = ("prompt", "preference", "aspect_ratio", "negative_prompt", "webhook_url", "webhook_secret")
_NUMBERS: Final = ("seed",)
_OF_KIND: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "image": (("style",), ("n",)),
    "video": (("resolution",), ("duration_s",)),
}


@site.page(PAGE)
def playground() -> Page:
    form = site.draft(PAGE)
    kind = _kind(first(form, "kind") if form else site.visit.query.get("kind", ""))
    job_id = site.visit.query.get("job")
    if job_id is None:
        return _show(kind, form=form)
    try:
        client = api()
        return _show(kind, form=form, **card_context(client, client.get(path_of("v1", "jobs", job_id))))
    except (RelayedError, UnansweredError) as error:
        return _show(kind, form=form, error=error)


def _show(kind: str, *, form: Form | None = None, error: CorentError | None = None, **card: Any) -> Page:
    form = form or {}
    body = _body(kind, form)
    return site.show(
        "playground.html",
        error=error,
        kind=kind,
        titles=TITLES,
        form=form,
        once=_form_id(form) or once(),
        ratios=RATIOS[kind],
        styles=STYLES,
        prices=_prices(kind),
        card=card,
        **_code(kind, body),
    )


def _again(*, error: CorentError) -> Page:
    form = site.visit.form
    if site.visit.wants_part:
        return site.show("refused.html", error=error)
    return _show(_kind(first(form, "kind")), form=form, error=error)


@site.action(PAGE, again=_again, page=PAGE)
def generate() -> Page:
    """Buy it, once for each form: a second click, or the same form after an error, finds the first job."""
    visit = site.visit
    kind = _kind(visit.text("kind"))
    body = _body(kind, visit.form) | ({"wait_s": 0} if kind == "image" else {})
    client = api()
    accepted = client.post(ROUTES[kind], body, idempotency_key=_form_id(visit.form) or new_ulid())
    if not visit.wants_part:
        return site.go(f"{PAGE}?kind={kind}&job={accepted['id']}")
    job = client.get(path_of("v1", "jobs", accepted["id"]))
    return site.show("playground_bought.html", once=once(), **card_context(client, job))


@site.action(CODE, again=_again, page=PAGE)
def code() -> Page:
    """The code of what the form says now."""
    visit = site.visit
    kind = _kind(visit.text("kind"))
    return site.show("playground_code.html", **_code(kind, _body(kind, visit.form)))


def _kind(text: str) -> str:
    return text if text in ROUTES else "image"


def _form_id(form: Form) -> str:
    """The form's own name, if it is one that we gave."""
    name = first(form, "once")
    return name if is_ulid(name) else ""


def _body(kind: str, form: Form) -> dict[str, Any]:
    """The request's body: what was typed and nothing else. What is wrong with it, the API says."""
    texts, numbers = _OF_KIND[kind]
    body: dict[str, Any] = {}
    for names, read in ((_TEXTS + texts, str), (_NUMBERS + numbers, _number)):
        reading: Callable[[str], Any] = read
        body |= {name: reading(first(form, name)) for name in names if first(form, name)}
    return body


def _number(text: str) -> int | str:
    """A whole number, or the text itself: the API's own words then say what is wrong."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else text


def _code(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    shown = {**({"prompt": "A lighthouse in a storm"} if "prompt" not in body else {}), **body}
    shown.pop("webhook_secret", None)
    base_url = dashboard.origin()
    return {
        "curl": curl_of(base_url, ROUTES[kind], shown),
        "python": python_of(base_url, kind, shown),
    }


def _prices(kind: str) -> list[tuple[str, str, int]]:
    """Each preference with its tier and price, in micro-dollars an image or a second."""
    sold = {tier.preference.value: tier for tier in dashboard.tiers() if tier.kind.value == kind}
    return [(name, sold[name].name, sold[name].price_micros) for name in PREFERENCES]
