"""Signing up on a local stack: the emulated pool's pages sign in, and have none for new people.

The form makes a confirmed user and signs them in at once, as the pool's own page does on AWS. No e-mail is
sent here: whoever reaches this page is sitting at this machine.
"""

import base64
import hashlib
import html
import json
import secrets
from typing import Any, Final
from urllib.parse import parse_qsl

import httpx
from botocore.exceptions import ClientError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from local import accounts, aws
from local.deployment import Deployment
from local.place import ROOT, Place

STYLE: Final = (ROOT / "layers/pages/python/corent_pages/assets/app.css").read_text(encoding="utf-8")
STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
# What the dashboard's address carries and the pool wants back.
CARRIED: Final = (
    *("response_type", "client_id", "redirect_uri", "scope"),
    *("state", "nonce", "code_challenge", "code_challenge_method"),
)
# What the pool says no to, in words for who reads it.
REFUSALS: Final = {
    "UsernameExistsException": "There is an account with this address already: sign in instead.",
    "InvalidPasswordException": "The password needs 12 characters or more.",
    "InvalidParameterException": "This is not an e-mail address.",
}
TIMEOUT_S: Final = 30.0
FIRST_EMAIL: Final = "you@example.com"


def make_user(*, pool_id: str, client_id: str, email: str, password: str) -> None:
    """Make a user whose address is verified. Raises ClientError."""
    pool = aws.people()
    pool.sign_up(
        ClientId=client_id,
        Username=email,
        Password=password,
        UserAttributes=[{"Name": "email", "Value": email}],
    )
    pool.admin_confirm_sign_up(UserPoolId=pool_id, Username=email)
    pool.admin_update_user_attributes(
        UserPoolId=pool_id,
        Username=email,
        UserAttributes=[{"Name": "email_verified", "Value": "true"}],
    )


def first_user(place: Place, deployment: Deployment, *, account_id: str) -> dict[str, str]:
    """Return the address and password of whoever owns the stack's own account; make them if need be."""
    known = place.folder / "user.json"
    user = json.loads(known.read_text()) if known.exists() else {}
    if user.get("account_id") != account_id:
        user = {"account_id": account_id, "email": FIRST_EMAIL, "password": secrets.token_urlsafe(12)}
    pool_id, client_id = deployment.outputs["UserPoolId"], deployment.outputs["UserPoolClientId"]
    try:
        make_user(pool_id=pool_id, client_id=client_id, email=user["email"], password=user["password"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "UsernameExistsException":
            raise
        aws.people().admin_set_user_password(
            UserPoolId=pool_id, Username=user["email"], Password=user["password"], Permanent=True
        )
    accounts.give_owner(
        account_id, email=user["email"], environment=accounts.function_environment(place, deployment)
    )
    accounts.write_privately(known, json.dumps(user))
    return {"user_email": user["email"], "user_password": user["password"]}


class SignUp:
    """The page for new people, over the emulated pool."""

    def __init__(self, *, pool_id: str, client_id: str, pool_url: str) -> None:
        self._pool_id = pool_id
        self._client_id = client_id
        self._pool_url = pool_url

    async def show(self, request: Request) -> Response:
        """The empty form."""
        return _page({name: request.query_params.get(name, "") for name in CARRIED})

    async def make(self, request: Request) -> Response:
        """Make the user and go on to where the dashboard wanted the browser back."""
        form = (await request.body()).decode("utf-8", "replace")
        return await run_in_threadpool(self._make, dict(parse_qsl(form, max_num_fields=20)))

    def _make(self, fields: dict[str, str]) -> Response:
        carried = {name: fields.get(name, "") for name in CARRIED}
        email, password = fields.get("email", "").strip(), fields.get("password", "")
        try:
            make_user(pool_id=self._pool_id, client_id=self._client_id, email=email, password=password)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            return _page(carried, email=email, refusal=REFUSALS.get(code, f"The pool said no: {code}."))
        signed_in = httpx.post(
            f"{self._pool_url}/login",
            data={**carried, "username": email, "password": password},
            timeout=TIMEOUT_S,
            trust_env=False,
        )
        if not signed_in.is_redirect:
            return _page(carried, email=email, refusal="The pool did not sign the new user in.")
        return RedirectResponse(signed_in.headers["location"], status_code=303)


def _page(carried: dict[str, str], *, email: str = "", refusal: str = "") -> HTMLResponse:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">' for name, value in carried.items()
    )
    said = f'<p class="note bad" role="alert">{html.escape(refusal)}</p>' if refusal else ""
    # Where the form leads to in the end is the dashboard, at the address it gave.
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Create an account · Corent</title><link rel="icon" href="data:,"><style>{STYLE}</style></head>
<body><div class="alone"><main>
<h1>Create an account</h1>
<p class="quiet">On this local stack: nothing leaves this machine, and no e-mail is sent.</p>
{said}
<form method="post" action="/local/sign-up">{hidden}
<div class="field"><label for="email">E-mail</label>
<input id="email" name="email" type="email" required autocomplete="username"
 value="{html.escape(email)}"></div>
<div class="field"><label for="password">Password</label>
<input id="password" name="password" type="password" required minlength="12" autocomplete="new-password"
 aria-describedby="said"><span id="said" class="hint">12 characters or more</span></div>
<p><button>Create the account</button></p></form></main></div></body></html>"""
    headers: dict[str, Any] = {
        "content-security-policy": (
            f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; img-src data:; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
    }
    return HTMLResponse(text, headers=headers)
