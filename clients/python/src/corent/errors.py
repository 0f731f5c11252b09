"""Every error the client raises.

CorentError                      code, message, param, request_id, retryable, status
├── MissingKeyError              a call that needs a key, and none was given
├── WebhookVerificationError     a webhook that Corent did not send, or that is too old
├── MalformedAnswerError         an answer that is not what the contract says
├── DownloadError                a result file that could not be fetched whole
├── JobFailedError               waiting for a job that failed: .job
│   └── JobCancelledError        … or was cancelled
├── APIConnectionError           no answer came
│   └── APITimeoutError          … in time
│       └── WaitTimeoutError     a job or batch had not ended in time: .waited_for_id
└── APIStatusError               the API answered, and refused
    ├── InvalidRequestError      400, 405, 413, 422
    │   └── ContentPolicyError   422 content_policy_violation
    ├── AuthenticationError      401
    ├── InsufficientFundsError   402: .required_cents, .available_cents, .limit_cents, .spent_cents
    ├── PermissionDeniedError    403
    ├── NotFoundError            404
    ├── ConflictError            409
    ├── RateLimitedError         429: .retry_after_s
    └── ServerError              5xx: .retry_after_s
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corent.answers import Job

RETRYABLE_STATUSES = frozenset({408, 429})
SERVER_ERROR_MIN = 500


class CorentError(Exception):
    """What every error of this package is.

    `code` is stable and for programs, `message` is for people and may change. `request_id` names the request
    to Corent's support, `retryable` says whether the same call may succeed later, `status` is the HTTP
    status. `idempotency_key` is what the failed call was sent with: repeated with it, it buys once.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        param: str | None = None,
        request_id: str | None = None,
        retryable: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param
        self.request_id = request_id
        self.retryable = retryable
        self.status = status
        self.idempotency_key: str | None = None

    def __str__(self) -> str:
        known = f" ({self.code}, {self.request_id})" if self.request_id else f" ({self.code})"
        return f"{self.message}{known}"


class MissingKeyError(CorentError):
    """The call needs a key, and neither `api_key` nor CORENT_API_KEY gives one."""

    def __init__(self) -> None:
        super().__init__("No API key: pass api_key or set CORENT_API_KEY.", code="missing_api_key")


class WebhookVerificationError(CorentError):
    """The message is not genuine, or its time is too far from now."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="webhook_not_verified")


class MalformedAnswerError(CorentError):
    """The answer came, and is not what the contract says: no JSON, or other fields."""

    def __init__(self, message: str, *, status: int | None = None, request_id: str | None = None) -> None:
        super().__init__(message, code="malformed_answer", status=status, request_id=request_id)


class DownloadError(CorentError):
    """The result file could not be fetched; nothing was written."""

    def __init__(self, message: str, *, status: int | None = None, retryable: bool = False) -> None:
        super().__init__(message, code="download_failed", status=status, retryable=retryable)


class JobFailedError(CorentError):
    """The job that was waited for failed. `job` is its document; nothing was charged."""

    def __init__(self, job: Job) -> None:
        self.job = job
        error = job.error
        super().__init__(
            error.message if error else f"{job.id} was {job.status}.",
            code=error.code if error else f"job_{job.status}",
            param=error.param if error else None,
            request_id=error.request_id if error else None,
            retryable=error.retryable if error else False,
        )


class JobCancelledError(JobFailedError):
    """The job that was waited for was cancelled."""


class APIConnectionError(CorentError):
    """No whole answer came: the connection could not be made, or was lost."""

    def __init__(self, message: str, *, code: str = "connection_failed") -> None:
        super().__init__(message, code=code, retryable=True)


class APITimeoutError(APIConnectionError):
    """No whole answer came in time."""

    def __init__(self, message: str, *, code: str = "timed_out") -> None:
        super().__init__(message, code=code)


class WaitTimeoutError(APITimeoutError):
    """The job or batch had not ended in time. It goes on: wait for `waited_for_id` again."""

    def __init__(self, waited_for_id: str) -> None:
        super().__init__(f"{waited_for_id} had not ended in time; it goes on.", code="wait_timed_out")
        self.waited_for_id = waited_for_id


class APIStatusError(CorentError):
    """The API answered with an error. `details` are all fields of its error object."""

    def __init__(
        self, details: Mapping[str, Any], *, status: int, retry_after_s: float | None, replayed: bool
    ) -> None:
        self.details = details
        self.retry_after_s = retry_after_s
        self.replayed = replayed
        super().__init__(
            details["message"],
            code=details["code"],
            param=details.get("param"),
            request_id=details.get("request_id"),
            retryable=details["retryable"],
            status=status,
        )


class InvalidRequestError(APIStatusError):
    """The request is not valid; `param` names the field."""


class ContentPolicyError(InvalidRequestError):
    """The content was refused. Nothing was charged."""


class AuthenticationError(APIStatusError):
    """The key is missing, unknown, revoked or expired."""


class InsufficientFundsError(APIStatusError):
    """The balance, the key's limit or `max_cost_cents` is too low. Amounts are whole cents, or None."""

    @property
    def required_cents(self) -> int | None:
        return _whole(self.details.get("required_cents"))

    @property
    def available_cents(self) -> int | None:
        return _whole(self.details.get("available_cents"))

    @property
    def limit_cents(self) -> int | None:
        return _whole(self.details.get("limit_cents"))

    @property
    def spent_cents(self) -> int | None:
        return _whole(self.details.get("spent_cents"))


class PermissionDeniedError(APIStatusError):
    """The key lacks a scope, or the account is frozen."""


class NotFoundError(APIStatusError):
    """There is no such object, or it is another account's."""


class ConflictError(APIStatusError):
    """What was asked for does not go now: `request_in_progress`, `job_not_cancellable`, `no_saved_card`."""


class RateLimitedError(APIStatusError):
    """Too many requests or open jobs; `retry_after_s` says when to come again."""


class ServerError(APIStatusError):
    """Corent failed, or nothing in the tier can serve now; `retry_after_s` may say when to come again."""


_BY_STATUS: dict[int, type[APIStatusError]] = {
    401: AuthenticationError,
    402: InsufficientFundsError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    429: RateLimitedError,
}


def from_answer(
    *,
    status: int,
    body: bytes,
    media_type: str,
    request_id: str | None,
    retry_after_s: float | None,
    replayed: bool,
) -> APIStatusError:
    """Return the typed error of an answer that is no success, also of one that is a proxy's page."""
    details = _details(body)
    if details is None:
        details = {
            "type": "unknown",
            "code": f"http_{status}",
            # The text of a foreign page is for a browser; what it is and how long it is tells enough.
            "message": f"The answer with status {status} is not the API's: {media_type or 'no type'},"
            f" {len(body)} bytes.",
            "request_id": request_id,
            "retryable": status in RETRYABLE_STATUSES or status >= SERVER_ERROR_MIN,
        }
    if status >= SERVER_ERROR_MIN:
        kind: type[APIStatusError] = ServerError
    elif details.get("type") == "content_policy_error":
        kind = ContentPolicyError
    else:
        kind = _BY_STATUS.get(
            status, InvalidRequestError if status in (400, 405, 413, 422) else APIStatusError
        )
    return kind(details, status=status, retry_after_s=retry_after_s, replayed=replayed)


def _details(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except ValueError:
        return None
    found = document.get("error") if isinstance(document, dict) else None
    if not isinstance(found, dict):
        return None
    known = (
        isinstance(found.get("code"), str)
        and isinstance(found.get("message"), str)
        and isinstance(found.get("retryable"), bool)
    )
    return found if known else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
