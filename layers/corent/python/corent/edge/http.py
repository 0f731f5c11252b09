"""One endpoint's HTTP: authenticate, check the body, resolve, and render every answer the same way.

Powertools validates a body before any middleware runs, so authentication happens around `resolve`: a bad
body without a key is a 401. What a handler wants to say beside its body it puts on its `Exchange`.
"""

import base64
import binascii
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestValidationError,
    ResponseValidationError,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from corent.accounts.limiter import LimitedError, RateState
from corent.core.errors import (
    BodyTooLargeError,
    CorentError,
    InternalError,
    MalformedJsonError,
    NotFoundError,
    TemporarilyUnavailableError,
)
from corent.core.ids import is_id, new_ulid, time_ms_of
from corent.core.money import cents_floor
from corent.edge.access import Access
from corent.edge.causes import causes
from corent.edge.logs import about, ids_of, log
from corent.edge.rendering import JSON_TYPE, error_answer, error_body, error_headers
from corent.edge.validation import refused
from corent.usecases.authenticate import Caller
from corent.usecases.wallets import Figures

BODY_BYTES_MAX: Final = 1024 * 1024


@dataclass(slots=True)
class Exchange:
    """What one request carries beside its parsed input, and what its answer shall say beside its body.

    `arrived_ms` is when it came to the API. `error_request_id` is set when an error is another request's,
    shown again. Money in micro-dollars: what was charged so far, and what is held.
    """

    ulid: str
    headers: dict[str, str]
    arrived_ms: int = 0
    raw_body: Any = None
    caller: Caller | None = None
    answer_headers: dict[str, str] = field(default_factory=dict)
    error_request_id: str | None = None
    charged_micros: int = 0
    held_micros: int = 0

    @property
    def request_id(self) -> str:
        return f"req_{self.ulid}"

    def show_rate(self, rate: RateState) -> None:
        """Say how much of a limit is left; of several, the one said last."""
        self.answer_headers |= {
            "RateLimit-Limit": str(rate.limit),
            "RateLimit-Remaining": str(rate.remaining),
            "RateLimit-Reset": str(rate.reset_s),
        }


class Api:
    """One Lambda's routes. `access` is None only for a route of `routes.PUBLIC_ROUTES`.

    `figures` is given by functions whose calls can cost money; their answers show the balance left.
    `turned_away` is told of a known caller's request that its rate limit kept from its route. Without
    `reads_body` whatever a POST carries is left unread.
    """

    def __init__(
        self,
        *,
        access: Access | None = None,
        figures: Callable[[Caller], Figures] | None = None,
        turned_away: Callable[[LimitedError, Exchange], None] | None = None,
        reads_body: bool = True,
    ) -> None:
        self.routes = APIGatewayRestResolver(enable_validation=True, response_validation_error_http_code=500)
        self.routes.not_found(lambda _: self._render(NotFoundError("There is no such object.")))
        self.routes.exception_handler(CorentError)(self._render)
        self.routes.exception_handler(RequestValidationError)(lambda error: self._render(refused(error)))
        self.routes.exception_handler(ResponseValidationError)(self._broken)
        self.routes.exception_handler(Exception)(self._broken)
        self._access = access
        self._figures = figures
        self._turned_away = turned_away
        self._reads_body = reads_body

    @property
    def exchange(self) -> Exchange:
        """The request being answered."""
        exchange: Exchange = self.routes.context["exchange"]
        return exchange

    @property
    def caller(self) -> Caller:
        """Who is asking, in a protected route."""
        caller = self.exchange.caller
        if caller is None:
            raise InternalError("a public route asked for its caller")
        return caller

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """The Lambda handler: an API Gateway REST proxy event in, its answer out. Raises nothing."""
        ulid = new_ulid()
        exchange = Exchange(ulid=ulid, headers=_lower_headers(event), arrived_ms=_arrived_ms(event, ulid))
        with about(**ids_asked_for(event, exchange)):
            return self._answer(event, context, exchange)

    def _answer(self, event: dict[str, Any], context: LambdaContext, exchange: Exchange) -> dict[str, Any]:
        self.routes.append_context(exchange=exchange)  # type: ignore[no-untyped-call]  # Untyped in Powertools.
        try:
            self._admit(event, exchange)
        except CorentError as error:
            self._note(error, exchange)
            self._turn_away(error, event, exchange)
            answer = self._refusal(error, exchange)
        except Exception as error:  # noqa: BLE001 - as inside the resolver: said in the log, not to the caller
            log.error("unhandled error", causes=causes(error))
            answer = self._refusal(InternalError(), exchange)
        else:
            answer = self.routes.resolve(event, context)
        return self._finish(event, answer, exchange)

    def _refusal(self, error: CorentError, exchange: Exchange) -> dict[str, Any]:
        """The answer to a request that never reached its route."""
        self.routes.clear_context()  # type: ignore[no-untyped-call]  # Untyped in Powertools.
        return error_answer(error, request_id=exchange.request_id, headers={})

    def _admit(self, event: dict[str, Any], exchange: Exchange) -> None:
        """Authenticate first, then make sure the body is JSON of a permitted size."""
        if self._access is not None:
            exchange.caller = self._access.authenticate()(
                exchange.headers.get("authorization"),
                address=event["requestContext"]["identity"]["sourceIp"],
                scopes=self._access.scopes,
                rate_class=self._access.rate_class,
            )
            exchange.show_rate(exchange.caller.rate)
        if self._reads_body and event["httpMethod"] in ("POST", "PUT", "PATCH"):
            exchange.raw_body = _parse_body(event)

    def _turn_away(self, error: CorentError, event: dict[str, Any], exchange: Exchange) -> None:
        if self._turned_away is None or not isinstance(error, LimitedError):
            return
        with suppress(CorentError):  # What cannot be read, or noted just now, is refused all the same.
            exchange.raw_body = _parse_body(event)
            self._turned_away(error, exchange)

    def _render(self, error: CorentError) -> Response[str]:
        exchange = self.exchange
        self._note(error, exchange)
        return Response(
            status_code=error.status,
            content_type=JSON_TYPE,
            body=error_body(error, request_id=exchange.error_request_id or exchange.request_id),
            headers=dict(error_headers(error)),
        )

    def _note(self, error: CorentError, exchange: Exchange) -> None:
        """Refusals are expected and show in the line of the answer; what went wrong inside is an error."""
        if isinstance(error, LimitedError):
            exchange.show_rate(error.rate)
        if isinstance(error, InternalError):
            log.error("internal error", operator_note=error.operator_note)

    def _broken(self, error: Exception) -> Response[str]:
        """A bug, or a dependency that is down: said in the log, not to the caller."""
        log.error("unhandled error", causes=causes(error))
        return Response(
            status_code=InternalError.status,
            content_type=JSON_TYPE,
            body=error_body(InternalError(), request_id=self.exchange.request_id),
        )

    def _finish(self, event: dict[str, Any], answer: dict[str, Any], exchange: Exchange) -> dict[str, Any]:
        headers = {
            "X-Request-Id": exchange.request_id,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            **self._money_headers(exchange),
            **exchange.answer_headers,
        }
        sent = answer.setdefault("multiValueHeaders", {})
        sent.update({name: [value] for name, value in headers.items() if name not in sent})
        log.info(
            "answered",
            method=event["httpMethod"],
            route=event["resource"],
            status=answer["statusCode"],
            account_id=exchange.caller.key.account_id if exchange.caller else None,
        )
        return answer

    def _money_headers(self, exchange: Exchange) -> dict[str, str]:
        if self._figures is None or exchange.caller is None:
            return {}
        headers = {
            "X-Corent-Cost-Cents": str(cents_floor(exchange.charged_micros)),
            "X-Corent-Hold-Cents": str(cents_floor(exchange.held_micros)),
        }
        try:
            figures = self._figures(exchange.caller)
        except (TemporarilyUnavailableError, InternalError) as error:
            # The work is done and settled; an answer without this header beats none at all.
            log.warning("balance not shown", reason=str(error))
            return headers
        return {**headers, "X-Corent-Balance-Cents": str(cents_floor(figures.total_micros))}


def ids_asked_for(event: dict[str, Any], exchange: Exchange) -> dict[str, str]:
    """What lines of the log carry: the request's own id, and that of the job or batch it asks for."""
    asked_for = (event.get("pathParameters") or {}).get("id")
    explained = (event.get("queryStringParameters") or {}).get("request_id", "")
    if is_id(explained, prefix="req"):
        asked_for = f"job_{explained.removeprefix('req_')}"
    return {**ids_of(asked_for), "request_id": exchange.request_id}


def wants_csv(exchange: Exchange) -> bool:
    """Whether the caller asked for a table instead of JSON."""
    return "text/csv" in exchange.headers.get("accept", "")


def _arrived_ms(event: dict[str, Any], ulid: str) -> int:
    """By the gateway's clock, which a cold start does not delay; by ours where an event has no such time."""
    arrived_ms: int = event["requestContext"].get("requestTimeEpoch") or time_ms_of(ulid)
    return arrived_ms


def _lower_headers(event: dict[str, Any]) -> dict[str, str]:
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def _parse_body(event: dict[str, Any]) -> Any:
    """The parsed JSON body; leaves it decoded in the event, marked as JSON whatever the caller called it."""
    body: str = event.get("body") or ""
    if len(body) > BODY_BYTES_MAX * 4 // 3 + 4:
        raise BodyTooLargeError("The body is larger than 1 MiB.")
    try:
        content = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        if len(content) > BODY_BYTES_MAX:
            raise BodyTooLargeError("The body is larger than 1 MiB.")
        parsed = json.loads(content, parse_constant=_no_constant)
        event["body"] = content.decode()
    except (ValueError, RecursionError, binascii.Error) as error:
        raise MalformedJsonError("The body is not valid JSON.") from error
    event["isBase64Encoded"] = False
    event["headers"] = {
        **{
            name: value
            for name, value in (event.get("headers") or {}).items()
            if name.lower() != "content-type"
        },
        "content-type": JSON_TYPE,
    }
    event["multiValueHeaders"] = {name: [value] for name, value in event["headers"].items()}
    return parsed


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
