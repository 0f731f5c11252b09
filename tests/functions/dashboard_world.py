"""A person at a browser, the dashboard's real handler, and behind it the API's own handlers and a user pool.

The browser keeps cookies as browsers do and sends the origin with forms; the pool signs with a key of its
own; what the dashboard asks of the API goes to the handlers in this process.
"""

import html
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from tests.functions.conftest import Cloud
from tests.functions.test_access import FUNCTIONS

ORIGIN = "https://api.corent.example"
POOL = "https://people.corent.example"
ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_pool"
CLIENT_ID = "dashboard-client"
KEY = generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Pool:
    """A user pool whose answers can be made wrong. `asked` has the forms that came for tokens."""

    email: str = "somebody@example.com"
    key: RSAPrivateKey = KEY
    key_id: str = "k1"
    algorithm: str = "RS256"
    claims: dict[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    answer: Callable[[httpx.Request], httpx.Response] | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    nonces: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    keys_read: int = 0

    def authorize(self, address: str) -> tuple[str, str]:
        """What the pool sends the browser back with: a code, and the state it was given."""
        query = parse_qs(urlsplit(address).query)
        code = f"code-{len(self.nonces) + 1}"
        self.nonces[code] = query["nonce"][0]
        return code, query["state"][0]

    def respond(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/.well-known/jwks.json"):
            self.keys_read += 1
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
            return httpx.Response(200, json={"keys": [{**public, "kid": "k1", "use": "sig", "alg": "RS256"}]})
        if self.answer is not None:
            return self.answer(request)
        form = dict(parse_qsl(request.content.decode()))
        self.asked.append(form)
        if form["code"] not in self.nonces or form["code"] in self.used:
            return httpx.Response(400, json={"error": "invalid_grant"})
        self.used.add(form["code"])
        return httpx.Response(200, json={"id_token": self.id_token(self.nonces[form["code"]])})

    def id_token(self, nonce: str) -> str:
        now_s = int(time.time())
        claims = {
            **{"iss": ISSUER, "aud": CLIENT_ID, "sub": "s-1", "token_use": "id", "nonce": nonce},
            **{"iat": now_s, "exp": now_s + 300, "email": self.email, "email_verified": True},
            **self.claims,
        }
        kept = {name: value for name, value in claims.items() if name not in self.left_out}
        key: Any = self.key if self.algorithm == "RS256" else "a shared secret that is no key of the pool's"
        return jwt.encode(
            kept, None if self.algorithm == "none" else key, self.algorithm, headers={"kid": self.key_id}
        )


@dataclass
class Page:
    """What a browser got."""

    status: int
    headers: dict[str, list[str]]
    text: str

    @property
    def location(self) -> str:
        return self.headers["Location"][0]

    @property
    def words(self) -> str:
        """What a person reads, without markup and line breaks."""
        bare = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", self.text, flags=re.DOTALL)
        return " ".join(html.unescape(bare).split())

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}"[^>]* value="([^"]*)"', self.text)
        assert found is not None, f"no field {name}"
        return html.unescape(found[1])

    def value(self, name: str) -> str:
        """What stands in a text field."""
        area = re.search(rf'<textarea[^>]* name="{name}"[^>]*>(.*?)</textarea>', self.text, re.DOTALL)
        return html.unescape(area[1]) if area else self.hidden(name)


@dataclass
class Browser:
    """One browser. It follows no redirect by itself."""

    cloud: Cloud
    cookies: dict[str, str] = field(default_factory=dict)
    agent: str = "Test/1.0"
    form_token: str = ""

    def get(self, address: str, **headers: str) -> Page:
        return self._send("GET", address, headers=headers)

    def post(
        self,
        address: str,
        fields: dict[str, Any] | None = None,
        *,
        origin: str | None = ORIGIN,
        form_token: str | None = None,
        raw: str | None = None,
        **headers: str,
    ) -> Page:
        """Send a form with the token of the last page that had one, unless another is given."""
        token = self.form_token if form_token is None else form_token
        body = urlencode({"form_token": token, **(fields or {})}, doseq=True) if raw is None else raw
        sent = {**({"Origin": origin} if origin is not None else {}), **headers}
        return self._send("POST", address, body=body, headers=sent)

    def submit(self, page: str, address: str, fields: dict[str, Any] | None = None, **more: Any) -> Page:
        """Load a page, then send a form of it with its hidden fields."""
        shown = self.get(page)
        hidden = {"once": shown.hidden("once")} if 'name="once"' in shown.text else {}
        return self.post(address, {**hidden, **(fields or {})}, **more)

    def _send(self, method: str, address: str, *, body: str | None = None, headers: dict[str, str]) -> Page:
        parts = urlsplit(address)
        sent = {"User-Agent": self.agent, **headers}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        proxy = parts.path.removeprefix("/dashboard").lstrip("/")
        answer = self.cloud.invoke(
            "dashboard",
            {
                **self.cloud.event(
                    method,
                    "/dashboard/{proxy+}" if proxy else "/dashboard",
                    query=dict(parse_qsl(parts.query, keep_blank_values=True)) or None,
                    headers=sent,
                    raw=body,
                    path={"proxy": proxy} if proxy else None,
                ),
                "path": parts.path,
                "headers": sent,
            },
        )
        page = Page(answer["statusCode"], answer["multiValueHeaders"], answer["body"] or "")
        for line in page.headers.get("Set-Cookie", []):
            name, _, value = line.split(";")[0].partition("=")
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        found = re.search(r'name="form_token" value="([0-9a-f]+)"', page.text)
        if found:
            self.form_token = found[1]
        return page

    def sign_in(self, pool: Pool, *, to: str = "") -> Page:
        """Sign in at the pool and come back; the answer is what the return leads to."""
        begun = self.get(
            f"/dashboard/sign-in/begin?{urlencode({'to': to})}" if to else "/dashboard/sign-in/begin"
        )
        code, state = pool.authorize(begun.location)
        return self.get(f"/dashboard/sign-in/return?{urlencode({'code': code, 'state': state})}")


@dataclass
class Outside:
    """What the dashboard's HTTP client reaches: the pool, and the API's handlers. `calls` has the API's."""

    cloud: Cloud
    pool: Pool
    calls: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    is_down: bool = False

    def respond(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != urlsplit(ORIGIN).hostname:
            return self.pool.respond(request)
        body = json.loads(request.content) if request.content else None
        self.calls.append((request.method, request.url.path, dict(request.headers), body))
        if self.is_down:
            raise httpx.ReadTimeout("no answer", request=request)
        resource, function, path = _route(request.method, request.url.path)
        answer = self.cloud.call(
            function,
            request.method,
            resource,
            raw=request.content.decode() if request.content else None,
            query=dict(request.url.params) or None,
            path=path,
            headers={name.title(): value for name, value in request.headers.items()},
        )
        return httpx.Response(answer.status, headers=answer.headers, text=answer.text)


def _route(method: str, path: str) -> tuple[str, str, dict[str, str] | None]:
    for (wanted, resource), function in FUNCTIONS.items():
        match = re.fullmatch(re.sub(r"\{id\}", "([^/]+)", resource), path)
        if match and wanted == method:
            return resource, function, {"id": match[1]} if match.groups() else None
    raise AssertionError(f"the API has no such route: {method} {path}")
