"""Pages for people who are signed in: who visits, which forms are ours, and errors as pages.

A page is registered with `page`, a form's target with `action`, and what needs no session with `open_page`.
An action's errors show its own form again, with everything that was typed.
"""

import functools
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.shared.cookies import Cookie, SameSite
from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.core.errors import CorentError, ForeignFormError, InternalError, NotFoundError, SessionEndedError
from corent.core.ids import new_ulid
from corent.edge.causes import causes
from corent.edge.logs import about, log
from corent_pages.forms import Form, first, form_of
from corent_pages.policy import HTML_TYPE, page_headers
from corent_pages.rendering import templates

SESSION: Final = "__Host-corent_session"
SIGN_IN: Final = "__Host-corent_sign_in"
DRAFT: Final = "__Host-corent_draft"
MODE: Final = "__Host-corent_mode"
HOME: Final = "/dashboard"
SIGN_IN_PATH: Final = "/dashboard/sign-in"
# Where a script is sent whose form came too late.
ENDED_PATH: Final = "/dashboard/sign-in/ended"
_OURS: Final = re.compile(r"/dashboard(?:/[A-Za-z0-9_-]+)*(?:\?[A-Za-z0-9_=&.%+-]*)?")

type Page = Response[str]
type Handler = Callable[..., Page]


class Visitor(Protocol):
    """Somebody who is signed in."""

    @property
    def token(self) -> str: ...


class Visits[V: Visitor](Protocol):
    """What a site asks of the sessions behind it."""

    def resume(self, token: str) -> V | None:
        """Who is signed in with that token."""
        ...

    def form_token(self, token: str) -> str:
        """What every form of the session carries."""
        ...

    def is_form_token(self, token: str, given: str) -> bool:
        """Whether a form is the session's own."""
        ...

    def keep_draft(self, draft: str) -> str:
        """Keep what was typed for some minutes; the secret that gets it back."""
        ...

    def take_draft(self, secret: str) -> str | None:
        """What was kept under that secret, once."""
        ...


@dataclass(slots=True)
class Visit[V: Visitor]:
    """One request. `mode` says which of the account's two worlds the pages show."""

    ulid: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    cookies: dict[str, str]
    form: Form = field(default_factory=dict)
    visitor: V | None = None
    set_cookies: list[Cookie] = field(default_factory=list)

    @property
    def who(self) -> V:
        """Who is signed in, on a page that takes nobody else. Raises SessionEndedError."""
        if self.visitor is None:
            raise SessionEndedError("You are not signed in.")
        return self.visitor

    @property
    def mode(self) -> str:
        return "test" if self.cookies.get(MODE) == "test" else "live"

    @property
    def wants_part(self) -> bool:
        """Whether a script asks for a part of a page."""
        return self.headers.get("hx-request") == "true"

    def text(self, name: str) -> str:
        """What was typed into a field."""
        return first(self.form, name)

    def set_cookie(self, name: str, value: str, *, lasts_s: int | None = None) -> None:
        """Set a cookie of this host, which no script can read; without a time it ends with the browser."""
        cookie = Cookie(
            name=name, value=value, path="/", http_only=True, same_site=SameSite.LAX_MODE, max_age=lasts_s
        )
        self.set_cookies.append(cookie)

    def drop_cookie(self, name: str) -> None:
        """Let the browser forget it."""
        # Powertools writes Max-Age only above zero.
        cookie = Cookie(name=name, value="", path="/", http_only=True, same_site=SameSite.LAX_MODE)
        cookie.custom_attributes = ["Max-Age=0"]
        self.set_cookies.append(cookie)


class Site[V: Visitor]:
    """One Lambda's pages. What it is given is asked for with a request, so that importing costs little."""

    def __init__(
        self,
        *,
        folder: Path,
        visits: Callable[[], Visits[V]],
        origin: Callable[[], str],
        forms_lead_to: Callable[[], tuple[str, ...]],
    ) -> None:
        self._resolver = APIGatewayRestResolver()
        self._resolver.not_found(lambda _: self._error(NotFoundError("There is no such page.")))
        self._resolver.exception_handler(CorentError)(self._error)
        self._resolver.exception_handler(Exception)(self._broken)
        self._templates = templates([folder])
        self._visits = visits
        self._origin = origin
        self._forms_lead_to = forms_lead_to

    @property
    def visit(self) -> Visit[V]:
        """The request being answered."""
        visit: Visit[V] = self._resolver.context["visit"]
        return visit

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """The Lambda handler: an API Gateway REST proxy event in, its answer out. Raises nothing."""
        visit: Visit[V] = _visit_of(event)
        with about(request_id=f"req_{visit.ulid}"):
            self._resolver.append_context(visit=visit, event=event)  # type: ignore[no-untyped-call]
            answer = self._resolver.resolve(event, context)
            log.info("answered", method=visit.method, route=event["resource"], status=answer["statusCode"])
        return answer

    def page(self, rule: str) -> Callable[[Handler], Handler]:
        """Register a page for who is signed in; others are sent to sign in, and come back."""

        def register(handler: Handler) -> Handler:
            def show(**parts: str) -> Page:
                return self._to_sign_in() if self.visit.visitor is None else handler(**parts)

            self.open_page(rule)(show)
            return handler

        return register

    def open_page(self, rule: str) -> Callable[[Handler], Handler]:
        """Register a page for everybody; who is signed in is known there too."""

        def register(handler: Handler) -> Handler:
            @functools.wraps(handler)
            def show(**parts: str) -> Page:
                self._resume()
                return handler(**parts)

            self._resolver.get(rule)(show)
            return handler

        return register

    def action(self, rule: str, *, again: Callable[..., Page], page: str) -> Callable[[Handler], Handler]:
        """Register what a form does. `again` shows the form anew with the error, `page` is where it lies."""

        def register(handler: Handler) -> Handler:
            @functools.wraps(handler)
            def act(**parts: str) -> Page:
                visit = self.visit
                self._read_form()
                if visit.headers.get("origin") != self._origin():
                    raise ForeignFormError("This form was not sent by a page of this site.")
                self._resume()
                if visit.visitor is None:
                    return self._ended(page.format(**parts))
                if not self._visits().is_form_token(visit.visitor.token, visit.text("form_token")):
                    raise ForeignFormError("This form is not of this session. Reload the page and try again.")
                try:
                    return handler(**parts)
                except CorentError as error:
                    self._note(error)
                    return again(error=error, **parts)

            self._resolver.post(rule)(act)
            return handler

        return register

    def show(
        self, template: str, *, error: CorentError | None = None, status: int = 200, **context: Any
    ) -> Page:
        """What the template makes of who visits and of what is given; an error gives the status."""
        visit = self.visit
        html = self._templates.get_template(template).render(
            visit=visit,
            visitor=visit.visitor,
            form_token=self._visits().form_token(visit.visitor.token) if visit.visitor else "",
            error=error,
            **context,
        )
        return self._answer(error.status if error else status, html, {})

    def go(self, path: str) -> Page:
        """On to another page of ours, which is then loaded by itself."""
        return self._answer(303, "", {"Location": path})

    def draft(self, page: str) -> Form | None:
        """What was typed into this page's form when the session had ended; handed out once."""
        visit = self.visit
        secret = visit.cookies.get(DRAFT)
        if not secret:
            return None
        visit.drop_cookie(DRAFT)
        kept = self._visits().take_draft(secret)
        draft: dict[str, Any] = json.loads(kept) if kept else {}
        return draft["form"] if draft.get("page") == page else None

    def _read_form(self) -> None:
        self.visit.form = form_of(self._resolver.context["event"])

    def _resume(self) -> None:
        token = self.visit.cookies.get(SESSION)
        self.visit.visitor = self._visits().resume(token) if token else None

    def _to_sign_in(self) -> Page:
        visit = self.visit
        query = "&".join(f"{quote(name)}={quote(value)}" for name, value in visit.query.items())
        back = safe_path(f"{visit.path}?{query}" if query else visit.path)
        where = f"{SIGN_IN_PATH}?to={quote(back, safe='')}"
        if visit.wants_part:
            return self._answer(401, "", {"HX-Redirect": where})
        return self.go(where)

    def _ended(self, page: str) -> Page:
        """Say that nothing was done; what was typed is kept until the page is shown again."""
        visit = self.visit
        typed = {name: values for name, values in visit.form.items() if name != "form_token"}
        secret = self._visits().keep_draft(json.dumps({"page": page, "form": typed}))
        visit.set_cookie(DRAFT, secret)
        to = quote(page, safe="")
        if visit.wants_part:
            return self._answer(401, "", {"HX-Redirect": f"{ENDED_PATH}?to={to}"})
        return self.show("ended.html", status=401, to=to)

    def _error(self, error: CorentError) -> Page:
        self._note(error)
        return self._refuse(error)

    def _broken(self, error: Exception) -> Page:
        log.error("unhandled error", causes=causes(error))
        return self._refuse(InternalError())

    def _refuse(self, error: CorentError) -> Page:
        return self.show("refused.html" if self.visit.wants_part else "error.html", error=error)

    def _note(self, error: CorentError) -> None:
        """Refusals are expected; what went wrong inside is an error of ours."""
        if isinstance(error, InternalError):
            log.error("internal error", operator_note=error.operator_note)

    def _answer(self, status: int, html: str, headers: dict[str, str]) -> Page:
        visit = self.visit
        sent: dict[str, str | list[str]] = {
            **page_headers(forms_lead_to=self._forms_lead_to()),
            "X-Request-Id": f"req_{visit.ulid}",
            **headers,
        }
        return Response(
            status_code=status, content_type=HTML_TYPE, body=html, headers=sent, cookies=visit.set_cookies
        )


def safe_path(text: str) -> str:
    """That path, if it is one of the dashboard's, else its first page: no sign-in leads to another site."""
    return text if _OURS.fullmatch(text) else HOME


def new_secret() -> str:
    """A secret of 256 random bits for a browser to keep."""
    return secrets.token_urlsafe(32)


def _visit_of(event: dict[str, Any]) -> Visit[Any]:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    try:
        cookies = {name: morsel.value for name, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        cookies = {}
    return Visit(
        ulid=new_ulid(),
        method=event["httpMethod"],
        path=event["path"],
        query=dict(event.get("queryStringParameters") or {}),
        headers=headers,
        cookies=cookies,
    )
