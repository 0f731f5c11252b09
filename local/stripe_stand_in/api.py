"""The API over HTTP: the secret key, Idempotency-Key, parameters in, objects or refusals out."""

import hashlib
import hmac
import json
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from local.stripe_stand_in import expansion, payments
from local.stripe_stand_in.account import Account
from local.stripe_stand_in.objects import API_VERSION
from local.stripe_stand_in.operations import OPERATIONS, Operation, Request, shown
from local.stripe_stand_in.parameters import Field, parse, read, rows, text
from local.stripe_stand_in.refusals import RefusedError, bad_key, bad_parameter, no_route, other_request
from local.stripe_stand_in.store import new_id

EXPAND_MAX: Final = 20
KEY_MAX: Final = 255
# docs.stripe.com/api/idempotent_requests, read 2026-11-25: keys may go once they are a day old.
KEPT_S: Final = 24 * 3600


class Api:
    """Serves every operation of one account."""

    def __init__(self, account: Account, *, api_key: str) -> None:
        self._account = account
        self._api_key = api_key

    def routes(self) -> list[Route]:
        """Return the routes, the last of which answers to every other address below /v1."""
        served = [
            Route(each.path, self._endpoint(each), methods=[each.method], name=f"{each.method} {each.path}")
            for each in OPERATIONS
        ]
        every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return [*served, Route("/v1/{path:path}", self._nowhere, methods=every)]

    def _endpoint(self, operation: Operation) -> Any:
        async def endpoint(http: HttpRequest) -> Response:
            encoded = http.url.query.encode() if operation.method == "GET" else await http.body()
            return await run_in_threadpool(self._answer, http, operation, encoded)

        return endpoint

    async def _nowhere(self, http: HttpRequest) -> Response:
        refusal = no_route(http.method, http.url.path) if self._is_allowed(http) else bad_key()
        return _reply(refusal.status, {"error": refusal.error}, request_id=new_id("req", length=14))

    def _is_allowed(self, http: HttpRequest) -> bool:
        given = http.headers.get("authorization", "").encode("latin-1")
        return hmac.compare_digest(given, f"Bearer {self._api_key}".encode())

    def _answer(self, http: HttpRequest, operation: Operation, encoded: bytes) -> Response:
        request_id = new_id("req", length=14)
        try:
            if not self._is_allowed(http):
                raise bad_key()
            payments.expire_due(self._account)
            request = self._read(http, operation, encoded)
            if operation.method == "GET":
                operation.check(request.asked, self._account.store.now_s())
                with self._account.store.reading():
                    body = shown(request, operation.act(request), operation)
                return _reply(200, body, request_id=request_id)
            key = _idempotency_key(http)
            with self._account.acting(request_id=request_id, idempotency_key=key):
                return self._act_once(request, operation, key=key, encoded=encoded, request_id=request_id)
        except RefusedError as refusal:
            return _reply(refusal.status, {"error": refusal.error}, request_id=request_id)

    def _read(self, http: HttpRequest, operation: Operation, encoded: bytes) -> Request:
        try:
            tree = parse(encoded.decode("ascii"))
        except UnicodeDecodeError as error:
            raise RefusedError("The parameters are not form-encoded.") from error
        shape = {**operation.shape, "expand": Field(rows(text, at_most=EXPAND_MAX))}
        asked = read(tree, shape)
        paths = asked.pop("expand", [])
        if operation.is_list:
            if any(not path.startswith("data.") for path in paths):
                raise bad_parameter("In a list, what is expanded begins with data.", "expand")
            paths = [path.removeprefix("data.") for path in paths]
        expansion.check(operation.kind, paths)
        id_ = http.path_params.get("id", "")
        return Request(self._account, path=http.url.path, id=id_, asked=asked, expand=paths)

    def _act_once(
        self, request: Request, operation: Operation, *, key: str | None, encoded: bytes, request_id: str
    ) -> Response:
        """Do it, or answer as the first time when its Idempotency-Key was here before.

        What is refused before the work begins leaves the key free; a failure of the work is kept
        (docs.stripe.com/api/idempotent_requests, read 2026-11-25).
        """
        answers = self._account.store.table("answers")
        now_s = self._account.store.now_s()
        for old in [each for each, answer in answers.items() if answer["at"] <= now_s - KEPT_S]:
            del answers[old]
        fields = b"&".join(sorted(encoded.split(b"&")))
        fingerprint = hashlib.sha256(f"{request.path}\n".encode() + fields).hexdigest()
        if key is not None and key in answers:
            before = answers[key]
            if before["fingerprint"] != fingerprint:
                raise other_request()
            return _reply(
                before["status"],
                before["body"],
                request_id=request_id,
                more={
                    "Idempotency-Key": key,
                    "Idempotent-Replayed": "true",
                    "Original-Request": before["request"],
                },
            )
        # Only now: what was taken once is answered again, also when its time would be over by now.
        operation.check(request.asked, now_s)
        try:
            status, body = 200, shown(request, operation.act(request), operation)
        except RefusedError as refusal:
            status, body = refusal.status, {"error": refusal.error}
        if key is None:
            return _reply(status, body, request_id=request_id)
        answers[key] = {
            "at": now_s,
            "fingerprint": fingerprint,
            "status": status,
            "body": body,
            "request": request_id,
        }
        return _reply(status, body, request_id=request_id, more={"Idempotency-Key": key})


def _idempotency_key(http: HttpRequest) -> str | None:
    key = http.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= KEY_MAX:
        raise RefusedError(f"An Idempotency-Key has from 1 to {KEY_MAX} characters.")
    return key


def _reply(
    status: int, body: dict[str, Any], *, request_id: str, more: dict[str, str] | None = None
) -> Response:
    headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION, "Cache-Control": "no-store"}
    return Response(
        json.dumps(body, indent=2),
        status_code=status,
        headers=headers | (more or {}),
        media_type="application/json",
    )
